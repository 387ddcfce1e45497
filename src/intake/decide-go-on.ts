/**
 * What `approve`, `reject` and `resume` come to. Pure: decided from what GitHub's API says now.
 *
 * An answer holds for the gate that was open when it was written (attack 5): one that names another, or is older, is refused.
 */
import type { Config } from "../config/index.ts";
import type { GateAnswer, RunWish } from "../github/trust/index.ts";
import type { Refusal } from "../shared/errors.ts";
import type { Command } from "./commands/index.ts";
import { isSameText, preconditions, taskOf, wishKey, type PriorAttempt, type StartFacts, type Turn } from "./decide-start.ts";

export interface GoOnCommand {
  readonly command: Command<"approve" | "reject" | "resume" | "retry" | "fix">;
  readonly issueNumber: number;
  readonly commentId: number;
  /** ISO time, GitHub's clock. */
  readonly writtenAt: string;
}

/** The gate for a person that the work waits at. */
export interface OpenGate {
  readonly name: string;
  /** ISO time at which the run that came to it had saved that; null where that is not known any more. */
  readonly openedAt: string | null;
}

export interface GoOnFacts extends Omit<StartFacts, "unasked"> {
  readonly gate: OpenGate | null;
  /** The open pull request whose head is still the commit that the attempt delivered; null where there is none, or nobody asks. */
  readonly delivered: { readonly pullNumber: number; readonly headSha: string; readonly findings: readonly { readonly id: string; readonly left: boolean }[] } | null;
  /** How the latest run ended, as its artifacts name it; null where they do not. */
  readonly ending: string | null;
}

export type GoOnDecision =
  /** A repeat of a command that was carried out; or one that is not newer than what made the last dispatch, most often a repeat as well. */
  | { readonly kind: "ignore"; readonly reason: "already-handled" | "superseded" }
  | { readonly kind: "refuse"; readonly refusal: GoOnRefusal }
  | ({ readonly kind: "go-on"; readonly key: string; readonly textSha256: string; readonly wish: RunWish | undefined; readonly config: Config; readonly baseSha: string; readonly answer: GateAnswer | null; readonly retry: { readonly phase: string | null } | null } & Turn);

export type GoOnRefusal = Refusal & { readonly details: readonly string[] };

export function decideGoOn(asked: GoOnCommand, facts: GoOnFacts): GoOnDecision {
  const { issue, prior, config } = facts;
  const label = config !== "missing" && config.ok ? config.value.label : "worktrain:ready";
  const set = `the label \`${label}\``;
  const { review } = facts;
  if (issue === null || issue.isPullRequest) return refuse("no-item", "There is no work of WorkTrain here.", "Write the command on the issue that WorkTrain works on.");
  if (prior === null) return refuse("no-item", "WorkTrain has not worked on this issue.", `Set ${set} to start.`);
  const own = prior.commentId === asked.commentId;
  if (own && prior.state !== "unstarted") return { kind: "ignore", reason: "already-handled" };
  if (!own && Date.parse(asked.writtenAt) <= Date.parse(prior.labelledAt)) return { kind: "ignore", reason: "superseded" };
  if (!issue.open) return refuse("withdrawn", `The ${review === undefined ? "issue" : "pull request"} is closed.`, `Reopen it with ${set} on it, then write the command again.`);
  // A review is gone on with at the word of whoever writes that, as `review` starts it.
  if (review === undefined && !issue.labels.some((each) => each.toLowerCase() === label.toLowerCase())) return refuse("withdrawn", `The issue does not have ${set} any more: the work was taken back.`, "Set it again; an attempt that was interrupted goes on then.");
  const isRetry = asked.command.name === "retry";
  const isDelivered = asked.command.name === "approve" && facts.ending === "ready";
  const again = isDelivered ? "To approve the commit that was delivered, name it: `/worktrain approve SHA`." : review === undefined ? `Write \`/worktrain run\`, or remove ${set} and add it again, for a new attempt.` : "Write `/worktrain review` for another one.";
  const isFix = asked.command.name === "fix";
  const standing = isFix ? (notDelivered(prior, facts) ?? notShown(asked.command.operands["FINDING"] ?? [], facts.delivered?.findings ?? [])) : isRetry && prior.state === "concluded" ? overForGood(facts.ending, { again, what: "to try again" }) : standsStill(prior, { set, again, ending: facts.ending });
  if (standing !== null) return standing;
  const wish = { repositoryId: facts.repository.id, issueNumber: asked.issueNumber, ...taskOf({ title: issue.title, body: issue.body }, prior.wish), ...(review === undefined ? {} : { headSha: review.headSha }) };
  if (!isSameText(prior, wish)) return refuse("text-changed", "The issue's text was changed after the label was set; this attempt works on the text as it was.", `Put the old text back, or remove ${set} and add it again for a new attempt.`);
  const answer = answerTo(asked, facts.gate);
  if (answer !== null && "refusal" in answer) return { kind: "refuse", refusal: answer.refusal };
  const ready = preconditions({ ...facts, asked: "command" });
  if (ready.kind === "refuse") return { kind: "refuse", refusal: ready.refusal };
  const { attempt, continuation } = prior;
  const turn = prior.state === "unstarted" ? { attempt, continuation } : { attempt, continuation: continuation + 1 };
  return { kind: "go-on", ...turn, key: wishKey(wish, turn, asked.commentId), textSha256: wish.textSha256, wish: prior.wish, config: ready.config, baseSha: ready.baseSha, answer, retry: isRetry ? { phase: asked.command.operands["PHASE"]?.[0] ?? null } : null };
}

