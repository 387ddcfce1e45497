/** What is to be so on GitHub. Data: deriving it is pure, an outlet each applies it. */
import type { Change } from "./change.ts";

/** The tree as a commit on a branch of its own. */
export interface BranchIntent {
  readonly kind: "branch";
  readonly branch: string;
  readonly change: Change;
  /** Subject, body and trailers. */
  readonly message: string;
}

export interface PullRequestIntent {
  readonly kind: "pull-request";
  readonly branch: string;
  /** Branch it is to be merged into. */
  readonly base: string;
  readonly title: string;
  /** Starts with the marker. */
  readonly body: string;
}

/** A completed check run on the commit the branch intent made. */
export interface CheckRunIntent {
  readonly kind: "check-run";
  readonly conclusion: "success" | "neutral" | "failure";
  readonly title: string;
  readonly summary: string;
  readonly text: string;
  readonly detailsUrl: string;
}

/** A comment that says in words why something stopped. */
export interface CommentIntent {
  readonly kind: "comment";
  readonly issueNumber: number;
  /** Starts with the marker. */
  readonly body: string;
}

export type Intent = BranchIntent | PullRequestIntent | CheckRunIntent | CommentIntent;

/** The effect's key: one decision of one ticket, one kind. */
export const effectKey = (kind: Intent["kind"], ticketKey: string): string => `${kind}:${ticketKey}`;
