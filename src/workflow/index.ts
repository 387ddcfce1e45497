export * from "./catalogue.ts";
export * from "./compile.ts";
export { type Condition, evaluateCondition, type Evaluation } from "./condition.ts";
export * from "./contracts.ts";
export type { Fault } from "../shared/fault.ts";
export { type JsonSchema, jsonSchemaOf, zodOf } from "./json-schema.ts";
export * from "./plan.ts";
export { fence, renderCommand, renderPrompt } from "./template.ts";
