/** Extension points: what a slot of a workflow is bound to in this repository. */
import { z } from "zod";
import { err, ok, type Result } from "../shared/result.ts";
import type { Fault } from "../shared/fault.ts";
import type { Json } from "../shared/json.ts";
import { readDocument, toldFaults } from "./document.ts";
import type { Issue, Path } from "./issue.ts";

/** Slot to routine or workflow, for every workflow (`*`) or for one by its id. */
export type Bindings = ReadonlyMap<string, ReadonlyMap<string, string>>;

const slotsSchema = z.record(z.string(), z.string().min(1).max(128));
const bindingsSchema = z.record(z.string(), z.union([z.string().min(1).max(128), slotsSchema], { error: "Expected the id of a routine or workflow, or {slot: id} under a workflow's id" }));

/** Reads the text of `.worktrain/bindings.json` or `.workrail/bindings.json`: `{slot: id}` or `{workflow id: {slot: id}}`. */
export function parseBindings(text: string, file: string): Result<Bindings, readonly Fault[]> {
  const document = readDocument(text, file);
  if (!document.ok) return document;
  if (document.value.issues.length > 0) return err(toldFaults(document.value.issues, document.value.locate));
  const parsed = bindingsSchema.safeParse(document.value.value);
  if (!parsed.success) {
    return err(parsed.error.issues.map((issue) => document.value.locate({ path: issue.path.filter((part) => typeof part !== "symbol"), message: `${issue.message}.`, fix: "Write it like {\"slot\": \"wr.routine-name\"}." })));
  }
  const bindings = new Map<string, Map<string, string>>();
  const put = (workflow: string, slot: string, id: string) => bindings.set(workflow, (bindings.get(workflow) ?? new Map<string, string>()).set(slot, id));
  for (const [key, value] of Object.entries(parsed.data)) {
    if (typeof value === "string") put("*", key, value);
    else for (const [slot, id] of Object.entries(value)) put(key, slot, id);
  }
  return ok(bindings);
}

/** Both together: of a slot that both bind the first one's counts, also when the second binds it for one workflow alone. */
export function bindingsOver(first: Bindings, second: Bindings): Bindings {
  const all = new Map([...first].map(([workflow, slots]) => [workflow, new Map(slots)]));
  for (const [workflow, slots] of second) {
    const own = all.get(workflow) ?? new Map<string, string>();
    for (const [slot, id] of slots) if (!own.has(slot) && first.get("*")?.has(slot) !== true) own.set(slot, id);
    all.set(workflow, own);
  }
  return all;
}

export interface Slot {
  readonly slotId: string;
  readonly purpose: string;
  readonly boundTo: string;
}

/** What each declared slot comes to: the repository's binding for this workflow, the one for all, else its default. */
export function resolveSlots(workflowId: string, points: readonly { readonly slotId: string; readonly purpose: string; readonly default: string }[], bindings: Bindings | undefined): readonly Slot[] {
  return points.map(({ slotId, purpose, default: fallback }) => ({ slotId, purpose, boundTo: bindings?.get(workflowId)?.get(slotId) ?? bindings?.get("*")?.get(slotId) ?? fallback }));
}

const TOKEN = /\{\{\s*wr\.([^}]*?)\s*\}\}/g;

/** The steps with every `{{wr.bindings.slot}}` replaced; what else begins with `wr.` is an issue. */
export function bindSlots(value: Json, path: Path, slots: readonly Slot[], issues: Issue[]): Json {
  if (typeof value === "string") {
    if (!value.includes("{{")) return value;
    return value.replace(TOKEN, (whole, name: string) => {
      const slot = name.startsWith("bindings.") ? slots.find((each) => each.slotId === name.slice("bindings.".length)) : undefined;
      if (slot !== undefined) return slot.boundTo;
      issues.push({ path, message: `${whole} is not a declared extension point.`, fix: slots.length === 0 ? "Declare the slot under `extensionPoints`." : `Use one of: ${slots.map((each) => `{{wr.bindings.${each.slotId}}}`).join(", ")}.` });
      return whole;
    });
  }
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item, index) => bindSlots(item, [...path, index], slots, issues));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, bindSlots(member, [...path, key], slots, issues)]));
}
