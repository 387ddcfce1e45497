import { existsSync, statSync } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import type { z } from "zod";
import { bindingsFaults, findWorkflow } from "../../library/index.ts";
import { answerText, refusal, type Answer, type Input } from "../../session/stored/index.ts";
import type { Refusal } from "../../shared/errors.ts";
import { workflowName } from "./library-tools.ts";
import { placesOf } from "./places.ts";
import type { checkpointInput, continueInput, resumeInput, startInput, ToolAnswer } from "./shapes.ts";
import type { McpWorld } from "./world.ts";

export async function start(world: McpWorld, input: z.infer<typeof startInput>): Promise<ToolAnswer> {
  const about = { sessionId: "", workflowId: input.workflowId ?? "" };
  const misplaced = workspaceRefusal(input.workspacePath);
  if (misplaced !== null) return toolAnswer(refusal(about, misplaced));
  const [fault] = bindingsFaults(input.workspacePath);
  if (fault !== undefined) return toolAnswer(refusal(about, { kind: "invalid-bindings", message: `${fault.file}:${fault.line}:${fault.column}: ${fault.message}`, fix: fault.fix }));
  const name = workflowName(input);
  const found = name.ok ? findWorkflow(placesOf(world, input.workspacePath), name.value) : name;
  if (!found.ok) return toolAnswer(refusal(about, found.error));
  const sessions = await world.sessions();
  const { goal, context = {}, workspacePath, autonomy, riskPolicy } = input;
  const workflowFolder = input.workflowPath === undefined ? null : dirname(found.value.file);
  return toolAnswer(await sessions.start({ plan: found.value.plan, goal, context, workspacePath, workflowFolder, autonomy, riskPolicy }));
}

export async function goOn(world: McpWorld, input: z.infer<typeof continueInput>): Promise<ToolAnswer> {
  const unmeant = unmeantRefusal(input);
  if (unmeant !== null) return toolAnswer(refusal({ sessionId: "", workflowId: "", continueToken: input.continueToken }, unmeant));
  const sessions = await world.sessions();
  const address = { token: input.continueToken };
  return toolAnswer(input.intent === "rewind" ? await sessions.rewind(address) : await sessions.go(address, meaning(input)));
}

/** What is sent and would be passed over in silence. */
function unmeantRefusal({ intent = "advance", output, gate }: z.infer<typeof continueInput>): Refusal<"malformed-input"> | null {
  if (intent !== "advance" && (output !== undefined || gate !== undefined)) {
    return { kind: "malformed-input", message: `The intent ${intent} hands nothing over, but \`${output === undefined ? "gate" : "output"}\` was sent.`, fix: "Leave it out, or send it with intent advance." };
  }
  if (output === undefined || gate === undefined) return null;
  return { kind: "malformed-input", message: "`output` and `gate` were sent together.", fix: "Send `gate` at a gate, `output` at a step." };
}

function meaning({ intent, output, context, gate }: z.infer<typeof continueInput>): Input {
  if (intent === "rehydrate") return { kind: "rehydrate" };
  if (gate !== undefined) return { kind: "gate", answer: { ...gate, by: "mcp" } };
  if (intent === undefined && output === undefined && context === undefined) return { kind: "await" };
  return { kind: "submit", output: { notesMarkdown: output?.notesMarkdown ?? "", artifacts: output?.artifacts ?? [], context: context ?? {} } };
}

export async function checkpoint(world: McpWorld, input: z.infer<typeof checkpointInput>): Promise<ToolAnswer> {
  const sessions = await world.sessions();
  return toolAnswer(await sessions.checkpoint({ checkpointToken: input.checkpointToken }));
}

export async function resume(world: McpWorld, { sessionId, query, workspacePath }: z.infer<typeof resumeInput>): Promise<ToolAnswer> {
  const sessions = await world.sessions();
  if (sessionId !== undefined) return toolAnswer(await sessions.go({ sessionId }, { kind: "rehydrate" }));
  const found = await sessions.openSessions(query ?? "", workspacePath ?? null);
  const [first, ...others] = found;
  if (first === undefined) {
    const why = { kind: "no-such-session", message: `No open session${query === undefined ? "" : ` speaks of ${JSON.stringify(query)}`}.`, fix: "Use other words, leave workspacePath out, or start a session." };
    return toolAnswer(refusal({ sessionId: "", workflowId: "" }, why));
  }
  const answer = toolAnswer(await sessions.go({ sessionId: first.sessionId }, { kind: "rehydrate" }));
  if (others.length === 0) return answer;
  return { ...answer, text: `${answer.text}\n\nOther open sessions that fit:\n${others.map((card) => `- ${card.sessionId} (${card.workflowId}, ${card.startedAt}): ${card.goal}`).join("\n")}` };
}

function workspaceRefusal(path: string): Refusal<"no-such-workspace"> | null {
  if (isAbsolute(path) && existsSync(path) && statSync(path).isDirectory()) return null;
  return { kind: "no-such-workspace", message: `The workspace ${JSON.stringify(path)} is no directory.`, fix: "Send the absolute path of the repository." };
}

const toolAnswer = (answer: Answer): ToolAnswer => ({ text: answerText(answer), data: answer, isError: answer.status === "refused" });
