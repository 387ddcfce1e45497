/** What people said in conversations of a delivered pull request and nobody has dealt with. Pure. */
import type { Conversation, ConversationComment } from "../../../github/read/index.ts";
import { hasAnswerMark, readAnsweredUpTo } from "../../../record/answer-mark.ts";

export interface OpenComment {
  readonly id: number;
  readonly author: { readonly login: string; readonly id: number };
  /** ISO time, GitHub's clock. */
  readonly createdAt: string;
}

/**
 * In order of their ids. What belongs to a review that asks for changes is that review's; what stands in an approval asks for nothing, since a new
 * commit would take the approval back; and a dismissed review is taken back.
 * @param conversations those that are not resolved
 */
export const openComments = (conversations: readonly Conversation[]): readonly OpenComment[] =>
  conversations.flatMap(({ comments }) => comments.filter(({ id }) => id > answeredIn(comments)).flatMap(asOpen)).toSorted((a, b) => a.id - b.id);

/** The last comment that an answer of ours has dealt with; ids grow as comments are made. */
const answeredIn = (comments: readonly ConversationComment[]): number => Math.max(0, ...comments.filter(isAnswer).map(({ id, body }) => readAnsweredUpTo(body) ?? id));

const isAnswer = ({ own, body }: ConversationComment): boolean => own && hasAnswerMark(body);

const NO_ORDER: ReadonlySet<string> = new Set(["CHANGES_REQUESTED", "APPROVED", "DISMISSED"]);

function asOpen({ id, author, createdAt, review }: ConversationComment): readonly OpenComment[] {
  if (author?.kind !== "User" || author.id === null || (review !== null && NO_ORDER.has(review.state))) return [];
  return [{ id, author: { login: author.login, id: author.id }, createdAt }];
}
