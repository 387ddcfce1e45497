/** What a client is told of a session: one shape for every command, over MCP and from a shell. */
import { z } from "zod";
import { autonomySchema, blockerSchema, riskPolicySchema, sessionOutcomeSchema } from "../../record/index.ts";
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
  outcome: sessionOutcomeSchema.optional(),
});
export type Answer = z.infer<typeof answerSchema>;

/** The answer in words. Holds everything a model needs that reads no structured content, its token included. */
export function answerText(answer: Answer): string {
  const next = answer.continueToken === undefined ? [] : [`continueToken: ${answer.continueToken}`];
  return [...lines(answer), ...next].join("\n\n");
}

function lines(answer: Answer): readonly string[] {
  const blockers = (answer.blockers ?? []).map((blocker) => `- ${blocker.message} ${blocker.fix}`.trimEnd()).join("\n");
  switch (answer.status) {
    case "step":
      return stepLines(answer);
    case "blocked":
      return [`The step "${answer.step?.title ?? ""}" is not done:\n${blockers}`, "What was sent is kept: send what is missing or changed.", ...handover(answer)];
    case "gate":
      return [`The session ${answer.sessionId} is at a gate (${answer.gate?.kind ?? ""}): ${answer.gate?.question ?? ""}`, "Go on with gate {verdict: approved | rejected, reason}."];
    case "waiting":
      if ((answer.pending ?? []).length === 0) return [`The session ${answer.sessionId} looks for context. Ask again with the token.`];
      return [`The session ${answer.sessionId} waits for:\n${(answer.pending ?? []).map(pendingLine).join("\n")}`];
    case "complete":
      return [`The session ${answer.sessionId} of ${answer.workflowId} is over: ${answer.outcome ?? ""}.`, ...(blockers === "" ? [] : [blockers])];
    case "refused":
      return [`Refused; nothing was changed.\n${blockers}`];
    default:
      return unreachable(answer.status);
  }
}

function stepLines({ step, ...answer }: Answer): readonly string[] {
  if (step === undefined) return [];
  const loop = step.loop === undefined ? "" : ` (${step.loop.id}, iteration ${step.loop.iteration}${step.loop.total === undefined ? "" : ` of ${step.loop.total}`})`;
  return [
    `# ${step.title}${loop}`,
    ...(step.agentRole === undefined ? [] : [`Your role in this step: ${step.agentRole}`]),
    step.prompt,
    ...(step.allowedTools === undefined ? [] : [`Tools allowed in this step: ${step.allowedTools.join(", ")}.`]),
    ...handover(answer),
  ];
}

function handover(answer: Pick<Answer, "requires">): readonly string[] {
  if (answer.requires.length === 0) return ["Hand over with continue_workflow when the step is done."];
  const each = answer.requires.map(({ kind, ref, optional, schema }) => `- ${optional === true ? "optionally " : ""}${kind}${ref === undefined ? "" : ` ${ref}`}: ${JSON.stringify(schema)}`);
  return [`To hand over (JSON Schema of each):\n${each.join("\n")}`];
}

const pendingLine = ({ kind, id, sessionId, continueToken }: NonNullable<Answer["pending"]>[number]): string =>
  `- ${kind} ${id}${sessionId === undefined ? "" : `: session ${sessionId}`}${continueToken === undefined ? "" : `, continueToken ${continueToken}`}`;
