/** What is to be so on GitHub. Data: deriving it is pure, an outlet each applies it. */
import type { CheckActionName } from "../github/write/index.ts";
import type { Change } from "./change.ts";

/** The tree as a commit on a branch of its own. */
export interface BranchIntent {
  readonly kind: "branch";
  readonly branch: string;
  /** The commit and tree that an earlier delivery of the item left there and this one comes after; null: there is no branch yet. */
  readonly from: { readonly sha: string; readonly tree: string } | null;
  /** The commit of the base branch that is merged into what is there; null where none is. */
  readonly onto: string | null;
  readonly change: Change;
  /** The tree of the base commit, which GitHub builds the new one on. */
  readonly baseTree: string;
  /** Subject, body and trailers. */
  readonly message: string;
  readonly record: RecordWish;
}

/** The item's record ref is to say that this was delivered. */
export interface RecordWish {
  /** Full name. */
  readonly ref: string;
  /** Of the record commit. */
  readonly message: string;
}

/** The record alone, for a delivery without files. */
export interface RecordIntent {
  readonly kind: "record";
  readonly record: RecordWish;
  /** Digits of the repository's object names: its empty tree is named in the same form. */
  readonly oidLength: number;
}

export interface PullRequestIntent {
  readonly kind: "pull-request";
  readonly branch: string;
  /** Branch it is to be merged into. */
  readonly base: string;
  readonly title: string;
  /** Starts with the marker. */
  readonly body: string;
  /** An earlier delivery made it: its text is brought up to date. */
  readonly renewed: boolean;
}

/** One review of a pull request: it comments, and never approves. */
export interface ReviewIntent {
  readonly kind: "review";
  readonly pullNumber: number;
  /** The commit it is about, whatever the head is by now. */
  readonly headSha: string;
  /** Starts with the marker. */
  readonly body: string;
  readonly comments: readonly ReviewComment[];
}

/** On lines of the diff, counted in the new file. */
export interface ReviewComment {
  readonly path: string;
  /** The last of them. */
  readonly line: number;
  /** The first, where there is more than one. */
  readonly startLine?: number;
  readonly body: string;
}

/** A conversation that one of our findings began is answered, and resolved where it may be. */
export interface ThreadIntent {
  readonly kind: "thread";
  /** Among those of this delivery, from 1. */
  readonly place: number;
  readonly pullNumber: number;
  readonly threadId: string;
  /** The comment it began with. */
  readonly commentId: number;
  readonly resolve: boolean;
  readonly body: string;
}

/** What somebody said in a conversation on our pull request is answered there. Who said it resolves it. */
export interface ReplyIntent {
  readonly kind: "reply";
  /** Among those of this delivery, from 1. */
  readonly place: number;
  readonly pullNumber: number;
  /** The comment that the conversation began with. */
  readonly commentId: number;
  /** The last comment that is answered: what stands before it is no answer to it. */
  readonly after: number;
  /** Begins with the mark; the commit that this delivery made is named behind it. */
  readonly body: string;
}

/** Our check runs on a commit that is not the head any more say by which one they are superseded; none of them stays green. */
export interface StaleCheckIntent {
  readonly kind: "stale-check";
  readonly headSha: string;
  readonly supersededBy: string;
}

/** On lines of a file that the commit has. */
export interface CheckAnnotation {
  readonly path: string;
  readonly startLine: number;
  readonly endLine: number;
  readonly level: "notice" | "warning" | "failure";
  readonly title: string;
  readonly message: string;
}

/** A completed check run on the commit the branch intent made, or on `headSha`. */
export interface CheckRunIntent {
  readonly kind: "check-run";
  /** The commit that was reviewed. */
  readonly headSha?: string;
  readonly conclusion: "success" | "neutral" | "failure";
  readonly title: string;
  readonly summary: string;
  readonly text: string;
  readonly detailsUrl: string;
  /** Any number; they are sent in batches. */
  readonly annotations?: readonly CheckAnnotation[];
  /** Buttons, where it is the App's own; none where left out. */
  readonly actions?: readonly CheckActionName[];
}

/** A comment that says in words why something stopped. */
export interface CommentIntent {
  readonly kind: "comment";
  readonly issueNumber: number;
  /** Starts with the marker. */
  readonly body: string;
}

/** A sub-issue of the item's issue, without a label. */
export interface SubIssueIntent {
  readonly kind: "sub-issue";
  readonly parent: number;
  /** In the order in which they can be done, from 1. */
  readonly place: number;
  readonly title: string;
  /** Starts with the marker. */
  readonly body: string;
}

/** Nothing merges the branch any more because of what an earlier delivery armed: what comes next is decided anew. */
export interface DisarmIntent {
  readonly kind: "disarm";
  readonly branch: string;
  /** The commit that the earlier delivery left there: the branch is still to move. */
  readonly from: string;
}

/** GitHub is to merge the pull request that this delivery made, at the commit that it made, once the branch's rules are met. */
export interface AutoMergeIntent {
  readonly kind: "auto-merge";
  readonly method: "squash" | "merge" | "rebase";
}

export type Intent = BranchIntent | RecordIntent | PullRequestIntent | ReviewIntent | ThreadIntent | ReplyIntent | StaleCheckIntent | CheckRunIntent | CommentIntent | SubIssueIntent | DisarmIntent | AutoMergeIntent;

/** The effect's key: one decision of one ticket, one kind; of several of a kind each has its place. */
export const effectKey = (kind: Intent["kind"], ticketKey: string, place?: number): string => `${kind}:${ticketKey}${place === undefined ? "" : `:${place}`}`;
