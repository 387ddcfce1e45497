import type { SessionOutcome } from "../../record/index.ts";
import type { Gap, SessionState } from "./state.ts";

/** How a session ended; a step that ran out of attempts on its verification is told from one that lacked something else. */
export function conclusionOf(state: SessionState): { readonly outcome: SessionOutcome; readonly reason: Gap | null } {
  if (state.kind !== "ended") return { outcome: "failed", reason: { code: "not-ended", message: `The session stands at "${state.kind}" without an agent.` } };
  const verification = state.outcome === "blocked" ? state.node?.blockers.find((blocker) => blocker.code === "verification-failed") : undefined;
  const reason = verification === undefined ? state.reason : { code: verification.code, message: verification.message };
  return { outcome: state.outcome, reason };
}
