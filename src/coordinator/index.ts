export { answerItem, type InterpretationAnswer } from "./answer-item.ts";
export type { Boundary, CoordinatorDeps, Estimate, ItemBudget, ItemProgress, ModelTier, Saving } from "./deps.ts";
export { estimateItem, estimateWords } from "./estimate.ts";
export { VERIFICATION_TIMEOUT } from "./seat.ts";
export { readRules, type Layer, type Prompt } from "./prompt/index.ts";
export { compileLibrary, libraryTexts, loadLibrary, pipelineFault } from "./library.ts";
export { progressLine } from "./progress-line.ts";
export { runItem, type ItemResult, type OpenItem, type OpenRun } from "./run-item.ts";
export { spentByItem } from "./spent.ts";
