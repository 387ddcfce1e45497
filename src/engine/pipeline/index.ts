export type { ItemAction, Look } from "./action.ts";
export { missingWords } from "./before-work.ts";
export { CONTRACT, keepsFiles, PIPELINE } from "./course.ts";
export { readSubTasks, type SubTask } from "./decomposition.ts";
export { endingOfParked, fixOf } from "./failures.ts";
export { type ExplainedItem, type ExplainedStep, explainItem, explainModes, type Explanation } from "./explain.ts";
export { possibleRuns, type RunCount } from "./possible-runs.ts";
export { next } from "./next.ts";
export { artifactOf, evolveItem, foldItem, isEscalated, type IntakeCheck, type ItemSession, type ItemState, type Question, questionGate, type SessionResult } from "./state.ts";
