/** What an item needs that a pull request opened: one review of what it changes, and nothing else. Nothing of it is executed. */
import type { JsonObject } from "../../shared/json.ts";
import { reviewVerdictSchema, verdictOf } from "../../workflow/index.ts";
import { noArtifact, runSession, stop, type ItemAction } from "./action.ts";
import { CONTRACT, REVIEW } from "./course.ts";
import { sessionFailure } from "./failures.ts";
import { REVIEW_TOOLS } from "./review-cycle.ts";
import { artifactOf, type ItemSession, type ItemState } from "./state.ts";

/** I9. A review that did not complete, or left no valid verdict, is a failed gate and never a clean one. */
export function reviewOnly(state: ItemState, last: ItemSession | undefined): ItemAction {
  if (state.mode === null) return { kind: "choose-mode", mode: "review-only", why: ["a pull request was labelled: it is reviewed and nothing is changed"] };
  if (last === undefined) return runSession({ phase: "review", round: 1, workflowId: REVIEW.workflowId, context: contextOf(state), allowedTools: REVIEW_TOOLS, why: "the change of the pull request is read by reviewers who did not make it" });
  if (last.result === null) return { kind: "resume-session", session: last };
  const failure = sessionFailure(last, last.result);
  if (failure !== null) return failure;
  const review = reviewVerdictSchema.safeParse(artifactOf(last, CONTRACT.reviewVerdict)).data;
  if (review === undefined) return noArtifact(last, CONTRACT.reviewVerdict);
  const found = review.findings.length === 0 ? "no finding" : `${review.findings.length} ${review.findings.length === 1 ? "finding" : "findings"}`;
  return stop("reviewed", `The review of ${state.opening?.review?.headSha ?? "the pull request"} is ${verdictOf(review)}, with ${found}.`, "Read the review on the pull request.");
}

/** What an earlier review found and what it looked at, as data: each finding is a line of its own (I8). */
function contextOf({ opening }: ItemState): JsonObject {
  const since = opening?.review?.since;
  if (since === undefined) return {};
  const earlier = since.earlier.map(({ severity, file, line, text }) => `- ${severity}, ${file}${line === null ? "" : `:${line}`}: ${text.replaceAll(/\s+/g, " ")}`);
  return {
    ...(earlier.length === 0 ? {} : { earlierFindings: `${earlier.join("\n")}\n` }),
    ...(since.full === undefined ? { reviewedBefore: since.headSha } : {}),
  };
}