/** Null where what was delivered stands as it was left. */
function notDelivered({ state, continuation }: PriorAttempt, { delivered, gate }: Pick<GoOnFacts, "delivered" | "gate">): GoOnDecision | null {
  if (state === "running") return refuse("running", "A run is at work on this issue; it waits for nobody.", "See the status comment.");
  if (state === "interrupted") return refuse("not-delivered", "The work is not done yet.", `Write ${gate === null ? "`/worktrain resume`" : "`/worktrain approve` or `/worktrain reject REASON`"}; when it is delivered its findings can be dealt with.`);
  if (delivered !== null && (state === "concluded" || continuation > 0)) return null;
  return refuse("not-delivered", "There is no open pull request of this attempt whose head is the commit that WorkTrain delivered: nothing came of it, or somebody has pushed, closed or merged since.", "Go on with the branch by hand, or write `/worktrain run` for a new attempt.");
}

/** Null where the pull request tells of every finding that is named, or of something left where none is. */
function notShown(named: readonly string[], shown: NonNullable<GoOnFacts["delivered"]>["findings"]): GoOnDecision | null {
  const unknown = named.find((id) => !shown.some((each) => each.id.startsWith(id.slice(0, each.id.length))));
  const ids = [...new Set(shown.map(({ id }) => id))].join(", ");
  if (unknown !== undefined) return refuse("no-such-finding", `The pull request's table has no finding ${unknown}.`, shown.length === 0 ? "Say on the pull request what is to change, as a review that requests changes." : `Name one of ${ids}.`);
  return named.length > 0 || shown.some(({ left }) => left) ? null : refuse("nothing-left", "The reviews of what was delivered left no finding.", "Say on the pull request what is to change, as a review that requests changes.");
}

/** Null where an attempt waits to be gone on with. */
function standsStill({ state, continuation }: PriorAttempt, { set, again, ending }: { readonly set: string; readonly again: string; readonly ending: string | null }): GoOnDecision | null {
  switch (state) {
    case "interrupted":
      return null;
    case "unstarted":
      // Its continuation could not be dispatched; what was saved before waits all the same.
      return continuation > 0 ? null : refuse("not-started", "This attempt has not started.", `Do what the status comment says, then remove ${set} and add it again.`);
    case "running":
      return refuse("running", "A run is at work on this issue; it waits for nobody.", "See the status comment.");
    case "concluded":
      return overForGood(ending, { again, what: "that waits to be gone on with" }) ?? refuse("over", "The attempt is over; nothing in it waits to be gone on with.", `Where it stopped, \`/worktrain retry\` goes back in it to before its latest phase. ${again}`);
  }
}

/** What stands on GitHub by now, or was said for good, is not gone back on. */
const FOR_GOOD: readonly string[] = ["ready", "decomposed", "reviewed", "duplicate", "completed", "nothing-to-do", "undeliverable", "needs-private"];

function overForGood(ending: string | null, { again, what }: { readonly again: string; readonly what: string }): GoOnDecision | null {
  if (ending !== null && !FOR_GOOD.includes(ending)) return null;
  const how = ending === null ? "and how it ended is not known any more" : `it ended with \`${ending}\``;
  return refuse("over", `The attempt is over: ${how}, so there is nothing ${what}.`, again);
}

type Answer = GateAnswer | null | { readonly refusal: GoOnRefusal };

function answerTo({ command, writtenAt }: GoOnCommand, gate: OpenGate | null): Answer {
  if (command.name === "retry" || command.name === "fix") return null;
  if (command.name === "resume") {
    if (gate === null) return null;
    return refusal("at-gate", `The work waits at ${gate.name} for a person's approval; going on alone does not open it.`, "Write `/worktrain approve` or `/worktrain reject REASON`.");
  }
  if (gate === null) return refusal("no-gate", "The work waits at no gate, so there is nothing to approve or reject.", "Where it stopped for another reason, `/worktrain resume` goes on with it.");
  const [named] = command.operands["GATE"] ?? [];
  if (named !== undefined && /^[0-9a-f]+$/.test(named)) return refusal("stale", `The work waits at ${gate.name}; there is no commit yet that could be approved.`, `Write \`/worktrain approve ${gate.name}\`.`);
  if (named !== undefined && named !== gate.name) return refusal("stale", `The work does not wait at ${named} but at ${gate.name}.`, `Look at what is asked there, then write \`/worktrain approve ${gate.name}\`.`);
  if (gate.openedAt !== null && Date.parse(writtenAt) < Date.parse(gate.openedAt)) return refusal("stale", `The command was written before the work came to ${gate.name}.`, "Look at what is asked there, then write it again.");
  const [reason = ""] = command.operands["REASON"] ?? [];
  return command.name === "approve" ? { gate: gate.name, verdict: "approved", reason: "Approved by a command in a comment." } : { gate: gate.name, verdict: "rejected", reason };
}

const refusal = (kind: string, message: string, fix: string): { readonly refusal: GoOnRefusal } => ({ refusal: { kind, message, fix, details: [] } });
const refuse = (kind: string, message: string, fix: string): GoOnDecision => ({ kind: "refuse", ...refusal(kind, message, fix) });
