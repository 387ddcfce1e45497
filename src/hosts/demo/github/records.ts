import type { JsonObject } from "../../../shared/json.ts";
import type { Conclusion, JobPermissions, RunEvent, RunStatus } from "./actions-port.ts";

export type Level = "read" | "write";
/** Permission names as GitHub's App settings spell them (`pull_requests`). */
export type Permissions = Readonly<Record<string, Level>>;
export type Role = "none" | "read" | "triage" | "write" | "maintain" | "admin";

export interface AppRecord {
  readonly id: number;
  readonly slug: string;
  readonly publicKeyPem: string;
  readonly permissions: Permissions;
  /** Webhook events it subscribes to; `check_run`, `check_suite` and `installation` come anyway. */
  readonly events: readonly string[];
  readonly createdAt: string;
}

/** An App that a person agreed to, until its code is changed for its credentials. */
export interface ManifestRecord {
  readonly id: number;
  readonly owner: Account;
  readonly name: string;
  readonly permissions: Permissions;
  readonly events: readonly string[];
  /** RSA. */
  readonly pem: string;
  readonly webhookSecret: string;
  readonly createdAt: string;
}

export interface Account {
  readonly id: number;
  readonly login: string;
  readonly type: "User" | "Organization" | "Bot";
}

export interface RepositoryRecord {
  readonly id: number;
  readonly owner: Account;
  readonly name: string;
  readonly visibility: "public" | "private";
  readonly defaultBranch: string;
  /** The repository that it is a fork of; absent: it is none. */
  readonly forkOf?: number;
  /** Absolute path of the bare repository. */
  readonly gitDirectory: string;
  readonly createdAt: string;
  readonly pushedAt: string;
  readonly archived: boolean;
  /** Settings, General: Allow auto-merge. */
  readonly autoMergeAllowed: boolean;
  /** Names of checks that the default branch requires. */
  readonly requiredChecks: readonly string[];
  /** By lower-case login. */
  readonly roles: ReadonlyMap<string, Role>;
}

export interface Installation {
  readonly id: number;
  readonly account: Account;
  readonly repositoryIds: ReadonlySet<number>;
  readonly createdAt: string;
}

export type TokenRecord =
  | { readonly kind: "user"; readonly login: string }
  | {
      readonly kind: "installation";
      readonly installationId: number;
      readonly repositoryIds: ReadonlySet<number>;
      readonly permissions: Permissions;
      readonly expiresAt: string;
    }
  | { readonly kind: "job"; readonly jobId: number; readonly repositoryId: number; readonly permissions: Permissions };

export interface Label {
  readonly id: number;
  readonly repositoryId: number;
  readonly name: string;
  /** Six hex digits. */
  readonly color: string;
  readonly description: string | null;
}

export interface Issue {
  readonly id: number;
  readonly repositoryId: number;
  readonly number: number;
  readonly title: string;
  readonly body: string | null;
  readonly author: string;
  /** Made through an App. */
  readonly viaApp: boolean;
  readonly state: "open" | "closed";
  readonly closedAt: string | null;
  readonly labelIds: readonly number[];
  /** Logins. */
  readonly assignees: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly pull: PullPart | null;
  /** The conversation takes comments of people who can write, and none of an App. Absent: it is open. */
  readonly locked?: boolean;
}

export interface AutoMerge {
  readonly at: string;
  readonly by: string;
  readonly method: "MERGE" | "REBASE" | "SQUASH";
  /** The head that it was armed at. A push does not disarm it: who may push to a branch here has write permission (P-auto-merge). */
  readonly headSha: string;
}

/** What makes an issue a pull request. */
export interface PullPart {
  readonly id: number;
  readonly head: {
    readonly ref: string;
    readonly sha: string;
    /** The fork whose branch it is; absent: a branch of the repository itself. */
    readonly forkId?: number;
  };
  readonly base: { readonly ref: string; readonly sha: string };
  readonly draft: boolean;
  readonly maintainerCanModify: boolean;
  readonly merged: { readonly at: string; readonly by: string; readonly sha: string } | null;
  /** Armed to be merged once the branch's rules are met. */
  readonly autoMerge: AutoMerge | null;
}

export type Pull = Issue & { readonly pull: PullPart };

export const isPull = (issue: Issue): issue is Pull => issue.pull !== null;

