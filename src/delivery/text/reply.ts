/** What is said in the conversations that asked for something. Pure. */
import type { Conversation } from "../../github/read/index.ts";
import type { Ticket } from "../../github/trust/index.ts";
import { answeredUpTo, answerMark } from "../../record/answer-mark.ts";
import { cut, quote, type ItemView } from "../../report/index.ts";
import type { Redact } from "../../shared/redact.ts";
import type { ReplyIntent } from "../intents.ts";

export interface Replying {
  readonly ticket: Ticket;
  /** Those of the pull request that nobody has resolved, as GitHub shows them. */
  readonly conversations: readonly Conversation[];
  /** Null where the journal is not trusted: then nothing of it is repeated. */
  readonly view: ItemView | null;
  /** Why nothing comes of it, in words; null where a commit does. */
  readonly reason: string | null;
  readonly redact: Redact;
}

/** An answer is read in a narrow column. */
const MAX_ANSWER_CHARS = 4_000;

/** An answer to each conversation that this run's ticket is about: its comments, or those of its review. */
export function replyIntents({ ticket, conversations, view, reason, redact }: Replying): readonly ReplyIntent[] {
  const { followUp } = ticket;
  if (followUp === undefined) return [];
  const isAsked = ({ id, review }: Conversation["comments"][number]): boolean => followUp.comments?.includes(id) === true || (followUp.reviewId !== undefined && review?.id === followUp.reviewId);
  const asked = conversations.map(({ rootId, comments }) => ({ rootId, last: Math.max(0, ...comments.filter(isAsked).map(({ id }) => id)) })).filter(({ last }) => last > 0);
  return asked.map(({ rootId, last }, index) => ({ kind: "reply", place: index + 1, pullNumber: followUp.pullNumber, commentId: rootId, after: last, body: `${answerMark(ticket.key)}\n${answeredUpTo(last)}\n${redact(answer(rootId, view, reason))}` }));
}

function answer(rootId: number, view: ItemView | null, reason: string | null): string {
  const decisions = view?.handoff?.keyDecisions ?? [];
  const own = decisions.filter((each) => each.startsWith(`Conversation ${rootId}:`)).map((each) => each.slice(each.indexOf(":") + 1).trim());
  // What is said to another conversation is no answer here.
  const said = own.length > 0 ? own : reason === null ? decisions.filter((each) => !/^Conversation \d+:/.test(each)) : [];
  const words = said.length === 0 ? "" : `\n\n${quote(cut(said.map((each) => `- ${each.replace(/\s+/g, " ")}`).join("\n"), MAX_ANSWER_CHARS, "(cut)"))}`;
  if (reason !== null) return `WorkTrain changed nothing here.${own.length > 0 ? " Its session says:" : ""}${words}\n\n${quote(cut(reason, MAX_ANSWER_CHARS, "(cut)"))}`;
  return `WorkTrain worked on this${words === "" ? "; what it did stands in the pull request's text." : ". Its session says:"}${words}`;
}
