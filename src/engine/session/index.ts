export * from "./decide.ts";
export * from "./evolve.ts";
export * from "./offer.ts";
export type { Requirement } from "./requirements.ts";
export * from "./state.ts";
export { valueProblem } from "../../shared/value-problem.ts";
