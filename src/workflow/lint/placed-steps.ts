/** The steps of a plan with their places in the file they were compiled from. */
import { canonicalJson, type Json, type JsonObject } from "../../shared/json.ts";
import type { Path } from "../issue.ts";
import type { LoopStep, Plan, PlanStep } from "../plan.ts";

/** A step with its place; loops stand before their body. */
export interface PlacedStep {
  readonly step: PlanStep;
  /** In the order steps are listed, loop bodies included. */
  readonly index: number;
  /** Its place in the file; of a step that a routine put there, the place of the call. */
  readonly path: Path;
  /** The step as it was written, or the call. */
  readonly raw: JsonObject;
  /** The loops around it, outermost first. */
  readonly around: readonly LoopStep[];
  /** Written in this file. What a routine put there, and an audit, is judged where it was written. */
  readonly own: boolean;
}

export function placedSteps(plan: Plan, root: JsonObject): readonly PlacedStep[] {
  const written = writtenSteps(root);
  const found: PlacedStep[] = [];
  const walk = (steps: readonly PlanStep[], around: readonly LoopStep[]): void => {
    for (const step of steps) {
      const place = written.get(step.id) ?? written.get(step.id.split(".")[0] ?? "");
      const own = step.origin.routine === null && !(step.kind === "standard" && step.audits !== null) && step.kind !== "confirm";
      found.push({ step, index: found.length, path: place?.path ?? ["steps"], raw: place?.raw ?? {}, around, own });
      if (step.kind === "loop") walk(step.body, [...around, step]);
    }
  };
  walk(plan.steps, []);
  return found;
}

export const isMapping = (value: Json | undefined): value is JsonObject => value !== null && typeof value === "object" && !Array.isArray(value);

/** Every step of the file by its id. */
function writtenSteps(root: JsonObject): ReadonlyMap<string, { readonly path: Path; readonly raw: JsonObject }> {
  const found = new Map<string, { path: Path; raw: JsonObject }>();
  const walk = (value: Json | undefined, path: Path): void => {
    if (Array.isArray(value)) return value.forEach((item, index) => walk(item, [...path, index]));
    if (!isMapping(value)) return;
    if (typeof value["id"] === "string" && !found.has(value["id"])) found.set(value["id"], { path, raw: value });
    if (Array.isArray(value["body"])) walk(value["body"], [...path, "body"]);
    if (value["type"] === "todoList") walk(value["produces"], [...path, "produces"]);
  };
  walk(root["steps"], ["steps"]);
  return found;
}

/** The place of the first text below a value that a test finds something in; the value's own place when there is none. */
export const placeOf = (value: Json, path: Path, test: (text: string) => boolean): Path => search(value, path, (at) => typeof at === "string" && test(at)) ?? path;

/** The place of a part that is written below a value; the value's own place when it stands elsewhere. */
export function placeOfPart(value: Json, path: Path, part: Json): Path {
  const wanted = canonicalJson(part);
  return search(value, path, (at) => isMapping(at) && canonicalJson(at) === wanted) ?? path;
}

/** The steps of a body have places of their own. */
function search(at: Json, path: Path, test: (at: Json) => boolean): Path | null {
  if (test(at)) return path;
  const members: readonly (readonly [string | number, Json])[] = Array.isArray(at) ? at.map((item, index) => [index, item]) : isMapping(at) ? Object.entries(at).filter(([key]) => key !== "body") : [];
  for (const [key, member] of members) {
    const found = search(member, [...path, key], test);
    if (found !== null) return found;
  }
  return null;
}
