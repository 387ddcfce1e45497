import type { JsonObject } from "../../shared/json.ts";
import { evaluateCondition, type Evaluation, type StandardStep } from "../../workflow/index.ts";
import type { SessionNode } from "./state.ts";

export interface JumpLook {
  readonly evaluation: Evaluation;
  /** Jumps the step has taken on this branch. */
  readonly taken: number;
  /** Why it jumps no more although its condition holds; null when it may, or has no reason to. */
  readonly limit: string | null;
}

/** Whether a step's `jumpIf` holds once its work is done; null for a step without one. */
export function lookAtJump(step: StandardStep, node: SessionNode, values: JsonObject): JumpLook | null {
  if (step.jump === null) return null;
  const { condition, target, maxJumps } = step.jump;
  const evaluation = evaluateCondition(condition, values);
  const taken = node.jumps[step.id] ?? 0;
  const over = evaluation.holds && taken >= maxJumps;
  return { evaluation, taken, limit: over ? `The step "${step.id}" would jump to "${target}" again, but has jumped ${taken} times, which is its limit.` : null };
}
