import { z } from "zod";

const payloadSchema = z.object({
  action: z.literal("created"),
  issue: z.object({ number: z.int().min(1), title: z.string(), body: z.string().nullish(), pull_request: z.unknown().optional() }),
  comment: z.object({
    id: z.int().min(1),
    body: z.string(),
    user: z.object({ login: z.string(), id: z.int(), type: z.string() }),
    created_at: z.string(),
    updated_at: z.string(),
    performed_via_github_app: z.unknown().optional(),
  }),
  sender: z.object({ login: z.string(), id: z.int() }),
});

/** A new comment by a person, as far as its event is believed: its words, and whose permission to ask the API for. */
export interface CommentEvent {
  readonly issueNumber: number;
  readonly isPullRequest: boolean;
  /** Title and body as they were when the comment was written. */
  readonly task: { readonly title: string; readonly body: string };
  readonly commentId: number;
  readonly body: string;
  readonly author: { readonly login: string; readonly id: number };
  /** ISO time, GitHub's clock. */
  readonly createdAt: string;
}

/**
 * Null for everything that can hold no command (attacks 1, 2): a comment of an account that is no person's, one that an App wrote for a
 * person, one that was changed since, and one that somebody else sent.
 */
export function parseCommentEvent(payload: unknown): CommentEvent | null {
  const parsed = payloadSchema.safeParse(payload);
  if (!parsed.success) return null;
  const { issue, comment, sender } = parsed.data;
  const { user } = comment;
  if (user.type !== "User" || user.id !== sender.id) return null;
  if (comment.performed_via_github_app !== undefined && comment.performed_via_github_app !== null) return null;
  if (comment.created_at !== comment.updated_at || Number.isNaN(Date.parse(comment.created_at))) return null;
  return {
    issueNumber: issue.number,
    isPullRequest: issue.pull_request !== undefined && issue.pull_request !== null,
    task: { title: issue.title, body: issue.body ?? "" },
    commentId: comment.id,
    body: comment.body,
    author: { login: user.login, id: user.id },
    createdAt: new Date(comment.created_at).toISOString(),
  };
}
