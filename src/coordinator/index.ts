export type { Boundary, CoordinatorDeps, ItemBudget, ItemProgress, ModelTier } from "./deps.ts";
export { estimateItem, estimateWords, type Estimate } from "./estimate.ts";
export { readRules, type Layer, type Prompt } from "./prompt/index.ts";
export { loadLibrary, pipelineFault } from "./library.ts";
export { progressLine } from "./progress-line.ts";
export { runItem, type ItemResult, type OpenItem, type OpenRun } from "./run-item.ts";
