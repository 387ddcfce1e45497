import { z } from "zod";

const issueSchema = z.object({ number: z.int().min(1), pull_request: z.unknown().optional(), labels: z.array(z.object({ name: z.string() })) });
const payloadSchema = z.discriminatedUnion("action", [
  z.object({ action: z.literal("unlabeled"), label: z.object({ name: z.string() }), issue: issueSchema }),
  z.object({ action: z.literal("closed"), issue: issueSchema }),
]);

export interface TakenBackEvent {
  readonly issueNumber: number;
  /** What was taken off, or what was on it when it was closed: one of them may be the label that starts work. */
  readonly labels: readonly string[];
}

/** `issues.unlabeled` or `issues.closed`; null for anything else, a pull request's included. The API says whether it is so. */
export function parseTakenBackEvent(payload: unknown): TakenBackEvent | null {
  const parsed = payloadSchema.safeParse(payload);
  if (!parsed.success) return null;
  const { issue } = parsed.data;
  if (issue.pull_request !== undefined && issue.pull_request !== null) return null;
  return { issueNumber: issue.number, labels: parsed.data.action === "closed" ? issue.labels.map(({ name }) => name) : [parsed.data.label.name] };
}
