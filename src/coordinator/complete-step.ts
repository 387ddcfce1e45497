import { z } from "zod";
import type { Tool, ToolResult } from "../agent/index.ts";
import type { Session, SubmitResult } from "../session/index.ts";
import { unreachable } from "../shared/unreachable.ts";
import { blockedMessage, stepMessage } from "./prompt/index.ts";

const inputSchema = z.object({
  notes: z.string().default("").describe("What you did and saw in this step."),
  artifacts: z
    .array(z.object({ contractRef: z.string(), value: z.json() }))
    .default([])
    .describe("Typed results the step asks for."),
  context: z.record(z.string(), z.json()).default({}).describe("Context values the step asks for."),
});

/** Called around each submission; what they throw ends the session's run. */
export interface SubmissionHooks {
  before(): Promise<void>;
  /** After the submission and what came of it have been journaled. */
  after(result: SubmitResult): Promise<void>;
}

/** The tool by which the agent hands over a step's output; the engine decides whether it is done. */
export function completeStepTool(session: Session, hooks: SubmissionHooks): Tool {
  return {
    name: "complete_step",
    description: "Hands over the current step's output. Answers with the next step, with what is missing, or with the end of the session.",
    schema: inputSchema,
    readOnly: false,
    run: async (input, { signal }) => {
      await hooks.before();
      const result = await session.submit(inputSchema.parse(input), { signal });
      await hooks.after(result);
      return answer(result);
    },
  };
}

function answer(result: SubmitResult): ToolResult {
  switch (result.kind) {
    case "step":
      return { content: `Step done. The next one:\n\n${stepMessage(result.offer)}`, isError: false };
    case "blocked":
      return { content: blockedMessage(result.blockers, result.attemptsLeft), isError: true };
    case "gate":
      return { content: `The session waits at a gate: ${result.question}`, isError: false, ends: "session_over" };
    case "waiting":
      return { content: `The session waits for: ${result.pending.map((each) => each.id).join(", ")}.`, isError: false, ends: "session_over" };
    case "ended":
      return { content: `The session is over: ${result.outcome}.`, isError: result.outcome !== "completed", ends: result.outcome === "completed" ? true : "session_over" };
    case "refused":
      return { content: `${result.refusal.message} ${result.refusal.fix}`, isError: true };
    default:
      return unreachable(result);
  }
}
