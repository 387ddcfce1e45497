/** What is to be run, at whose word, and the ticket that says so. */
import type { RepositoryFacts } from "../../../github/read/index.ts";
import type { GateAnswer, StartRole, Ticket } from "../../../github/trust/index.ts";
import type { Asking, CommandName, LabeledEvent, StartDecision } from "../../../intake/index.ts";
import { formatItemId } from "../../../record/index.ts";
import type { StatusMarker } from "../../../report/status-marker.ts";
import type { Status } from "../runs/status-board.ts";
import type { AskedOtherwise } from "./asked-otherwise.ts";

/** A run that is queued longer than this for a runner is not started on an old wish. */
export const TICKET_LIFETIME_MS = 24 * 60 * 60_000;
/** A label to act on, with the delivery that brought it. */
export interface LabelDelivery {
  readonly event: LabeledEvent;
  readonly deliveryId: string;
  /** The event's text is not the one that was labelled: the label was found later, and the text was changed in between (I8). */
  readonly editedSince?: boolean;
  /** What asked, where the label did not; the event's label is empty then. */
  readonly asked?: AskedOtherwise;
}

/** What is to be run, at whose word. */
export interface Order extends LabelDelivery {
  readonly decision: Pick<Extract<StartDecision, { kind: "start" }>, "attempt" | "continuation" | "key" | "textSha256" | "config" | "baseSha" | "wish">;
  readonly role: StartRole;
  /** The event's number is a pull request's: it is reviewed at this commit. */
  readonly review?: NonNullable<Ticket["review"]>;
  /** Somebody pressed Re-run beside a check run of ours. */
  readonly rerun?: boolean;
  /** What it was started by, where that is neither a label nor a command. */
  readonly cause?: Extract<Ticket["trigger"]["kind"], "pull_request" | "check_run" | "pull_request_review" | "pull_request_review_comment" | "push">;
  /** Nobody asked: how often in a row that was so, this time included, and what the run before had saved. */
  readonly unasked?: Pick<StatusMarker, "auto" | "tries" | "kept" | "followed" | "redone">;
  /** The command that asked for the review which nobody asks for anew now. */
  readonly word?: StatusMarker["word"];
  /** What the attempt delivered is worked on again. */
  readonly followUp?: NonNullable<Ticket["followUp"]>;
  /** A command asked, not the label: `deliveryId` is its comment's id. */
  readonly command?: { readonly name: CommandName; readonly commentId: number; readonly reactionId: string | null; readonly answer: GateAnswer | null; readonly retry?: Ticket["retry"] | null };
}

/**
 * What the attempt is at goes with it into every run that goes on with it, whoever asks for that: the run before may have been lost before it
 * had saved it. And what a review began with: without it, no ticket of those runs would say that the last review's findings count. The word of
 * a command goes only with runs that nobody asks for: whoever asks anew is asked for what their own way of asking takes.
 */
export const carriedOn = (status: Status | null, { decision, review, followUp, unasked, command }: Order): Pick<StatusMarker, "followed" | "followUp" | "redone" | "since" | "word"> => {
  const before = status?.marker.attempt === decision.attempt ? status.marker : undefined;
  const isGoingOn = decision.continuation > 0 || unasked !== undefined;
  return { followed: unasked?.followed ?? before?.followed, followUp: followUp ?? before?.followUp, redone: unasked?.redone ?? (followUp === undefined ? before?.redone : undefined), since: review?.since ?? (isGoingOn ? before?.since : undefined), word: review !== undefined && command !== undefined ? { command: command.name, commentId: command.commentId } : unasked !== undefined ? before?.word : undefined };
};

/** How the same is asked for once more. */
export function askingOf({ command, cause, asked, rerun, word }: Order): Asking {
  if (command !== undefined) return "command";
  // A review that a command asked for may have no label.
  if (word !== undefined) return "pull_request";
  return cause ?? (rerun === true ? "re-run" : asked === undefined ? "label" : ASKING[asked.kind]);
}

export const itemOf = ({ id }: RepositoryFacts, { event, decision, review }: Pick<Order, "event" | "decision" | "review">): string =>
  formatItemId({ repositoryId: id, subject: `${review === undefined ? "issue" : "pr"}-${event.issueNumber}`, attempt: decision.attempt });

export function makeTicket(facts: RepositoryFacts, { event, asked, decision, role, deliveryId, command, wrote, review, cause, followUp, word }: Order & Pick<Ticket, "wrote">, nowMs: number): Ticket {
  const { turns, tokens, costUsd, minutes } = decision.config.budget;
  const { mode, confirm } = decision.config.pipeline;
  return {
    v: 1,
    key: decision.key,
    item: itemOf(facts, { event, decision, ...(review === undefined ? {} : { review }) }),
    repositoryId: facts.id,
    trigger: { kind: command !== undefined || word !== undefined ? "issue_comment" : (cause ?? asked?.kind ?? (review === undefined ? "issues.labeled" : "pull_request.labeled")), id: deliveryId, actor: event.sender, verdict: role },
    issueNumber: event.issueNumber,
    base: { ref: facts.defaultBranch, sha: decision.baseSha },
    caps: { turns, tokens, costUsd, minutes },
    // A review is one whatever the policy is, which is that of an older commit for it.
    ...(review === undefined ? { policy: { mode, confirm } } : { review }),
    textSha256: decision.textSha256,
    expiresAt: new Date(nowMs + TICKET_LIFETIME_MS).toISOString(),
    wrote,
    ...(decision.wish === undefined ? {} : { wish: decision.wish }),
    ...(command !== undefined ? { command: command.name } : word !== undefined ? { command: word.command } : asked?.kind === "issues.opened" ? { command: asked.command } : {}),
    ...(followUp === undefined ? {} : { followUp }),
    ...(command?.retry === undefined || command.retry === null ? {} : { retry: command.retry }),
    ...(command === undefined || command.answer === null ? {} : { answer: command.answer }),
  };
}

export const ASKING = { "issues.assigned": "assignment", "issues.opened": "opened" } as const;
