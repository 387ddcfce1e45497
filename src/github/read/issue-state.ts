/** What the App decides on, each time in one query: what a label hangs on, and what a run's report does (P-graphql-words). */
import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { queryGraphQl } from "../graphql.ts";
import { blobSchema, fileOf, type FileAtRef } from "./file.ts";
import type { IssueFacts } from "./issue.ts";
import type { PullRequestFacts } from "./pull-request.ts";
import type { RepositoryFacts } from "./repository.ts";
import { STOP_FIELDS, stopShape, stoppedBy } from "./stop-label.ts";

const COMMENTS = "comments(first: 100) { totalCount nodes { fullDatabaseId body url updatedAt viewerDidAuthor } }";
const FILE = "{ __typename ... on Blob { byteSize isBinary isTruncated text } }";

const ISSUE_STATE = `query IssueState($owner: String!, $name: String!, $issue: Int!, $config: String!, $workflow: String!) {
  repository(owner: $owner, name: $name) {
    databaseId name owner { login } isArchived url
    defaultBranchRef { name target { oid } }
    config: object(expression: $config) ${FILE}
    workflow: object(expression: $workflow) ${FILE}
    ${STOP_FIELDS}
    issue(number: $issue) {
      fullDatabaseId number title body state locked url createdAt
      author { __typename login ... on User { databaseId } ... on Bot { databaseId } ... on Organization { databaseId } }
      labels(first: 100) { nodes { name } }
      ${COMMENTS}
    }
  }
}`;

const STATUS_STATE = `query StatusState($owner: String!, $name: String!, $issue: Int!, $branchName: String!) {
  repository(owner: $owner, name: $name) {
    databaseId
    issue(number: $issue) { ${COMMENTS} }
    pullRequests(headRefName: $branchName, first: 100) { totalCount nodes { number url state headRefOid baseRefName isCrossRepository } }
  }
}`;

const idSchema = z.union([z.int(), z.string().regex(/^\d+$/)]).transform(Number);
const commentsSchema = z.object({
  totalCount: z.int(),
  nodes: z.array(z.object({ fullDatabaseId: idSchema, body: z.string(), url: z.string(), updatedAt: z.string(), viewerDidAuthor: z.boolean() })),
});
const issueStateSchema = z.object({
  repository: z
    .object({
      databaseId: z.int(),
      name: z.string(),
      owner: z.object({ login: z.string() }),
      isArchived: z.boolean(),
      url: z.string(),
      defaultBranchRef: z.object({ name: z.string(), target: z.object({ oid: z.string() }).nullable() }).nullable(),
      config: blobSchema.nullable(),
      workflow: blobSchema.nullable(),
      ...stopShape,
      issue: z
        .object({
          fullDatabaseId: idSchema,
          number: z.int(),
          title: z.string(),
          body: z.string(),
          state: z.string(),
          locked: z.boolean(),
          url: z.string(),
          createdAt: z.string(),
          author: z.object({ login: z.string(), databaseId: z.int().nullish() }).nullable(),
          labels: z.object({ nodes: z.array(z.object({ name: z.string() })) }).nullable(),
          comments: commentsSchema,
        })
        .nullable(),
    })
    .nullable(),
});
const statusStateSchema = z.object({
  repository: z
    .object({
      databaseId: z.int(),
      issue: z.object({ comments: commentsSchema }).nullable(),
      pullRequests: z.object({
        totalCount: z.int(),
        nodes: z.array(z.object({ number: z.int(), url: z.string(), state: z.string(), headRefOid: z.string(), baseRefName: z.string(), isCrossRepository: z.boolean() })),
      }),
    })
    .nullable(),
});

export interface CommentShown {
  readonly id: number;
  readonly body: string;
  readonly url: string;
  /** ISO time, GitHub's clock. */
  readonly updatedAt: string;
  /** Written by the account that asks. */
  readonly own: boolean;
}