export interface Comment {
  readonly id: number;
  readonly repositoryId: number;
  readonly issueId: number;
  readonly author: string;
  readonly viaApp: boolean;
  readonly body: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A submitted review of a pull request. */
export interface Review {
  readonly id: number;
  readonly repositoryId: number;
  readonly issueId: number;
  readonly author: string;
  readonly state: "COMMENTED" | "APPROVED" | "CHANGES_REQUESTED";
  readonly body: string;
  readonly commitId: string;
  readonly submittedAt: string;
  readonly comments: readonly ReviewComment[];
}

/** On a line of the diff. */
export interface ReviewComment {
  readonly id: number;
  readonly path: string;
  readonly line: number;
  /** The first line, where it stands on more than one. */
  readonly startLine: number | null;
  readonly side: "LEFT" | "RIGHT";
  readonly body: string;
  readonly diffHunk: string;
  /** The comment that it answers. */
  readonly inReplyTo: number | null;
}

export interface Reaction {
  readonly id: number;
  readonly repositoryId: number;
  readonly subject: { readonly kind: "issue" | "comment"; readonly id: number };
  readonly author: string;
  readonly content: string;
  readonly createdAt: string;
}

/** What a service said of a commit; of one context the newest counts. */
export interface CommitStatus {
  readonly id: number;
  readonly repositoryId: number;
  readonly sha: string;
  readonly state: "error" | "failure" | "pending" | "success";
  readonly context: string;
  readonly description: string | null;
  readonly targetUrl: string | null;
  readonly creator: string;
  readonly createdAt: string;
}

export interface CheckSuite {
  readonly id: number;
  readonly repositoryId: number;
  readonly appSlug: string;
  readonly headSha: string;
  readonly createdAt: string;
}

export interface CheckRun {
  readonly id: number;
  readonly repositoryId: number;
  readonly suiteId: number;
  readonly appSlug: string;
  readonly name: string;
  readonly headSha: string;
  readonly externalId: string;
  readonly detailsUrl: string | null;
  readonly status: string;
  readonly conclusion: string | null;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  readonly output: { readonly title: string | null; readonly summary: string | null; readonly text: string | null };
  readonly annotations: readonly Annotation[];
  readonly actions: readonly CheckAction[];
}

export interface Annotation {
  readonly path: string;
  readonly start_line: number;
  readonly end_line: number;
  readonly start_column?: number | undefined;
  readonly end_column?: number | undefined;
  readonly annotation_level: "notice" | "warning" | "failure";
  readonly message: string;
  readonly title?: string | undefined;
  readonly raw_details?: string | undefined;
}

export interface CheckAction {
  readonly label: string;
  readonly description: string;
  readonly identifier: string;
}

export interface WorkflowFile {
  readonly id: number;
  readonly repositoryId: number;
  readonly path: string;
  readonly name: string;
  readonly createdAt: string;
}

export interface Run {
  readonly id: number;
  readonly repositoryId: number;
  readonly workflowId: number;
  readonly runNumber: number;
  readonly attempt: number;
  readonly displayTitle: string;
  readonly event: RunEvent;
  /** Of a run for a pull request, whose head `headSha` is. */
  readonly pull?: { readonly number: number; readonly baseRef: string; /** What is checked out: head and base merged. */ readonly mergeSha: string; readonly forkId?: number };
  readonly payload?: JsonObject | undefined;
  readonly headBranch: string;
  readonly headSha: string;
  readonly headCommit: CommitSummary;
  /** The workflow file as dispatched. */
  readonly workflowText: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly actor: string;
  readonly status: RunStatus;
  readonly conclusion: Conclusion | null;
  readonly createdAt: string;
  readonly startedAt: string;
  readonly updatedAt: string;
}

export interface CommitSummary {
  readonly id: string;
  readonly treeId: string;
  readonly message: string;
  readonly timestamp: string;
  readonly author: { readonly name: string; readonly email: string };
  readonly committer: { readonly name: string; readonly email: string };
}

export interface Job {
  readonly id: number;
  readonly runId: number;
  readonly repositoryId: number;
  readonly name: string;
  readonly permissions: JobPermissions;
  readonly environment: string | null;
  readonly status: RunStatus;
  readonly conclusion: Conclusion | null;
  readonly createdAt: string;
  readonly startedAt: string;
  readonly completedAt: string | null;
}

export interface Artifact {
  readonly id: number;
  readonly repositoryId: number;
  readonly runId: number;
  readonly name: string;
  readonly size: number;
  readonly digest: string;
  readonly bytesPath: string;
  readonly contentType: string;
  readonly createdAt: string;
  readonly expired: boolean;
}
