/** What a client is told of a session: one shape for every command, over MCP and from a shell. */
import { z } from "zod";
import { autonomySchema, blockerSchema, riskPolicySchema, sessionOutcomeSchema } from "../../record/index.ts";
import { inWords } from "../../shared/errors.ts";
import { unreachable } from "../../shared/unreachable.ts";

const jsonSchema = z.record(z.string(), z.unknown());

export const answerSchema = z.object({
  sessionId: z.string().describe("Empty when a refusal concerns no session."),
  workflowId: z.string().describe("Empty when it is not known."),
  status: z
    .enum(["step", "blocked", "gate", "waiting", "complete", "refused"])
    .describe("step: do it and hand over. blocked: the step is still out, see blockers. gate: needs a verdict. waiting: the host works, ask again. complete: see outcome. refused: nothing was changed, see blockers."),
  step: z
    .object({
      id: z.string(),
      title: z.string(),
      prompt: z.string(),
      agentRole: z.string().optional(),
      modelTier: z.enum(["lightweight", "mid", "heavy"]).optional(),
      allowedTools: z.array(z.string()).optional().describe("The step allows these tools only; absent: all."),
      loop: z.object({ id: z.string(), iteration: z.int(), total: z.int().optional() }).optional(),
    })
    .optional(),
  requires: z
    .array(
      z.object({
        kind: z.enum(["notes", "artifact", "assessment", "context"]),
        ref: z.string().optional().describe("Contract of the artifact, id of the assessment, or context key."),
        optional: z.boolean().optional(),
        schema: jsonSchema,
      }),
    )
    .describe("What the next submission must hold; schema is JSON Schema."),
  blockers: z.array(blockerSchema).optional(),
  gate: z.object({ kind: z.enum(["human_approval", "coordinator_eval"]), question: z.string() }).optional(),
  pending: z.array(z.object({ kind: z.enum(["verification", "child"]), id: z.string(), sessionId: z.string().optional(), continueToken: z.string().optional() })).optional(),
  preferences: z.object({ autonomy: autonomySchema, riskPolicy: riskPolicySchema.optional() }).optional().describe("What the session was started with: who is asked, and how bold the work may be."),
  continueToken: z.string().optional(),
  checkpointToken: z.string().optional(),
  checkpoint: z.object({ id: z.string(), nodeId: z.string().nullable() }).optional().describe("The checkpoint that this call made, or had made before."),
  outcome: sessionOutcomeSchema.optional(),
});
export type Answer = z.infer<typeof answerSchema>;

/** How whoever reads an answer does what comes next. */
export interface NextWords {
  handOver(answer: Answer): string;
  answerGate(answer: Answer): string;
  askAgain(answer: Answer): string;
  comeBack(answer: Answer, checkpointId: string): string;
}

/** For clients that call tools. */
const TOOL_WORDS: NextWords = {
  handOver: () => "Hand over with continue_workflow when the step is done.",
  answerGate: () => "Go on with gate {verdict: approved | rejected, reason}.",
  askAgain: () => "Ask again with the token.",
  comeBack: ({ checkpointToken }) => `To come back here: continue_workflow with intent rewind and, as its continueToken, ${checkpointToken ?? "the checkpointToken"}.`,
};

/** The answer in words. Holds everything a model needs that reads no structured content, its token included. */
export function answerText(answer: Answer, words: NextWords = TOOL_WORDS): string {
  const { checkpoint } = answer;
  const marked = checkpoint === undefined ? [] : [`Checkpoint ${checkpoint.id} was made. ${words.comeBack(answer, checkpoint.id)}`];
  const next = answer.continueToken === undefined ? [] : [`continueToken: ${answer.continueToken}`];
  return [...marked, ...lines(answer, words), ...next].join("\n\n");
}

function lines(answer: Answer, words: NextWords): readonly string[] {
  const blockers = (answer.blockers ?? []).map((blocker) => `- ${inWords(blocker)}`).join("\n");
  switch (answer.status) {
    case "step":
      return stepLines(answer, words);
    case "blocked":
      return [`The step "${answer.step?.title ?? ""}" is not done:\n${blockers}`, "What was sent is kept: send what is missing or changed.", ...stepLines(answer, words)];
    case "gate":
      return [`The session ${answer.sessionId} is at a gate (${answer.gate?.kind ?? ""}): ${answer.gate?.question ?? ""}`, words.answerGate(answer)];
    case "waiting":
      if ((answer.pending ?? []).length === 0) return [`The session ${answer.sessionId} looks for context. ${words.askAgain(answer)}`];
      return [`The session ${answer.sessionId} waits for:\n${(answer.pending ?? []).map(pendingLine).join("\n")}`, words.askAgain(answer)];
    case "complete":
      return [`The session ${answer.sessionId} of ${answer.workflowId} is over: ${answer.outcome ?? ""}.`, ...(blockers === "" ? [] : [blockers])];
    case "refused":
      return [`Refused; nothing was changed.\n${blockers}`];
    default:
      return unreachable(answer.status);
  }
}

function stepLines(answer: Answer, words: NextWords): readonly string[] {
  const { step } = answer;
  if (step === undefined) return [];
  const loop = step.loop === undefined ? "" : ` (${step.loop.id}, iteration ${step.loop.iteration}${step.loop.total === undefined ? "" : ` of ${step.loop.total}`})`;
  return [
    `# ${step.title}${loop}`,
    ...(step.agentRole === undefined ? [] : [`Your role in this step: ${step.agentRole}`]),
    step.prompt,
    ...(step.allowedTools === undefined ? [] : [`Tools allowed in this step: ${step.allowedTools.join(", ")}.`]),
    ...handover(answer, words),
  ];
}

function handover(answer: Answer, words: NextWords): readonly string[] {
  if (answer.requires.length === 0) return [words.handOver(answer)];
  const each = answer.requires.map(({ kind, ref, optional, schema }) => `- ${optional === true ? "optionally " : ""}${kind}${ref === undefined ? "" : ` ${ref}`}: ${JSON.stringify(schema)}`);
  return [`To hand over (JSON Schema of each):\n${each.join("\n")}`, words.handOver(answer)];
}

const pendingLine = ({ kind, id, sessionId, continueToken }: NonNullable<Answer["pending"]>[number]): string =>
  `- ${kind} ${id}${sessionId === undefined ? "" : `: session ${sessionId}`}${continueToken === undefined ? "" : `, continueToken ${continueToken}`}`;