export interface IssueState {
  readonly repository: RepositoryFacts;
  /** On the default branch; null when there is none. */
  readonly config: FileAtRef | null;
  readonly workflow: FileAtRef | null;
  /** Head of the default branch; null in a repository without a commit. */
  readonly baseSha: string | null;
  /** An open issue or pull request whose label stops all work; null where there is none. */
  readonly stoppedBy: number | null;
  /** Null when there is no such issue, or the number is a pull request's. */
  readonly issue: IssueFacts | null;
  /** All of the issue's comments; null where there are more than one page tells. */
  readonly comments: readonly CommentShown[] | null;
}

export interface StatusState {
  readonly comments: readonly CommentShown[] | null;
  /** From the branch, of this repository itself, lowest number first; null where there are more than one page tells. */
  readonly pullRequests: readonly (Pick<PullRequestFacts, "number" | "htmlUrl" | "open" | "headSha"> & { /** The branch it is to be merged into. */ readonly base: string })[] | null;
}

/** Everything a label hangs on; null when there is no such repository to be seen. An old name of the repository leads to the present one. */
export async function readIssueState(github: GitHub, { owner, repo }: Repository, wanted: { readonly issueNumber: number; readonly configPath: string; readonly workflowPath: string }): Promise<IssueState | null> {
  const { repository: shown } = await queryGraphQl(github, {
    document: ISSUE_STATE,
    variables: { owner, name: repo, issue: wanted.issueNumber, config: `HEAD:${wanted.configPath}`, workflow: `HEAD:${wanted.workflowPath}` },
    schema: issueStateSchema,
    mayBeMissing: ["repository", "repository.issue"],
  });
  if (shown === null) return null;
  const { issue, defaultBranchRef } = shown;
  return {
    // GraphQL does not name the default branch of a repository without a commit; nothing is started in one.
    repository: { id: shown.databaseId, owner: shown.owner.login, repo: shown.name, defaultBranch: defaultBranchRef?.name ?? "main", archived: shown.isArchived, htmlUrl: shown.url },
    config: fileOf(shown.config),
    workflow: fileOf(shown.workflow),
    baseSha: defaultBranchRef?.target?.oid ?? null,
    stoppedBy: stoppedBy(shown),
    issue: issue === null ? null : factsOf(issue),
    comments: issue === null ? [] : commentsOf(issue.comments),
  };
}

/** What a run's report on an issue hangs on beside the run itself. */
export async function readStatusState(github: GitHub, { owner, repo }: Repository, wanted: { readonly issueNumber: number; readonly branch: string }): Promise<StatusState> {
  const { repository: shown } = await queryGraphQl(github, {
    document: STATUS_STATE,
    variables: { owner, name: repo, issue: wanted.issueNumber, branchName: wanted.branch },
    schema: statusStateSchema,
    mayBeMissing: ["repository", "repository.issue"],
  });
  if (shown === null) return { comments: [], pullRequests: [] };
  const { issue, pullRequests } = shown;
  return {
    comments: issue === null ? [] : commentsOf(issue.comments),
    pullRequests:
      pullRequests.totalCount > pullRequests.nodes.length
        ? null
        : pullRequests.nodes
            .filter(({ isCrossRepository }) => !isCrossRepository)
            .map(({ number, url, state, headRefOid, baseRefName }) => ({ number, htmlUrl: url, open: state === "OPEN", headSha: headRefOid, base: baseRefName }))
            .toSorted((a, b) => a.number - b.number),
  };
}

function factsOf(issue: NonNullable<NonNullable<z.infer<typeof issueStateSchema>["repository"]>["issue"]>): IssueFacts {
  const { author } = issue;
  return {
    id: issue.fullDatabaseId,
    number: issue.number,
    title: issue.title,
    body: issue.body,
    open: issue.state === "OPEN",
    labels: (issue.labels?.nodes ?? []).map(({ name }) => name),
    locked: issue.locked,
    isPullRequest: false,
    author: author === null || author.databaseId === null || author.databaseId === undefined ? null : { id: author.databaseId, login: author.login },
    htmlUrl: issue.url,
    createdAt: issue.createdAt,
  };
}

function commentsOf({ totalCount, nodes }: z.infer<typeof commentsSchema>): readonly CommentShown[] | null {
  if (totalCount > nodes.length) return null;
  return nodes.map(({ fullDatabaseId: id, body, url, updatedAt, viewerDidAuthor: own }) => ({ id, body, url, updatedAt, own }));
}
