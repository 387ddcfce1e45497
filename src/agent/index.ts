export { spentBy, type AgentBudget, type SessionSpend } from "./budget.ts";
export { costMicroUsd, tokensOf } from "./prices.ts";
export { runAgent, type AgentEnd, type AgentLog, type AgentOptions, type AgentProgress } from "./run-agent.ts";
export { workspaceTools } from "./tools/workspace-tools.ts";
export type { Tool, ToolContext, ToolResult } from "./tool.ts";
export type { AgentEndpoint } from "./turn.ts";
