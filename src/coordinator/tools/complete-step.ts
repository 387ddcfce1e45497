import { z } from "zod";
import type { Tool, ToolResult } from "../../agent/index.ts";
import type { StepOffer } from "../../engine/session/index.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { blockedMessage, stepMessage } from "../prompt/index.ts";
import { tellLeftOut } from "../left-out.ts";
import { settle, type Settled } from "../settle.ts";
import type { Left, Seat } from "../tree.ts";
import type { Watch } from "../watch.ts";

const inputSchema = z.object({
  notes: z.string().default("").describe("What you did and saw in this step."),
  artifacts: z
    .array(z.object({ contractRef: z.string(), value: z.json() }))
    .default([])
    .describe("Typed results the step asks for."),
  context: z.record(z.string(), z.json()).default({}).describe("Context values the step asks for."),
});

export interface HandingOver {
  readonly watch: Watch;
  /** The session has to be left for a later run. */
  readonly leave: (left: Left) => void;
  /** The step is for the model that works now. */
  readonly sameModel: (offer: StepOffer) => boolean;
}

/** The tool by which the agent hands over a step's output; the engine decides whether it is done, and what follows is done before it answers. */
export function completeStepTool(seat: Seat, { watch, leave, sameModel }: HandingOver): Tool {
  const leftOut = tellLeftOut(seat);
  return {
    name: "complete_step",
    description:
      "Hands over the current step's output. Answers with the next step, with what is missing, or with the end of the session. " +
      "Commands that verify it, delegated work and audits run before it answers, which can take minutes.",
    schema: inputSchema,
    readOnly: false,
    // Delegated work is counted in its own sessions.
    untimed: true,
    interrupted: () => whereItStands(seat),
    run: async (input, { signal }) => {
      await watch.before();
      const submitted = await seat.session.submit(inputSchema.parse(input), { signal });
      const settled = await settle({ ...seat, signal: AbortSignal.any([seat.signal, signal]) }, submitted);
      await watch.after(settled);
      if (settled.kind === "left") leave(settled.left);
      if (settled.kind === "step" && !sameModel(settled.offer)) return { content: "Step done. The next one is done by another model.", isError: false, ends: "session_over" };
      if (settled.kind === "step") watch.step();
      const result = answer(seat, settled);
      return result.ends === undefined ? { ...result, content: `${result.content}${await leftOut()}` } : result;
    },
  };
}

/** What was handed over is in the log or it is not: where the session stands says which. */
function whereItStands({ session }: Seat): ToolResult {
  const offer = session.offer();
  if (offer === null) return { content: "The session is over.", isError: true, ends: "session_over" };
  return { content: `The call was interrupted. This is where the work stands now; what was handed over before counts.\n\n${stepMessage(offer)}`, isError: false };
}

function answer({ session }: Seat, result: Settled): ToolResult {
  switch (result.kind) {
    case "step":
      return { content: `Step done. The next one:\n\n${stepMessage(result.offer)}`, isError: false };
    case "blocked": {
      const offer = session.offer();
      const which = offer === null ? "" : `# Step: ${offer.title} (${offer.stepId})\n`;
      return { content: `${which}${blockedMessage(result.blockers, result.attemptsLeft)}`, isError: true };
    }
    case "left":
      return { content: `The work stops here for now: ${result.left.message}`, isError: false, ends: "session_over" };
    case "ended":
      return { content: `The session is over: ${result.outcome}.`, isError: result.outcome !== "completed", ends: result.outcome === "completed" ? true : "session_over" };
    case "refused":
      return { content: `${result.refusal.message} ${result.refusal.fix}`, isError: true };
    default:
      return unreachable(result);
  }
}
