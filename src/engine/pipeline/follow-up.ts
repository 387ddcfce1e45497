/** What is done for a delivery that something was said of on GitHub: it is mended, and reviewed like any change. */
import type { Json } from "../../shared/json.ts";
import { runSession, stop, type ItemAction } from "./action.ts";
import { CONTRACT, FIX } from "./course.ts";
import { testsBefore } from "./host-checks.ts";
import { artifactOf, onTheWay, type FollowUp, type ItemSession, type ItemState } from "./state.ts";

const BECAUSE: Readonly<Record<FollowUp["because"], string>> = {
  ci: "checks on the delivered commit failed",
  review: "a reviewer asked for changes of what was delivered",
  asked: "somebody asked for findings of the last review to be dealt with",
};

/** The session that answers the newest follow-up; null where there is none, or it has begun. */
export function nextOfFollowUp(state: ItemState): ItemAction | null {
  const followUp = state.followUps.at(-1);
  if (followUp === undefined || onTheWay(state.sessions).length > followUp.sessions) return null;
  const classified = state.sessions.find(({ phase }) => phase === "classify");
  const classification: Json = classified === undefined ? null : artifactOf(classified, CONTRACT.classification);
  return { ...runSession({ phase: "fix", round: followUp.round + 1, workflowId: FIX.workflowId, context: { classification, findings: [...followUp.findings], ...testsBefore(state) } }), why: BECAUSE[followUp.because] };
}

type Said = Pick<FollowUp, "because" | "headSha" | "reviewId" | "named">;

/**
 * Whether the item has to be opened again for what is said of its delivery. A run that goes on with a lost one is told the same again: it
 * does not where an earlier run has done that.
 *
 * @param anew it is said now: whatever was answered before, this was not
 */
export const isUnanswered = (state: ItemState, said: Said, { anew }: { readonly anew: boolean }): boolean => isOver(state) && (anew || !state.followUps.some((each) => isSame(each, said)));

/** There is a delivery to say something of, and nothing is at work on it. */
export const isOver = ({ ended, delivered }: ItemState): boolean => ended !== null && delivered !== null;

/** Records of before they told which review, or which findings, stand for any. */
const isSame = (answered: Said, said: Said): boolean =>
  answered.headSha === said.headSha && answered.because === said.because && (answered.reviewId === undefined || answered.reviewId === said.reviewId) && (answered.named === undefined || answered.named.join() === said.named?.join());

/** A first answer that changed no file has nothing to deliver: what its session says is what there is to say. */
export function answeredWithoutChange(state: ItemState, last: ItemSession): ItemAction | null {
  const followUp = state.followUps.at(-1);
  if (followUp === undefined || last.round !== followUp.round + 1 || state.snapshot?.tree !== followUp.tree) return null;
  return stop("nothing-to-do", `The work was taken up again, since ${BECAUSE[followUp.because]}, and its session changed no file of what was delivered.`, "Read what it says in the report. If something is to change all the same, request it in a review of the pull request.");
}

/** Rounds of review since the last delivery; since the beginning where there was none. */
export const roundsSinceDelivery = ({ followUps }: ItemState, round: number): number => round - (followUps.at(-1)?.round ?? 0);
