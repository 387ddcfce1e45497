/**
 * Carries a session over everything that is not its own agent's work: commands and context that the host looks after, children of
 * parallel steps, audits by somebody else, and gates that the coordinator answers.
 */
import type { SubmitResult } from "../session/index.ts";
import { TerminalError } from "../shared/errors.ts";
import { runChildren } from "./children.ts";
import { answerGate, audit } from "./judges.ts";
import type { Left, Seat } from "./tree.ts";

export type Settled = Exclude<SubmitResult, { kind: "gate" | "waiting" }> | { readonly kind: "left"; readonly left: Left };

/** From where a session stands to the next step of its own agent, its end, or what it has to be left for. */
export async function settle(seat: Seat, from: SubmitResult): Promise<Settled> {
  const { session } = seat;
  for (let result = from; ; ) {
    switch (result.kind) {
      case "ended":
      case "refused":
        return result;
      case "step":
      case "blocked": {
        if (session.offer()?.role !== "audit") return result;
        const left = await audit(seat);
        if (left !== null) return { kind: "left", left };
        result = session.standing();
        break;
      }
      case "gate": {
        if (result.gate === "human_approval") return { kind: "left", left: awaitsApproval(session.id, result.question) };
        const left = await answerGate(seat);
        if (left !== null) return { kind: "left", left };
        result = session.standing();
        break;
      }
      case "waiting": {
        const left = await doWhatIsPending(seat);
        if (left !== null) return { kind: "left", left };
        result = session.standing();
        break;
      }
    }
  }
}

const awaitsApproval = (sessionId: string, question: string): Left => ({ code: "awaiting_approval", message: `Session ${sessionId} waits for a person's approval: ${question}` });

async function doWhatIsPending(seat: Seat): Promise<Left | null> {
  const { session, signal } = seat;
  const before = session.state();
  if (before.kind === "delegating") return runChildren(seat);
  await session.resume(signal);
  if (session.state() === before) throw new TerminalError(`The session ${session.id} waits for something that nothing answers (${before.kind}).`, "Please report this with the journal.");
  return null;
}
