import { z } from "zod";

const payloadSchema = z.object({
  action: z.literal("edited"),
  changes: z.object({ body: z.object({ from: z.string() }) }),
  issue: z.object({ number: z.int().min(1), title: z.string(), body: z.string().nullish(), pull_request: z.unknown().optional() }),
  comment: z.looseObject({ id: z.int().min(1), body: z.string(), html_url: z.string(), updated_at: z.string().refine((text) => !Number.isNaN(Date.parse(text))) }),
  sender: z.object({ login: z.string(), id: z.int(), type: z.literal("User") }),
});

/** A comment whose text a person changed, whoever wrote it. */
export interface EditedComment {
  readonly issueNumber: number;
  readonly isPullRequest: boolean;
  /** Title and body as they were then. */
  readonly task: { readonly title: string; readonly body: string };
  readonly commentId: number;
  readonly before: string;
  readonly body: string;
  readonly url: string;
  /** As the webhook has it, to see who wrote it. */
  readonly comment: unknown;
  readonly sender: { readonly login: string; readonly id: number };
  /** ISO time of the change, GitHub's clock. */
  readonly editedAt: string;
}

/** Null for everything else, a change by an App or a bot included: none of them ticks a box (attacks 1, 2). */
export function parseEditedComment(payload: unknown): EditedComment | null {
  const parsed = payloadSchema.safeParse(payload);
  if (!parsed.success) return null;
  const { changes, issue, comment, sender } = parsed.data;
  return {
    issueNumber: issue.number,
    isPullRequest: issue.pull_request !== undefined && issue.pull_request !== null,
    task: { title: issue.title, body: issue.body ?? "" },
    commentId: comment.id,
    before: changes.body.from,
    body: comment.body,
    url: comment.html_url,
    comment,
    sender: { login: sender.login, id: sender.id },
    editedAt: new Date(comment.updated_at).toISOString(),
  };
}
