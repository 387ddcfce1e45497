import { z } from "zod";
import { parseLabeledEvent, type LabeledEvent } from "./labeled-event.ts";

const payloadSchema = z.looseObject({ action: z.enum(["assigned", "unassigned"]), assignee: z.object({ login: z.string() }).nullable() });

export interface AssignedEvent {
  readonly action: "assigned" | "unassigned";
  /** Whom the issue was given to, or taken from. */
  readonly assignee: string;
  /** In the shape of a label that whoever assigned had set; the label's name is empty. */
  readonly event: LabeledEvent;
}

/** `issues.assigned` and `issues.unassigned`; null for anything else, a pull request's included. */
export function parseAssignedEvent(payload: unknown): AssignedEvent | null {
  const parsed = payloadSchema.safeParse(payload);
  const { action, assignee = null } = parsed.success ? parsed.data : {};
  const event = parsed.success ? parseLabeledEvent({ ...parsed.data, action: "labeled", label: { name: "" } }) : null;
  return action === undefined || assignee === null || event === null ? null : { action, assignee: assignee.login, event };
}
