/** A step's output as clients send it: WorkRail's field names, and artifacts in the forms its users write them in. */
import { z } from "zod";
import type { Requirement } from "../../engine/session/index.ts";
import { contextSchema, type StepOutput } from "../../record/index.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { isBuiltInContract } from "../../workflow/index.ts";

const jsonObject = z.record(z.string(), z.json());

export const sentOutputSchema = z.object({
  notesMarkdown: z.string().default("").describe("What was done and found in this step, in Markdown."),
  artifacts: z
    .array(jsonObject)
    .default([])
    .describe('Typed results: {"ref": "<ref of the requirement>", "value": {...}}. {"kind": "<ref>", ...fields of the value} is understood too.'),
  context: contextSchema.default({}).describe("Context values, by key."),
});
export type SentOutput = z.infer<typeof sentOutputSchema>;

const ASSESSMENT = "wr.contracts.assessment";

/** The output as the record has it. An artifact that names no contract is taken for the only one the step asks for. */
export function stepOutput(sent: SentOutput, requires: readonly Requirement[]): StepOutput {
  return { notes: sent.notesMarkdown, artifacts: sent.artifacts.map((artifact) => artifactOf(artifact, requires)), context: sent.context };
}

function artifactOf(sent: JsonObject, requires: readonly Requirement[]): StepOutput["artifacts"][number] {
  const { kind, ref, contractRef, value, ...fields } = sent;
  const wrapped = Object.hasOwn(sent, "value") && Object.keys(fields).length === 0;
  const named = text(contractRef) ?? text(ref) ?? (kind === "artifact" || kind === "assessment" ? null : text(kind));
  const asked = requires.flatMap((requirement) => ("ref" in requirement ? [requirement.ref] : []));
  const name = named ?? (asked.length === 1 ? (asked[0] ?? "") : "");
  // What a named artifact holds beside its name is its payload; without a name everything is.
  const payload = wrapped ? (value ?? null) : named === null ? sent : { ...fields, ...(value === undefined ? {} : { value }) };
  if (requires.some((requirement) => requirement.kind === "assessment" && requirement.ref === name)) return { contractRef: ASSESSMENT, value: assessment(name, payload) };
  return { contractRef: fullName(name), value: payload };
}

const text = (value: Json | undefined): string | null => (typeof value === "string" ? value : null);

function assessment(id: string, payload: Json): Json {
  return payload !== null && typeof payload === "object" && !Array.isArray(payload) ? { assessmentId: id, ...payload } : payload;
}

/** WorkRail writes `wr.loop_control` for `wr.contracts.loop_control`. */
function fullName(name: string): string {
  const full = name.replace(/^wr\.(?!contracts\.)/, "wr.contracts.");
  return isBuiltInContract(full) ? full : name;
}
