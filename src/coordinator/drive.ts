/** Lends a session agents, children, auditors and verdicts until it is over, or has to be left for a later run. */
import type { AgentEnd } from "../agent/index.ts";
import type { AgentEndCode } from "../record/index.ts";
import { TerminalError } from "../shared/errors.ts";
import { converse } from "./converse.ts";
import { stepMessage } from "./prompt/index.ts";
import { settle, type Settled } from "./settle.ts";
import { hasOpenHandover, isBehind } from "./told.ts";
import type { Left, Seat } from "./tree.ts";

/** Ends of the agent that say nothing of the task: with a higher limit or at a better time the same session goes on. */
const PARKED: ReadonlySet<AgentEndCode> = new Set(["cancelled", "budget_turns", "budget_tokens", "budget_input_tokens", "budget_output_tokens", "budget_cost", "budget_time", "budget_tool_time", "model_unavailable", "stalled", "model_rejected", "model_key_rejected", "model_spend_limit"]);

/** @returns what the session waits for, or null when it is over. @throws TerminalError or RetryableError when the journal or a save fails */
export async function driveSession(seat: Seat): Promise<Left | null> {
  const { session, signal } = seat;
  const cancelled: Left = { code: "cancelled", message: "The run was cancelled." };
  try {
    await tellOfMoves(seat, await settle(seat, session.standing()));
    for (;;) {
      if (signal.aborted) return cancelled;
      const settled = await settle(seat, session.standing());
      if (settled.kind === "left") return settled.left;
      if (settled.kind === "ended") return null;
      if (settled.kind === "refused") throw new TerminalError(`${settled.refusal.message} ${settled.refusal.fix}`, "Please report this with the journal.");
      const { end, left } = await converse(seat);
      // What a session left for it has been told; another end of the agent, its time say, is the reason itself.
      if (left !== null && end.code === "session_over") return left;
      const after = await afterAgent(seat, end);
      if (after !== "go-on") return after;
    }
  } catch (error) {
    // What was aborted throws; the log still asks for it, and the next run makes it again.
    if (signal.aborted && !(error instanceof TerminalError)) return cancelled;
    throw error;
  }
}

/** An agent that is gone on with hears first what happened since; a new one is told the step when its conversation opens. */
async function tellOfMoves({ tree: { deps }, session }: Seat, settled: Settled): Promise<void> {
  const offer = session.offer();
  if ((settled.kind !== "step" && settled.kind !== "blocked") || offer === null || hasOpenHandover(session) || !(await isBehind(deps, session))) return;
  const turn = session.history().findLast((event) => event.kind === "turn_completed")?.data.turn ?? 1;
  const text = `The work was interrupted and goes on. This is where it stands now; what was handed over before counts.\n\n${stepMessage(offer)}`;
  await session.record({ kind: "steered", data: { turn, source: "step", text } });
}

async function afterAgent({ session }: Seat, end: AgentEnd): Promise<Left | null | "go-on"> {
  if (session.offer() === null || end.code === "session_over") return "go-on";
  if (PARKED.has(end.code)) return { code: end.code, message: end.message };
  await session.stop("stopped", { code: end.code, message: end.message });
  return null;
}
