import { both } from "./compile-step.ts";
import type { ConfirmStep, LoopStep, StandardStep } from "./plan.ts";

/** A gate behind a step that cannot carry one itself; it is passed over when that step did nothing. */
export const confirmAfter = (base: Pick<LoopStep, "id" | "title" | "runCondition" | "origin">, confirmation: StandardStep["confirmation"], after: string): readonly ConfirmStep[] =>
  confirmation === null ? [] : [{ kind: "confirm", ...base, id: `${base.id}.confirm`, runCondition: both(base.runCondition, confirmation.condition), confirmation, after, closes: null }];
