import { z } from "zod";
import { parseLabeledEvent, type LabeledEvent } from "./labeled-event.ts";

const CAUSES = { labeled: "label", synchronize: "push", opened: "opened", reopened: "opened", ready_for_review: "opened" } as const;

const payloadSchema = z.looseObject({
  action: z.enum(["labeled", "synchronize", "opened", "reopened", "ready_for_review"]),
  label: z.unknown().optional(),
  pull_request: z.looseObject({ head: z.object({ sha: z.string() }), labels: z.array(z.object({ name: z.string() })).optional() }),
  sender: z.looseObject({ type: z.string().optional() }),
});

export interface PullRequestEvent {
  /** Why it may be to be reviewed: somebody labelled it, pushed to it or opened it. */
  readonly cause: (typeof CAUSES)[keyof typeof CAUSES];
  /** In the shape of a label on an issue; without one the label's name is empty. */
  readonly event: LabeledEvent;
  /** The head when it happened: a label vouches for this commit and for no later one (attack 5). */
  readonly headSha: string;
  /** What it was labelled with when it happened; absent where the payload does not say. */
  readonly labels?: readonly string[];
}

/** `pull_request` in the actions that a review may follow from; null for anything else, what bots open or push included: nobody can be asked for in their name, and ours are reviewed as they are made. The head under review is asked of the API, not taken from here. */
export function parsePullRequestEvent(payload: unknown): PullRequestEvent | null {
  const parsed = payloadSchema.safeParse(payload);
  if (!parsed.success) return null;
  const { action, label, pull_request: pull, sender } = parsed.data;
  if (action !== "labeled" && sender.type === "Bot") return null;
  const event = parseLabeledEvent({ ...parsed.data, action: "labeled", label: action === "labeled" ? label : { name: "" }, issue: { ...pull, pull_request: undefined } });
  return event === null ? null : { cause: CAUSES[action], event, headSha: pull.head.sha, ...(pull.labels === undefined ? {} : { labels: pull.labels.map(({ name }) => name) }) };
}
