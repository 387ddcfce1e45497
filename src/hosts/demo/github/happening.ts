import type { Comment, CommitSummary } from "./records.ts";

/**
 * One thing that happened, by whom. Webhooks, the issue's timeline and the start of runs are all derived from these.
 */
export type Happening = { readonly repositoryId: number; readonly actor: string; readonly at: string } & What;

export type What =
  | { readonly kind: "issues"; readonly action: "opened" | "closed" | "reopened"; readonly issueId: number }
  | { readonly kind: "issues"; readonly action: "edited"; readonly issueId: number; readonly edited: readonly ("title" | "body")[]; readonly previous: { readonly title: string; readonly body: string } }
  | { readonly kind: "issues"; readonly action: "labeled" | "unlabeled"; readonly issueId: number; readonly labelId: number }
  | { readonly kind: "issues" | "pull_request"; readonly action: "assigned" | "unassigned"; readonly issueId: number; readonly assignee: string }
  | { readonly kind: "label"; readonly action: "created"; readonly labelId: number }
  | {
      readonly kind: "issue_comment";
      readonly action: "created" | "edited" | "deleted";
      readonly issueId: number;
      /** As it was: a deleted one is in the webhook too. */
      readonly comment: Comment;
      readonly previousBody?: string;
    }
  | { readonly kind: "reaction"; readonly issueId: number; readonly subject: "issue" | "comment"; readonly content: string }
  | { readonly kind: "pull_request"; readonly action: "opened" | "closed" | "reopened" | "auto_merge_enabled" | "auto_merge_disabled"; readonly issueId: number }
  | { readonly kind: "pull_request"; readonly action: "edited"; readonly issueId: number; readonly edited: readonly ("title" | "body")[]; readonly previous: { readonly title: string; readonly body: string }; /** What the base was, where that was edited. */ readonly base?: { readonly ref: string; readonly sha: string } }
  | { readonly kind: "pull_request"; readonly action: "synchronize"; readonly issueId: number; readonly before: string; readonly after: string }
  | { readonly kind: "pull_request"; readonly action: "labeled" | "unlabeled"; readonly issueId: number; readonly labelId: number }
  | { readonly kind: "pull_request_review"; readonly action: "submitted"; readonly issueId: number; readonly reviewId: number }
  | { readonly kind: "pull_request_review_comment"; readonly action: "created"; readonly issueId: number; readonly reviewId: number; readonly commentId: number }
  | { readonly kind: "pull_request_review_thread"; readonly action: "resolved"; readonly issueId: number; readonly commentId: number }
  | { readonly kind: "status"; readonly statusId: number; readonly branches: readonly { readonly name: string; readonly sha: string }[]; readonly commit: CommitSummary }
  | { readonly kind: "check_run"; readonly action: "created" | "completed" | "rerequested"; readonly checkRunId: number }
  | { readonly kind: "check_run"; readonly action: "requested_action"; readonly checkRunId: number; readonly identifier: string }
  | { readonly kind: "check_suite"; readonly action: "rerequested"; readonly suiteId: number }
  | { readonly kind: "workflow_run"; readonly action: "requested" | "in_progress" | "completed"; readonly runId: number }
  | { readonly kind: "cancel_requested"; readonly runId: number }
  | {
      readonly kind: "push";
      readonly ref: string;
      readonly before: string;
      readonly after: string;
      readonly forced: boolean;
      readonly commits: readonly PushedCommit[];
    }
  | { readonly kind: "merge_group"; readonly action: "checks_requested"; readonly ref: string; readonly head: PushedCommit }
  | { readonly kind: "installation"; readonly action: "created"; readonly installationId: number }
  /** The happening's repository was added. */
  | { readonly kind: "installation_repositories"; readonly action: "added"; readonly installationId: number };

export interface PushedCommit extends CommitSummary {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly modified: readonly string[];
}
