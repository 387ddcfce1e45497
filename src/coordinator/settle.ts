/**
 * Carries a session over everything that is not its own agent's work: commands and context that the host looks after, children of
 * parallel steps, audits by somebody else, and gates: those the coordinator answers, and those this run has a person's answer to.
 */
import { gateName, sessionStream } from "../record/index.ts";
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
        if (result.gate === "human_approval") {
          const answered = await answerByPerson(seat, result.question);
          if (answered.kind === "left") return answered;
          result = answered;
          break;
        }
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

/**
 * A gate for a person is answered by what this run was given of one's word, if that is for this very gate; else the session is left.
 * @returns where it stands then
 */
async function answerByPerson({ session, tree: { deps } }: Seat, question: string): Promise<SubmitResult | { readonly kind: "left"; readonly left: Left }> {
  const opened = (await deps.journal.read(sessionStream(session.id))).findLast((event) => event.kind === "gate_opened");
  const gate = gateName(session.id, opened?.seq ?? 0);
  const { answer } = deps;
  if (answer?.gate !== gate) return { kind: "left", left: { code: "awaiting_approval", message: `Session ${session.id} waits at ${gate} for a person's approval: ${question}`, gate } };
  const { verdict, reason, by } = answer;
  const resolved = await session.resolveGate({ verdict, reason, by });
  return resolved.kind === "refused" ? resolved : session.standing();
}

async function doWhatIsPending(seat: Seat): Promise<Left | null> {
  const { session, signal } = seat;
  const before = session.state();
  if (before.kind === "delegating") return runChildren(seat);
  await session.resume(signal);
  if (session.state() === before) throw new TerminalError(`The session ${session.id} waits for something that nothing answers (${before.kind}).`, "Please report this with the journal.");
  return null;
}
