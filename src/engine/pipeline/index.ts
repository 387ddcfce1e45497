export type { ItemAction } from "./action.ts";
export { CONTRACT, keepsFiles, PIPELINE } from "./course.ts";
export { endingOfParked, fixOf } from "./failures.ts";
export { type ExplainedItem, type ExplainedStep, explainItem, explainModes, type Explanation } from "./explain.ts";
export { besideBase, exitWords, isGreen, isRed } from "./host-checks.ts";
export { confirmation } from "./modes.ts";
export { possibleRuns, type RunCount } from "./possible-runs.ts";
export { next } from "./next.ts";
export { artifactOf, evolveItem, foldItem, interpretationGate, isEscalated, type BaseTested, type FindingChecked, type ItemOpening, type ItemSession, type ItemState, type SessionResult } from "./state.ts";
