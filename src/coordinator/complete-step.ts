import { z } from "zod";
import type { Tool, ToolResult } from "../agent/index.ts";
import { contextSchema } from "../record/index.ts";
import type { Session, SubmitResult } from "../session/index.ts";
import { unreachable } from "../shared/unreachable.ts";
import { blockedMessage, stepMessage } from "./prompt.ts";

const inputSchema = z.object({
  notes: z.string().default("").describe("What you did and saw in this step."),
  artifacts: z
    .array(z.object({ contractRef: z.string(), value: z.json() }))
    .default([])
    .describe("Typed results the step asks for."),
  context: contextSchema.default({}).describe("Context values the step asks for."),
});

/**
 * The tool by which the agent hands over a step's output; the engine decides whether it is done.
 * @param onSubmitted called after each submission has been journaled; what it throws ends the session's run
 */
export function completeStepTool(session: Session, onSubmitted: (result: SubmitResult) => Promise<void>): Tool {
  return {
    name: "complete_step",
    description: "Hands over the current step's output. Answers with the next step, with what is missing, or with the end of the session.",
    schema: inputSchema,
    readOnly: false,
    run: async (input, { signal }) => {
      const result = await session.submit(inputSchema.parse(input), { signal });
      await onSubmitted(result);
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
    case "ended":
      return { content: `The session is over: ${result.outcome}.`, isError: result.outcome !== "completed", ends: result.outcome === "completed" ? true : "session_over" };
    case "refused":
      return { content: `${result.refusal.message} ${result.refusal.fix}`, isError: true };
    default:
      return unreachable(result);
  }
}
