export type { AnswerBlock, MessageAnswer, ModelAnswer, StopReason } from "./answer.ts";
export { playScenario, type PlayedResult, type Scenario, type Turn, type View } from "./player.ts";
export type { MessagesRequest } from "./request-schema.ts";
export { startModelServer, type ModelServer, type ModelServerOptions, type SeenRequest } from "./server.ts";
