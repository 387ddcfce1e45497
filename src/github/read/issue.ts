import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { hasStatus } from "../request-error.ts";

const labelSchema = z.union([z.string(), z.object({ name: z.string().nullish() }).transform((label) => label.name ?? "")]);
const issueSchema = z.object({
  id: z.int(),
  number: z.int(),
  title: z.string(),
  body: z.string().nullish(),
  state: z.string(),
  labels: z.array(labelSchema),
  locked: z.boolean().default(false),
  html_url: z.string(),
  created_at: z.string(),
  pull_request: z.unknown().optional(),
  assignees: z.array(z.object({ login: z.string() })).nullish(),
  user: z.object({ id: z.int(), login: z.string() }).nullish(),
  performed_via_github_app: z.unknown().optional(),
});

export interface IssueFacts {
  readonly id: number;
  readonly number: number;
  readonly title: string;
  /** Empty when the issue has none. */
  readonly body: string;
  readonly open: boolean;
  readonly labels: readonly string[];
  readonly locked: boolean;
  readonly isPullRequest: boolean;
  readonly author: { readonly id: number; readonly login: string } | null;
  readonly htmlUrl: string;
  /** ISO time, GitHub's clock. */
  readonly createdAt: string;
}

/** With what REST alone tells here. */
export interface AssignedIssue extends IssueFacts {
  readonly assignees: readonly string[];
  /** An App wrote it for its author. */
  readonly viaApp: boolean;
}

/** An issue as it is now; null when it is gone (404, or 410 for a deleted one). */
export async function readIssue(github: GitHub, repository: Repository, issueNumber: number): Promise<AssignedIssue | null> {
  try {
    const { data } = await github.request("GET /repos/{owner}/{repo}/issues/{issue_number}", { ...repository, issue_number: issueNumber });
    const issue = parseAnswer(issueSchema, data, "GET /repos/{owner}/{repo}/issues/{issue_number}");
    return {
      id: issue.id,
      number: issue.number,
      title: issue.title,
      body: issue.body ?? "",
      open: issue.state === "open",
      labels: issue.labels,
      locked: issue.locked,
      isPullRequest: issue.pull_request !== undefined && issue.pull_request !== null,
      author: issue.user === null || issue.user === undefined ? null : { id: issue.user.id, login: issue.user.login },
      htmlUrl: issue.html_url,
      createdAt: issue.created_at,
      assignees: (issue.assignees ?? []).map(({ login }) => login),
      viaApp: (issue.performed_via_github_app ?? null) !== null,
    };
  } catch (error) {
    if (hasStatus(error, 404, 410)) return null;
    throw error;
  }
}
