/** What is done for a delivery that something was said of on GitHub: it is mended, and reviewed like any change. */
import type { Json } from "../../shared/json.ts";
import { runSession, stop, type ItemAction } from "./action.ts";
import { CONTRACT, FIX } from "./course.ts";
import { testsBefore } from "./host-checks.ts";
import { artifactOf, onTheWay, type FollowUp, type ItemSession, type ItemState } from "./state.ts";

const BECAUSE: Readonly<Record<FollowUp["because"], string>> = {
  ci: "checks on the delivered commit failed",
  review: "a reviewer asked for changes of what was delivered",
  comments: "somebody asked for something in a conversation on the pull request",
  asked: "somebody asked for findings of the last review to be dealt with",
  conflict: "the base branch moved on, and what was delivered conflicts with it",
};

/** The session that answers the newest follow-up; null where there is none, or it has begun. */
export function nextOfFollowUp(state: ItemState): ItemAction | null {
  const followUp = state.followUps.at(-1);
  if (followUp === undefined || onTheWay(state.sessions).length > followUp.sessions) return null;
  // What failed on another base excuses nothing.
  if (followUp.moved && state.opening?.hostChecks === true && state.baseTested === null) return { kind: "test-base" };
  const classified = state.sessions.find(({ phase }) => phase === "classify");
  const classification: Json = classified === undefined ? null : artifactOf(classified, CONTRACT.classification);
  return { ...runSession({ phase: "fix", round: followUp.round + 1, workflowId: FIX.workflowId, context: { classification, findings: [...followUp.findings], ...testsBefore(state) } }), why: BECAUSE[followUp.because] };
}

type Said = Pick<FollowUp, "because" | "headSha" | "reviewId" | "named" | "comments">;

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
  answered.headSha === said.headSha && answered.because === said.because && (answered.reviewId === undefined || answered.reviewId === said.reviewId) && (answered.named === undefined || answered.named.join() === said.named?.join()) && answered.comments?.join() === said.comments?.join();

/** A first answer that changed no file has nothing to deliver: what its session says is what there is to say. */
export function answeredWithoutChange(state: ItemState, last: ItemSession): ItemAction | null {
  const followUp = state.followUps.at(-1);
  // A merge is one even where no file of the change had to give way.
  if (followUp === undefined || followUp.onto !== undefined || last.round !== followUp.round + 1 || state.snapshot?.tree !== followUp.tree) return null;
  return stop("nothing-to-do", `The work was taken up again, since ${BECAUSE[followUp.because]}, and its session changed no file of what was delivered.`, "Read what it says in the report. If something is to change all the same, request it in a review of the pull request.");
}

/** Whether the conflict with a moved base is gone from what a session left: looked at once for each state of the files; null where there is none, or it is gone. */
export function afterMerge({ followUps, mergesChecked, snapshot, delivered }: ItemState): ItemAction | null {
  const onto = followUps.at(-1)?.onto;
  const ours = delivered?.snapshot;
  if (onto === undefined || snapshot === null || ours === undefined || ours === null) return null;
  const checked = mergesChecked.find(({ tree }) => tree === snapshot.tree);
  if (checked === undefined) return { kind: "check-merge", snapshot, ours };
  if (checked.unresolved.length === 0) return null;
  const files = checked.unresolved.map(({ path }) => path).join(", ");
  return stop("not-completed", `The conflict with ${onto.base.ref} was not resolved: ${files} still ${checked.unresolved.length === 1 ? "has" : "have"} the marks of it.`, "Resolve it by hand on the pull request's branch, or write `/worktrain retry fix` in a new comment.");
}

/** Rounds of review since the last delivery; since the beginning where there was none. */
export const roundsSinceDelivery = ({ followUps }: ItemState, round: number): number => round - (followUps.at(-1)?.round ?? 0);
