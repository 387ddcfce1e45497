import { z } from "zod";

const payloadSchema = z.object({
  action: z.literal("edited"),
  changes: z.object({ body: z.object({ from: z.string() }) }),
  issue: z.looseObject({
    number: z.int().min(1),
    body: z.string().nullish(),
    updated_at: z.string().refine((text) => !Number.isNaN(Date.parse(text))),
    pull_request: z.unknown().optional(),
  }),
  sender: z.object({ login: z.string(), id: z.int(), type: z.string() }),
});

/** An issue whose text a person changed. */
export interface EditedIssue {
  readonly issueNumber: number;
  readonly before: string;
  readonly body: string;
  /** As the webhook has it, to see who wrote the issue. */
  readonly issue: unknown;
  readonly sender: { readonly login: string; readonly id: number };
  /** ISO time of the change, GitHub's clock. */
  readonly editedAt: string;
}

/** Null for everything else, a change by an App or a bot included: none of them ticks a box (attacks 1, 2). */
export function parseEditedIssue(payload: unknown): EditedIssue | null {
  const parsed = payloadSchema.safeParse(payload);
  if (!parsed.success) return null;
  const { changes, issue, sender } = parsed.data;
  if (sender.type !== "User" || (issue.pull_request ?? null) !== null) return null;
  return {
    issueNumber: issue.number,
    before: changes.body.from,
    body: issue.body ?? "",
    issue,
    sender: { login: sender.login, id: sender.id },
    editedAt: new Date(issue.updated_at).toISOString(),
  };
}
