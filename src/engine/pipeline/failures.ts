import type { AgentEndCode, EndingCode, Reason } from "../../record/index.ts";
import { agentEndCodeSchema } from "../../record/index.ts";
import { unreachable } from "../../shared/unreachable.ts";
import type { ItemSession, SessionResult } from "./state.ts";

/** What stops the item when its last session did not complete; null when it did. */
export function sessionFailure(session: ItemSession, result: SessionResult): { kind: "stop"; ending: EndingCode; reason: Reason } | null {
  if (result.outcome === "completed") return null;
  const code = result.reason?.code ?? "unknown";
  const ending = endingOf(code);
  const said = result.reason?.message ?? `outcome ${result.outcome}`;
  return { kind: "stop", ending, reason: { code, message: `The ${session.phase} session did not complete: ${said}`, fix: fixOf(code) } };
}

/** The ending a session's or an agent's reason comes to. */
function endingOf(code: string): EndingCode {
  if (code === "verification-failed") return "tests-red";
  if (code === "time_limit") return "time-limit";
  if (code === "awaiting_approval") return "awaiting-approval";
  if (code === "data_needed" || code === "approval_needed") return "needs-answer";
  const agentCode = agentEndCodeSchema.safeParse(code);
  return agentCode.success ? endingOfAgent(agentCode.data) : "blocked";
}

function endingOfAgent(code: AgentEndCode): EndingCode {
  switch (code) {
    case "budget_turns":
    case "budget_tokens":
    case "budget_input_tokens":
    case "budget_output_tokens":
    case "budget_cost":
    case "budget_time":
    case "budget_tool_time":
      return "budget";
    case "refused":
      return "model-refused";
    case "model_unavailable":
    case "model_rejected":
    case "model_key_rejected":
    case "stalled":
      return "model-unavailable";
    case "model_spend_limit":
      return "model-spend-limit";
    case "cancelled":
      return "cancelled";
    case "completed":
    case "session_over":
    case "stopped_without_completing":
    case "malformed_turns":
    // A session's own opening fills the model: a higher budget would not help.
    case "context_full":
    case "stuck":
    case "no_progress":
      return "not-completed";
    default:
      return unreachable(code);
  }
}

/**
 * The ending of a run that leaves its item open. What the model's API rejects (a key, a model's name) it rejects again until a person has
 * mended it, which silence does not tell: only after silence is it worth while to try again. Ends of sessions, which decisions are
 * recomputed from, know one word for both.
 */
export const endingOfParked = (code: string): EndingCode => (code === "model_rejected" ? "model-rejected" : code === "model_key_rejected" ? "key-rejected" : endingOf(code));

/** What a person can do about a session's or an agent's reason. */
export function fixOf(code: string): string {
  if (code === "model_rejected" || code === "model_key_rejected") return "Mend what it names, then start it again.";
  switch (endingOf(code)) {
    case "budget":
      return "Raise the budget in .github/worktrain.yml, then start it again.";
    case "tests-red":
      return "Read the test output in the run, say in the task what is expected, then start it again.";
    case "model-unavailable":
      return "Start it again later: the work goes on where it stopped.";
    case "model-spend-limit":
      return "Start it again once there is credit: the work goes on where it stopped.";
    case "model-refused":
      return "Reword the task so that it asks for something the model may do, or name another model, then start it again.";
    case "awaiting-approval":
      return "On GitHub answer it in a comment, with `/worktrain approve` or `/worktrain reject REASON`; locally with `worktrain session approve` or `reject`, and start it again. The work goes on where it waits.";
    case "needs-answer":
      return "Put the answer into the task, then start it again.";
    case "cancelled":
    case "time-limit":
      return "Start it again: it goes on where it stopped.";
    default:
      return "Read the run's log, make the task more precise, then start it again.";
  }
}
