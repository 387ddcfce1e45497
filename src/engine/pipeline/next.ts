/**
 * What a work item needs next: classify -> code -> review -> (fix -> review)* -> deliver, or stop with a reason. An item that was
 * opened with a workflow of its own runs that one and nothing else.
 * No model routes anything: this table does, from typed results of completed sessions.
 *
 * I7. A session that did not complete, or left no valid artifact, is a failed gate: the item stops.
 * I9. A review that is missing or unreadable never counts as clean.
 */
import type { EndingCode, Phase, Reason, SnapshotRef } from "../../record/index.ts";
import { classificationSchema, reviewVerdictSchema, verdictOf, type Finding } from "../../workflow/index.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { sessionFailure } from "./failures.ts";
import type { ItemSession, ItemState } from "./state.ts";

export type ItemAction =
  | { readonly kind: "run-session"; readonly phase: Phase; readonly round: number; readonly workflowId: string; readonly context: JsonObject }
  | { readonly kind: "resume-session"; readonly session: ItemSession }
  | { readonly kind: "deliver"; readonly snapshot: SnapshotRef }
  | { readonly kind: "stop"; readonly ending: EndingCode; readonly reason: Reason }
  | { readonly kind: "ended" };

export const CONTRACT = {
  classification: "wr.contracts.classification",
  codingHandoff: "wr.contracts.coding_handoff",
  reviewVerdict: "wr.contracts.review_verdict",
} as const;

/** The workflows this table runs, and the artifact of each that it cannot go on without. */
export const PIPELINE = [
  { workflowId: "wr.classify-task", handsOver: CONTRACT.classification },
  { workflowId: "wr.coding-task", handsOver: null },
  { workflowId: "wr.mr-review", handsOver: CONTRACT.reviewVerdict },
] as const;

/** The next action of an item that has been opened. Total: every state has exactly one. */
export function next(state: ItemState): ItemAction {
  if (state.ended !== null) return { kind: "ended" };
  const last = state.sessions.at(-1);
  const alone = state.opening?.workflowId;
  if (last === undefined) return alone === undefined ? session("classify", 1, "wr.classify-task", {}) : session("code", 1, alone, {});
  if (last.result === null) return { kind: "resume-session", session: last };
  const failure = sessionFailure(last, last.result);
  if (failure !== null) return failure;
  if (alone !== undefined) return afterWorkflow(state, last);
  switch (last.phase) {
    case "classify":
      return afterClassify(last);
    case "code":
    case "fix":
      return afterChange(state, last);
    case "review":
      return afterReview(state, last);
    default:
      return stop("internal", `Phase ${last.phase} has no place in this pipeline.`, "Please report this with the journal.");
  }
}

/** The newest artifact of a kind that a session left; null if it left none. */
export function artifactOf(session: ItemSession, contractRef: string): Json | null {
  return session.result?.artifacts.findLast((artifact) => artifact.contractRef === contractRef)?.value ?? null;
}

const session = (phase: Phase, round: number, workflowId: string, context: JsonObject): ItemAction => ({ kind: "run-session", phase, round, workflowId, context });

const stop = (code: EndingCode, message: string, fix: string): ItemAction => ({ kind: "stop", ending: code, reason: { code, message, fix } });

/** A workflow that was run by itself: what it changed is its result, and where it changed nothing its record is. */
const afterWorkflow = (state: ItemState, { sessionId, workflowId }: ItemSession): ItemAction =>
  state.snapshot !== null && state.snapshot.changedFiles > 0
    ? { kind: "deliver", snapshot: state.snapshot }
    : stop("completed", `Every step of ${workflowId} was done; no file differs from the base.`, `Read what it came to with \`worktrain session show ${sessionId}\`.`);

function afterClassify(last: ItemSession): ItemAction {
  const classification = classificationSchema.safeParse(artifactOf(last, CONTRACT.classification));
  if (!classification.success) return noArtifact(last, CONTRACT.classification);
  return session("code", 1, "wr.coding-task", { classification: artifactOf(last, CONTRACT.classification) });
}

function afterChange(state: ItemState, last: ItemSession): ItemAction {
  if (state.snapshot === null || state.snapshot.changedFiles === 0)
    return stop("nothing-to-do", "The coding session completed and no file differs from the base.", "Say in the task what should change, then start it again.");
  return session("review", last.round, "wr.mr-review", { handoff: artifactOf(last, CONTRACT.codingHandoff) });
}

function afterReview(state: ItemState, last: ItemSession): ItemAction {
  const artifact = artifactOf(last, CONTRACT.reviewVerdict);
  const review = reviewVerdictSchema.safeParse(artifact);
  if (!review.success) return noArtifact(last, CONTRACT.reviewVerdict);
  if (state.snapshot === null) return stop("internal", "A review completed with nothing to review.", "Please report this with the journal.");
  if (verdictOf(review.data) === "clean") return { kind: "deliver", snapshot: state.snapshot };
  const maxRounds = state.opening?.maxReviewRounds ?? 1;
  if (last.round >= maxRounds) return reviewExhausted(last.round, review.data.findings);
  const classified = state.sessions.find((each) => each.phase === "classify");
  const classification = classified === undefined ? null : artifactOf(classified, CONTRACT.classification);
  return session("fix", last.round + 1, "wr.coding-task", { classification, findings: (artifact as { findings: Json }).findings });
}

function reviewExhausted(rounds: number, findings: readonly Finding[]): ItemAction {
  const list = findings.map((finding) => `${finding.severity}: ${finding.summary}`).join("; ");
  return stop(
    "review-blocking",
    `After ${rounds} ${rounds === 1 ? "round" : "rounds"} of review there are open findings: ${list}`,
    "Answer the findings in the task or raise review.maxRounds in .github/worktrain.yml, then start it again.",
  );
}

const noArtifact = (last: ItemSession, contractRef: string): ItemAction =>
  stop(
    "no-verdict",
    `The ${last.phase} session ended without a valid ${contractRef}.`,
    "A missing or broken result counts as a failed gate. Start it again to try once more.",
  );
