export type { Boundary, CoordinatorDeps, ItemBudget, ItemProgress } from "./deps.ts";
export { loadLibrary } from "./library.ts";
export { progressLine } from "./progress-line.ts";
export { runItem, type ItemResult, type OpenItem, type OpenRun } from "./run-item.ts";
