/** What `run` comes to: the label's decision, in words, since whoever wrote a command waits for an answer. Pure. */
import type { Refusal } from "../shared/errors.ts";
import { unreachable } from "../shared/unreachable.ts";
import type { RunWish } from "../github/trust/index.ts";
import { DEFAULT_LABEL, decideStart, taskOf, wishKey, type StartDecision, type StartFacts } from "./decide-start.ts";
import type { CommentEvent } from "./comment-event.ts";

export type RunDecision =
  /** A repeat of a command that was carried out, or one that is not newer than what made the last dispatch. */
  | { readonly kind: "ignore"; readonly reason: "already-handled" | "superseded" }
  | { readonly kind: "refuse"; readonly refusal: Refusal & { readonly details: readonly string[] } }
  /** `label`: to be set first, so that taking it off takes the work back; null where it is there. */
  | (Extract<StartDecision, { kind: "start" }> & { readonly label: string | null });

/** @param facts as for a label; the text is the one at the command (attack 5) */
export function decideRun({ issueNumber, commentId, createdAt, task, wish: own }: Pick<CommentEvent, "issueNumber" | "commentId" | "createdAt" | "task"> & { readonly wish?: RunWish | undefined }, facts: Omit<StartFacts, "unasked" | "asked" | "review">): RunDecision {
  const { issue, prior, config } = facts;
  const label = config !== "missing" && config.ok ? config.value.label : DEFAULT_LABEL;
  if (prior?.commentId === commentId && prior.state !== "unstarted") return { kind: "ignore", reason: "already-handled" };
  if (prior !== null && prior.commentId !== commentId && Date.parse(createdAt) <= Date.parse(prior.labelledAt)) return { kind: "ignore", reason: "superseded" };
  const isThere = issue !== null && issue.labels.some((each) => each.toLowerCase() === label.toLowerCase());
  const event = { repository: { id: facts.repository.id, owner: facts.repository.owner, repo: facts.repository.repo }, issueNumber, label, sender: { login: "", id: 0 }, task, labelledAt: createdAt };
  // What was asked for before is not asked for by another command; a label alone would be that wish again.
  const before = prior?.state === "unstarted" && prior.continuation === 0 ? { ...prior, wish: undefined } : prior;
  const decision = decideStart(event, { ...facts, prior: before, asked: "command", wish: own, issue: issue === null || isThere ? issue : { ...issue, labels: [...issue.labels, label] } });
  switch (decision.kind) {
    case "ignore":
      return decision.reason === "already-handled" ? { kind: "ignore", reason: "superseded" } : refuse(decision.reason);
    case "refuse":
      return { kind: "refuse", refusal: decision.refusal };
    case "start": {
      const wish = { repositoryId: facts.repository.id, issueNumber, ...taskOf(task, decision.wish) };
      return { ...decision, key: wishKey(wish, decision, commentId), label: isThere ? null : label };
    }
    default:
      return unreachable(decision);
  }
}

function refuse(reason: Exclude<Extract<StartDecision, { kind: "ignore" }>["reason"], "already-handled">): RunDecision {
  const [message, fix] = WORDS[reason];
  return { kind: "refuse", refusal: { kind: reason, message, fix, details: [] } };
}

const WORDS = {
  "issue-gone": ["There is no issue here that could be worked on.", "Write the command on an issue; a pull request is reviewed with `/worktrain review`."],
  "pull-request": ["This is a pull request; work starts on issues.", "Write `/worktrain review` for a review of it."],
  "issue-closed": ["The issue is closed.", "Reopen it, then write the command again."],
  "label-gone": ["The label that starts work could not be found on the issue.", "Set it, which starts the work as well."],
  "already-running": ["A run is at work on this issue already.", "See the status comment; `/worktrain cancel` ends it."],
  "text-changed": ["The issue's text was changed.", "Write the command again."],
} as const;
