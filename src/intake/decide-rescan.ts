/**
 * What was missed on a labelled issue while no webhook came, or no App was there to hear it (faults 28, 30, 38, 63). Pure: decided from
 * what a look at the repository shows.
 */
import { unreachable } from "../shared/unreachable.ts";

/** What the status comment of the issue says of its latest attempt. */
export interface StatusFound {
  readonly state: "refused" | "starting" | "waiting" | "running" | "ended" | "interrupted";
  readonly runId: number | null;
  readonly labelledAt: string;
  /** When it is to be tried again. */
  readonly due?: string | undefined;
  /** Of a review: the commit that it was about. */
  readonly head?: string | undefined;
  /** When the comment was written last. */
  readonly updatedAt: string;
}

export interface LabelFound {
  readonly label: string;
  readonly setAt: string;
  /** Who set it; null where that is nobody who can be asked for. */
  readonly by: { readonly login: string; readonly id: number } | null;
}

export interface IssueFound {
  readonly status: StatusFound | null;
  /** When and by whom the start label was set last; null when that is not known. */
  readonly labelled: LabelFound | null;
  /** The head of a pull request of this repository; absent for an issue, and for a fork's, which only its label starts. */
  readonly head?: string | undefined;
}

export type Missed =
  | { readonly kind: "nothing" }
  /** A run is under way, or was: its webhooks may have been lost. */
  | { readonly kind: "look-at-run"; readonly runId: number }
  /** The App ended between saying that it starts a run and hearing that there is one. */
  | { readonly kind: "start-again" }
  /** The model could not be reached, and it is time to try again. */
  | { readonly kind: "try-again" }
  /** A labelled pull request that was reviewed has another head by now. */
  | { readonly kind: "push" }
  | { readonly kind: "label"; readonly label: LabelFound & { readonly by: NonNullable<LabelFound["by"]> } };

/** A webhook that is on its way, or being dealt with, comes first. */
export const UNDER_WAY_MS = 3 * 60_000;
/** A dispatched run shows up in GitHub's lists within seconds, and its id in the comment with it. */
const START_GRACE_MS = 10 * 60_000;
/** The label's webhook states the issue's last change for the time of the label: the same second or so. */
const SAME_LABEL_MS = 60_000;
/** GitHub keeps a delivery for redelivery as long; an older label was set when nobody had installed the App, or is forgotten. */
const OLDEST_LABEL_MS = 3 * 24 * 60 * 60_000;

export function decideRescan({ status, labelled, head }: IssueFound, nowMs: number): Missed {
  if (labelled !== null && labelled.by !== null && isUnheard(labelled.setAt, status, nowMs)) return { kind: "label", label: { ...labelled, by: labelled.by } };
  if (status === null) return { kind: "nothing" };
  switch (status.state) {
    case "refused":
      return { kind: "nothing" };
    case "ended":
      return head !== undefined && status.head !== undefined && status.head !== head && nowMs - Date.parse(status.updatedAt) >= UNDER_WAY_MS ? { kind: "push" } : { kind: "nothing" };
    case "interrupted":
      return status.due !== undefined && Date.parse(status.due) <= nowMs ? { kind: "try-again" } : { kind: "nothing" };
    case "starting":
    case "waiting":
    case "running":
      if (status.runId !== null) return { kind: "look-at-run", runId: status.runId };
      return nowMs - Date.parse(status.updatedAt) < START_GRACE_MS ? { kind: "nothing" } : { kind: "start-again" };
    default:
      return unreachable(status.state);
  }
}

/** Whether the label was set, or the issue given to somebody, after all that the status comment tells of. What is done so while a run is under way asks for nothing. @param setAt ISO time */
export function isUnheard(setAt: string, status: Pick<StatusFound, "state" | "labelledAt" | "updatedAt"> | null, nowMs: number): boolean {
  const setMs = Date.parse(setAt);
  if (nowMs - setMs < UNDER_WAY_MS || nowMs - setMs > OLDEST_LABEL_MS) return false;
  if (status === null) return true;
  const isOver = status.state === "refused" || status.state === "ended" || status.state === "interrupted";
  return isOver && setMs > Date.parse(status.updatedAt) && setMs > Date.parse(status.labelledAt) + SAME_LABEL_MS;
}
