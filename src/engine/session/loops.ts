/** Whether a loop runs once more, ends, or cannot go on by itself. */
import type { Blocker, LoopTurn, StepOutput } from "../../record/index.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { describe, evaluateCondition, type Evaluation, type LoopStep, lookUp } from "../../workflow/index.ts";

export const LOOP_CONTROL = "wr.contracts.loop_control";

export type LoopDecision =
  | { readonly kind: "run"; readonly items?: readonly Json[]; readonly reason: string; readonly evaluation: Evaluation | null }
  | { readonly kind: "leave"; readonly reason: string; readonly evaluation: Evaluation | null }
  /** What the loop runs over has the wrong shape. */
  | { readonly kind: "misshapen"; readonly blocker: Blocker }
  /** Work is left, but the author's limit is reached. */
  | { readonly kind: "limit"; readonly blocker: Blocker };

/** A value by the name or dotted path an author wrote. */
export function valueAt(path: string, values: JsonObject): Json | undefined {
  if (Object.hasOwn(values, path)) return values[path];
  const found = lookUp(path.split("."), values);
  return found.found ? found.value : undefined;
}

/** Before the first iteration. */
export function enterLoop(step: LoopStep, values: JsonObject): LoopDecision {
  const { loop } = step;
  switch (loop.type) {
    case "while":
    case "until":
      return loop.decidedBy === "artifact" ? { kind: "run", reason: "the first iteration; loop control decides on the next", evaluation: null } : byCondition(step, values);
    case "for": {
      const count = countOf(step, values);
      if (typeof count !== "number") return { kind: "misshapen", blocker: count };
      return count < 1 ? { kind: "leave", reason: "the count is 0", evaluation: null } : { kind: "run", reason: `iteration 1 of ${count}`, evaluation: null };
    }
    case "forEach": {
      const items = itemsOf(step, values);
      if (!Array.isArray(items)) return { kind: "misshapen", blocker: items };
      return items.length === 0 ? { kind: "leave", reason: "the list is empty", evaluation: null } : { kind: "run", items, reason: `item 1 of ${items.length}`, evaluation: null };
    }
    default:
      return unreachable(loop.type);
  }
}

/** After an iteration. */
export function nextTurn(step: LoopStep, turn: LoopTurn, values: JsonObject): LoopDecision {
  const { loop } = step;
  if (turn.control === "stop") return { kind: "leave", reason: "loop control said stop", evaluation: null };
  const wanted = wantsMore(step, turn, values);
  if (wanted.kind !== "run" || turn.iteration < loop.maxIterations) return wanted;
  const left = loop.type === "forEach" ? `${(wanted.items ?? turn.items ?? []).length - turn.iteration} of its items are left` : "it would go on";
  return {
    kind: "limit",
    blocker: {
      code: "loop-limit",
      message: `The loop "${step.title}" has run ${turn.iteration} times, which is its limit, and ${left}.`,
      fix: `If the work is done, or what is left may be left, hand over ${LOOP_CONTROL} with decision "stop" and the reason. Otherwise go back to an earlier step, or raise maxIterations in the workflow.`,
    },
  };
}

function wantsMore(step: LoopStep, turn: LoopTurn, values: JsonObject): LoopDecision {
  const { loop } = step;
  switch (loop.type) {
    case "while":
    case "until":
      if (loop.decidedBy === "artifact" && (turn.control === "continue" || loop.condition === null)) {
        return { kind: "run", reason: turn.control === "continue" ? "loop control said continue" : "no loop control was handed over", evaluation: null };
      }
      return byCondition(step, values);
    case "for": {
      const count = countOf(step, values);
      if (typeof count !== "number") return { kind: "misshapen", blocker: count };
      return turn.iteration >= count ? { kind: "leave", reason: `all ${count} iterations ran`, evaluation: null } : { kind: "run", reason: `iteration ${turn.iteration + 1} of ${count}`, evaluation: null };
    }
    case "forEach": {
      const items = grown(turn.items ?? [], loop.items === null ? undefined : valueAt(loop.items, values));
      if (turn.iteration >= items.length) return { kind: "leave", reason: `all ${items.length} items were taken`, evaluation: null };
      return { kind: "run", reason: `item ${turn.iteration + 1} of ${items.length}`, evaluation: null, ...(items === turn.items ? {} : { items }) };
    }
    default:
      return unreachable(loop.type);
  }
}

/** The pinned list, and what was put to the end of it since. */
function grown(pinned: readonly Json[], live: Json | undefined): readonly Json[] {
  return Array.isArray(live) && live.length > pinned.length ? [...pinned, ...live.slice(pinned.length)] : pinned;
}

