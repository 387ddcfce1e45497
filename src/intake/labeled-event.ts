import { z } from "zod";

const payloadSchema = z.object({
  action: z.literal("labeled"),
  label: z.object({ name: z.string() }),
  issue: z.object({
    number: z.int().min(1),
    title: z.string(),
    body: z.string().nullish(),
    updated_at: z.string().refine((text) => !Number.isNaN(Date.parse(text))),
    pull_request: z.unknown().optional(),
  }),
  repository: z.object({ id: z.int(), name: z.string(), owner: z.object({ login: z.string() }) }),
  sender: z.object({ login: z.string(), id: z.int() }),
});

/** `issues.labeled` as far as it is believed: what the text was, and whose word to check by API. */
export interface LabeledEvent {
  readonly repository: { readonly id: number; readonly owner: string; readonly repo: string };
  readonly issueNumber: number;
  readonly label: string;
  readonly sender: { readonly login: string; readonly id: number };
  /** Title and body as they were when the label was set. */
  readonly task: { readonly title: string; readonly body: string };
  /** ISO time at which GitHub set the label: tells a repeated or older delivery from a new wish. */
  readonly labelledAt: string;
}

/** Null for a payload that is not an issue being labelled, a pull request's included. */
export function parseLabeledEvent(payload: unknown): LabeledEvent | null {
  const parsed = payloadSchema.safeParse(payload);
  if (!parsed.success) return null;
  const { issue, label, repository, sender } = parsed.data;
  if (issue.pull_request !== undefined && issue.pull_request !== null) return null;
  return {
    repository: { id: repository.id, owner: repository.owner.login, repo: repository.name },
    issueNumber: issue.number,
    label: label.name,
    sender: { login: sender.login, id: sender.id },
    task: { title: issue.title, body: issue.body ?? "" },
    labelledAt: new Date(issue.updated_at).toISOString(),
  };
}
