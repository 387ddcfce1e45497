/** The official MCP client on a server process of its own, and a driver that knows of a workflow only what answers say. */
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { z } from "zod";
import { answerSchema, type Answer } from "../../src/session/stored/index.ts";
import { unreachable } from "../../src/shared/unreachable.ts";
import type { JsonObject } from "../../src/shared/json.ts";
import { fillIn } from "./drive-session.ts";
import { PROGRAM_ENVIRONMENT } from "./program-environment.ts";

const ROOT = join(import.meta.dirname, "..", "..");

export interface McpServerOptions {
  readonly data: string;
  readonly cwd?: string;
  readonly args?: readonly string[];
  /** Beside PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of `node` up to `mcp`; default: the sources. */
  readonly program?: readonly string[];
}

export interface ToolResult {
  readonly data: JsonObject;
  readonly text: string;
  readonly isError: boolean;
}

export interface McpProcess {
  readonly client: Client;
  tool(name: string, args: JsonObject): Promise<ToolResult>;
  /** Calls a session tool; its answer has the published shape. */
  session(name: string, args: JsonObject): Promise<Answer>;
  close(): Promise<void>;
}

const resultSchema = z.looseObject({ content: z.array(z.looseObject({ text: z.string() })), structuredContent: z.record(z.string(), z.json()), isError: z.boolean().optional() });

export async function startMcp({ data, cwd = data, args = ["--sandbox", "weak"], env = {}, program = [join(ROOT, "src/hosts/cli/main.ts")] }: McpServerOptions): Promise<McpProcess> {
  const client = new Client({ name: "worktrain-test", version: "1.0.0" });
  const transport = new StdioClientTransport({ command: process.execPath, args: [...program, "mcp", "--data", data, ...args], cwd, env: { ...PROGRAM_ENVIRONMENT, HOME: data, ...env }, stderr: "pipe" });
  await client.connect(transport);
  const tool = async (name: string, sent: JsonObject): Promise<ToolResult> => {
    const { content, structuredContent, isError = false } = resultSchema.parse(await client.callTool({ name, arguments: sent }));
    return { data: structuredContent, text: content.map((part) => part.text).join("\n"), isError };
  };
  return {
    client,
    tool,
    session: async (name, sent) => answerSchema.strict().parse((await tool(name, sent)).data),
    close: () => client.close(),
  };
}

/** What is handed over for an answer, filled in from its schemas. @param pick which of an enum's values */
export function fill({ requires }: Answer, pick = 0): JsonObject {
  const notes = requires.find(({ kind }) => kind === "notes");
  const artifacts = requires
    .filter(({ kind }) => kind === "artifact" || kind === "assessment")
    .map(({ ref = "", schema }) => ({ ref, value: ref === "wr.contracts.loop_control" ? { decision: "stop" } : fillIn(schema, pick) }));
  const context = Object.fromEntries(requires.filter(({ kind }) => kind === "context").map(({ ref = "", schema }) => [ref, fillIn(schema, pick)]));
  return { output: { notesMarkdown: notes === undefined ? "" : fillIn(notes.schema), artifacts }, context };
}

/** Goes on until the session is over, its children first. @returns the last answer and the steps that were offered */
export async function driveMcp(server: McpProcess, first: Answer): Promise<{ readonly last: Answer; readonly steps: readonly string[] }> {
  const steps: string[] = [];
  let answer = first;
  let pick = 0;
  for (let turn = 0; turn < 100 && answer.status !== "complete"; turn += 1) {
    const continueToken = answer.continueToken ?? "";
    switch (answer.status) {
      case "step":
      case "blocked":
        pick = answer.status === "blocked" ? pick + 1 : 0;
        steps.push(answer.step?.id ?? "");
        answer = await server.session("continue_workflow", { continueToken, ...fill(answer, pick) });
        break;
      case "gate":
        answer = await server.session("continue_workflow", { continueToken, gate: { verdict: "approved", reason: "It is good." } });
        break;
      case "waiting":
        for (const child of answer.pending ?? []) {
          if (child.kind !== "child") continue;
          const begun = await server.session("continue_workflow", { continueToken: child.continueToken ?? "", intent: "rehydrate" });
          steps.push(...(await driveMcp(server, begun)).steps);
        }
        answer = await server.session("continue_workflow", { continueToken });
        break;
      case "refused":
        throw new Error(`Refused: ${JSON.stringify(answer.blockers)}`);
      default:
        return unreachable(answer.status);
    }
  }
  return { last: answer, steps };
}
