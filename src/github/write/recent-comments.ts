/** What was said lately in a repository, in one listing: comments of ours, and those of people. */
import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { readOwnReactions } from "../read/comment-traces.ts";
import { firstPages } from "../read/pages.ts";
import { parseAnswer } from "../parse-answer.ts";
import { hasStatus } from "../request-error.ts";
import { commentSchema, isWrittenBy, toOwnComment, type CommentTarget, type OwnComment } from "./comment.ts";

/** The thousand comments that were changed last. */
const MAX_RECENT_PAGES = 10;

const recentSchema = commentSchema.extend({
  node_id: z.string(),
  issue_url: z.string(),
  created_at: z.string(),
  user: z.object({ login: z.string(), id: z.int(), type: z.string() }).nullish(),
  reactions: z.object({ "+1": z.int(), confused: z.int() }).optional(),
});

/** A person's, with no App between, and with the words that the person wrote. */
export interface SaidComment {
  readonly id: number;
  /** By which GraphQL knows it. */
  readonly nodeId: string;
  readonly issueNumber: number;
  readonly isPullRequest: boolean;
  readonly body: string;
  readonly author: { readonly login: string; readonly id: number };
  /** ISO time, GitHub's clock. */
  readonly createdAt: string;
  /** Somebody, whoever it is, has reacted with one of the reactions that we end a command with (`endedByUs`). */
  readonly reacted: boolean;
}

export interface RecentComments {
  /** Lowest id first. */
  readonly own: readonly (OwnComment & { readonly issueNumber: number })[];
  /** Those that nobody has edited, lowest id first. */
  readonly said: readonly SaidComment[];
}

/** Comments on whatever issue or pull request of the repository that were written or changed since a time (ISO). Of very many those that were changed last. */
export async function findRecentComments({ github, repository, author }: Omit<CommentTarget, "issueNumber">, { since }: { readonly since: string }): Promise<RecentComments> {
  const route = "GET /repos/{owner}/{repo}/issues/comments";
  const found = await firstPages(github, { route, parameters: { ...repository, since, sort: "updated", direction: "desc" }, items: (data) => parseAnswer(z.array(recentSchema), data, route), maxPages: MAX_RECENT_PAGES });
  const inOrder = found.toSorted((a, b) => a.id - b.id);
  return {
    own: inOrder.filter((comment) => isWrittenBy(comment, author)).map((comment) => ({ ...toOwnComment(comment), issueNumber: issueOf(comment) })),
    said: inOrder.map(saidBy).filter((said) => said !== null),
  };
}

/** One comment as it is now; null where it is gone, or is not what a person wrote (any more). */
export async function readSaidComment(github: GitHub, repository: Repository, commentId: number): Promise<SaidComment | null> {
  const route = "GET /repos/{owner}/{repo}/issues/comments/{comment_id}";
  try {
    return saidBy(parseAnswer(recentSchema, (await github.request(route, { ...repository, comment_id: commentId })).data, route));
  } catch (error) {
    if (hasStatus(error, 404, 410)) return null;
    throw error;
  }
}

/** Those of them that we have reacted to so ourselves: what anybody else reacts with says nothing of us. One query where somebody has. */
export const endedByUs = (github: GitHub, said: readonly SaidComment[]): Promise<ReadonlySet<number>> =>
  readOwnReactions(github, { nodeIds: said.flatMap(({ nodeId, reacted }) => (reacted ? [nodeId] : [])), contents: ["THUMBS_UP", "CONFUSED"] });

function saidBy(comment: z.infer<typeof recentSchema>): SaidComment | null {
  const { id, node_id: nodeId, body, user, created_at: createdAt, reactions, html_url: url } = comment;
  // Somebody else may have put the words there.
  if (user?.type !== "User" || comment.updated_at !== createdAt || (comment.performed_via_github_app ?? null) !== null) return null;
  return { id, nodeId, issueNumber: issueOf(comment), isPullRequest: /\/pull\/\d+#/.test(url), body: body ?? "", author: { login: user.login, id: user.id }, createdAt, reacted: reactions !== undefined && reactions["+1"] + reactions.confused > 0 };
}

const issueOf = ({ issue_url: url }: z.infer<typeof recentSchema>): number => Number(url.slice(url.lastIndexOf("/") + 1));
