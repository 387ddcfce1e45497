/**
 * The session that looks back on an item whose end is decided. It decides nothing: whatever comes of it, the item ends as it was
 * decided before, and `next` knows nothing of it.
 */
import { runSession, type RunSession } from "./action.ts";
import { makesChange, RETROSPECT } from "./course.ts";
import type { ItemState } from "./state.ts";

/** It reads the record and the files. */
const LOOK_BACK_TOOLS = ["read", "glob", "grep"] as const;

/** Null where none is due: before the end, where the policy says so, where nothing was made, or once there was one. */
export function lookBack({ ended, opening, sessions }: ItemState): RunSession | null {
  const when = opening?.pipeline?.retrospective ?? "never";
  if (ended === null || when === "never" || opening?.review !== undefined || opening?.workflowId !== undefined) return null;
  if (!sessions.some(({ phase }) => makesChange(phase)) || sessions.some(({ phase }) => phase === "retrospect")) return null;
  const troubled = ended.outcome !== "deliver" || sessions.some(({ phase }) => phase === "fix" || phase === "audit");
  if (when === "troubled" && !troubled) return null;
  const end = { ending: ended.ending, reason: ended.reason === null ? null : ended.reason.message };
  return runSession({ phase: "retrospect", round: 1, workflowId: RETROSPECT.workflowId, context: { ended: end }, allowedTools: LOOK_BACK_TOOLS, why: when === "always" ? "pipeline.retrospective is `always`" : "the work did not go through at the first try: what would have helped goes into the record" });
}