function byCondition(step: LoopStep, values: JsonObject): LoopDecision {
  const { loop } = step;
  if (loop.condition === null) return { kind: "leave", reason: "the loop has no condition", evaluation: null };
  const evaluation = evaluateCondition(loop.condition, values);
  const runs = loop.type === "until" ? !evaluation.holds : evaluation.holds;
  return { kind: runs ? "run" : "leave", reason: `it runs ${loop.type} that holds`, evaluation };
}

/** How often the loop runs if nobody stops it; null where nobody knows yet. */
export function totalOf(step: LoopStep, turn: LoopTurn, values: JsonObject): number | null {
  if (step.loop.type !== "for") return turn.items?.length ?? null;
  const count = countOf(step, values);
  return typeof count === "number" ? count : null;
}

function countOf(step: LoopStep, values: JsonObject): number | Blocker {
  const { count } = step.loop;
  if (typeof count === "number") return Math.floor(count);
  const value = count === null ? undefined : valueAt(count, values);
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number) && number >= 0) return Math.floor(number);
  return misshapen(step, count ?? "count", "a number from 0 up", value);
}

function itemsOf(step: LoopStep, values: JsonObject): Json[] | Blocker {
  const name = step.loop.items ?? "items";
  const value = valueAt(name, values);
  return Array.isArray(value) ? value : misshapen(step, name, "a list", value);
}

export const misshapen = (step: { readonly title: string }, name: string, wanted: string, value: Json | undefined): Blocker => ({
  code: "loop-wrong-shape",
  message: `The loop "${step.title}" needs \`${name}\` to be ${wanted}, but it is ${value === undefined ? "not set" : describe(value)}.`,
  fix: `Send \`${name}\` in the context as ${wanted}.`,
});

/** The loop control among what was handed over. */
function controlIn(output: StepOutput | null): { readonly decision: "continue" | "stop"; readonly named: string | null } | null {
  const control = output?.artifacts.find((artifact) => artifact.contractRef === LOOP_CONTROL)?.value;
  if (control === undefined || control === null || typeof control !== "object" || Array.isArray(control)) return null;
  const { decision, loopId } = control;
  return decision === "stop" || decision === "continue" ? { decision, named: typeof loopId === "string" ? loopId : null } : null;
}

/** Whether the step before a loop said that it is not to begin: by the loop's name, or unnamed from outside any loop. */
export function stoppedBefore(step: LoopStep, before: { readonly loops: readonly LoopTurn[]; readonly output: StepOutput | null } | null): boolean {
  const control = step.loop.decidedBy === "artifact" && before !== null ? controlIn(before.output) : null;
  if (control === null || before === null || control.decision === "continue") return false;
  return control.named === null ? before.loops.length === 0 : answersTo([step], step.id, control.named);
}

/** The turns as they stand once the node's own loop control is counted in. */
export function turnsAfter(loops: readonly LoopTurn[], around: readonly LoopStep[], output: StepOutput | null): readonly LoopTurn[] {
  const control = controlIn(output);
  if (control === null) return loops;
  const { decision, named } = control;
  const at = named === null ? -1 : loops.findIndex((turn) => answersTo(around, turn.loopId, named));
  const target = at === -1 ? loops.length - 1 : at;
  return loops.map((turn, index) => (index === target ? { ...turn, control: decision } : turn));
}

const answersTo = (around: readonly LoopStep[], loopId: string, name: string): boolean => loopId === name || around.some((step) => step.id === loopId && (step.loop.loopId === name || step.id.endsWith(`.${name}`)));

/** Names by which a loop control may speak of the loops around a step. */
export const loopNames = (around: readonly LoopStep[]): readonly string[] => around.flatMap((step) => [step.id, ...(step.loop.loopId === null ? [] : [step.loop.loopId])]);

export const isKnownLoop = (around: readonly LoopStep[], name: string): boolean => around.some((step) => answersTo(around, step.id, name));

/** The loop variables, inner loops over outer ones. */
export function scopeOf(around: readonly LoopStep[], turns: readonly LoopTurn[]): JsonObject {
  const scope: JsonObject = {};
  for (const turn of turns) {
    const loop = around.find((step) => step.id === turn.loopId)?.loop;
    if (loop === undefined) continue;
    scope[loop.iterationVar] = turn.iteration;
    if (loop.type !== "forEach") continue;
    scope[loop.indexVar] = turn.iteration - 1;
    scope[loop.itemVar] = turn.items?.[turn.iteration - 1] ?? null;
  }
  return scope;
}
