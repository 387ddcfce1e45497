export { valueProblem } from "../../shared/value-problem.ts";
export { conclusionOf } from "./conclusion.ts";
export * from "./decide.ts";
export * from "./evolve.ts";
export type { GatherAnswer } from "./gather.ts";
export * from "./offer.ts";
export type { Requirement } from "./requirements.ts";
export { type Snapshot, snapshotOf, stateOf } from "./snapshot.ts";
export * from "./state.ts";
