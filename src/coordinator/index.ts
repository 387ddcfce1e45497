export type { Boundary, CoordinatorDeps, ItemBudget, ItemProgress } from "./deps.ts";
export { runItem, spentByItem, type ItemResult, type OpenItem, type OpenRun } from "./run-item.ts";
export { tokensOf } from "./spent.ts";
