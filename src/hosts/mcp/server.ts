/** MCP over stdio. What a client can do wrong comes back as a tool result that says how to mend it, never as a protocol error. */
import { Server } from "@modelcontextprotocol/server";
import * as z from "zod";
import { ok } from "../../shared/result.ts";
import { closestName } from "../../shared/closest-name.ts";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import { valueProblem } from "../../shared/value-problem.ts";
import { acceptedInput } from "./accepted-input.ts";
import type { ToolAnswer } from "./shapes.ts";
import { tools, type McpTool } from "./tools.ts";
import type { McpWorld } from "./world.ts";

const INSTRUCTIONS =
  "WorkTrain runs workflows that code enforces. Call list_workflows, then start_workflow; work on the step it gives; hand over with continue_workflow and the continueToken of the last answer. `requires` says with JSON Schema what a step wants. A step is done when its output validates.";

/** The server of one world, not yet connected. */
export function createServer(world: McpWorld, version: string): Server {
  const server = new Server({ name: "worktrain", title: "WorkTrain", version }, { capabilities: { tools: {} }, instructions: INSTRUCTIONS });
  server.setRequestHandler("tools/list", async () => ({ tools: await Promise.all(tools.map(describeTool)) }));
  server.setRequestHandler("tools/call", async ({ params }) => {
    const { text, data, isError } = await call(world, params.name, params.arguments ?? {});
    return { content: [{ type: "text", text }], structuredContent: { ...data }, ...(isError ? { isError } : {}) };
  });
  return server;
}

async function describeTool({ name, title, description, annotations, input, output }: McpTool) {
  return { name, title, description, annotations: { title, ...annotations }, inputSchema: objectSchema(input), outputSchema: objectSchema(await output()) };
}

function objectSchema(schema: z.ZodType): { type: "object"; [keyword: string]: unknown } {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return { ...rest, type: "object" };
}

/** Tools of WorkRail, of this version or an earlier one, that have another name here or none. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  manage_workflow_source: "Start `worktrain mcp` with --source DIR, or put the files under .worktrain/workflows of the repository.",
  workflow_list: "Call list_workflows.",
  workflow_inspect: "Call inspect_workflow.",
  workflow_get: "Call inspect_workflow.",
  workflow_start: "Call start_workflow.",
  workflow_next: "Call continue_workflow.",
  workflow_advance: "Call continue_workflow.",
  workflow_checkpoint: "Call checkpoint_workflow.",
  workflow_validate: "Run `worktrain validate FILE` in a shell.",
};

function unknownTool(name: string): ToolAnswer {
  const near = closestName(name, tools.map((each) => each.name));
  const fix = Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : near === null ? undefined : `Did you mean ${near}?`;
  return refused("unknown-tool", `There is no tool ${JSON.stringify(name)}.`, fix ?? "Ask for the list of tools.");
}

async function call(world: McpWorld, name: string, sent: unknown): Promise<ToolAnswer> {
  const tool = tools.find((each) => each.name === name);
  if (tool === undefined) return unknownTool(name);
  const deep = valueProblem(sent);
  const accepted = deep === null ? acceptedInput(name, sent) : ok(sent);
  if (!accepted.ok) return refused(accepted.error.kind, accepted.error.message, accepted.error.fix);
  // Once more: JSON text has become values.
  const problem = deep ?? valueProblem(accepted.value);
  if (problem !== null) return refused("malformed-input", `The arguments hold ${problem}.`, "Send plain JSON with ordinary keys.");
  const input = tool.input.safeParse(accepted.value);
  if (!input.success) return refused("malformed-input", `The arguments of ${name} do not fit: ${problems(input.error)}.`, "Correct them and call again; nothing was changed.");
  try {
    return await tool.run(world, input.data);
  } catch (error) {
    if (error instanceof TerminalError) return refused("failed", error.message, error.fix);
    if (error instanceof RetryableError) return refused("failed", error.message, "Try again later.");
    return refused("failed", error instanceof Error ? error.message : String(error), "This may be a bug in WorkTrain; please report it with what you called.");
  }
}

const problems = (error: z.ZodError): string => error.issues.map((issue) => `${issue.path.length === 0 ? "" : `${issue.path.map(String).join(".")}: `}${issue.message}`).join("; ");

const refused = (code: string, message: string, fix: string): ToolAnswer => ({
  text: `Refused; nothing was changed.\n- ${message} ${fix}`,
  data: { sessionId: "", workflowId: "", status: "refused", requires: [], blockers: [{ code, message, fix }] },
  isError: true,
});
