export type { AgentBudget, Limits } from "./budget.ts";
export { countTokens } from "./count-tokens.ts";
export { openBudgetPool, type BudgetPool } from "./pool.ts";
export { costMicroUsd, tokensOf } from "./prices.ts";
export { runAgent, type AgentEnd, type AgentLog, type AgentOptions, type AgentProgress, type Steer } from "./run-agent.ts";
export { spentBy, type SessionSpend } from "./spent.ts";
export { workspaceTools } from "./tools/workspace-tools.ts";
export type { Tool, ToolContext, ToolResult } from "./tool.ts";
export type { AgentEndpoint } from "./turn.ts";
