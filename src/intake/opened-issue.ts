import { z } from "zod";
import { parseLabeledEvent, type LabeledEvent } from "./labeled-event.ts";

const payloadSchema = z.looseObject({
  action: z.literal("opened"),
  issue: z.looseObject({ created_at: z.string(), user: z.object({ id: z.int(), type: z.string() }), performed_via_github_app: z.unknown().optional() }),
  sender: z.looseObject({ id: z.int() }),
});

/** A new issue in the shape of one that its author labelled; null for everything that can hold no command (attacks 1, 2), as with comments. */
export function parseOpenedIssue(payload: unknown): LabeledEvent | null {
  const parsed = payloadSchema.safeParse(payload);
  if (!parsed.success) return null;
  const { issue, sender } = parsed.data;
  if (issue.user.type !== "User" || issue.user.id !== sender.id || (issue.performed_via_github_app ?? null) !== null) return null;
  return parseLabeledEvent({ ...parsed.data, action: "labeled", label: { name: "" }, issue: { ...issue, updated_at: issue.created_at } });
}
