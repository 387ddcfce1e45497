/** Which open pull requests have the work of an issue, as far as GitHub knows: what closes it (P-closing), and the newest with their texts. */
import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { queryGraphQl } from "../graphql.ts";

/** GitHub gives at most 100 nodes of a connection at once (docs: resource limits). */
const MOST_OPEN = 100;

const FIELDS = "{ number url state headRefName isCrossRepository body author { kind: __typename login } }";
const DOCUMENT = `query OpenWork($owner: String!, $name: String!, $issue: Int!) {
  repository(owner: $owner, name: $name) {
    databaseId
    issue(number: $issue) {
      state labels(first: 100) { nodes { name } }
      closedByPullRequestsReferences(first: 50) { nodes ${FIELDS} }
    }
    pullRequests(first: ${MOST_OPEN}, states: [OPEN], orderBy: { field: CREATED_AT, direction: DESC }) { totalCount nodes ${FIELDS} }
  }
}`;

const pullSchema = z
  .object({
    number: z.int(),
    url: z.string(),
    state: z.string(),
    headRefName: z.string(),
    isCrossRepository: z.boolean(),
    body: z.string(),
    author: z.object({ kind: z.string(), login: z.string() }).nullable(),
  })
  .transform(({ state, headRefName: branch, isCrossRepository: fromFork, ...pull }) => ({ ...pull, branch, fromFork, open: state === "OPEN" }));

const stateSchema = z.object({
  repository: z
    .object({
      databaseId: z.int(),
      issue: z
        .object({
          state: z.string(),
          labels: z.object({ nodes: z.array(z.object({ name: z.string() })) }).nullable(),
          closedByPullRequestsReferences: z.object({ nodes: z.array(pullSchema.nullable()).nullable() }).nullable(),
        })
        .nullable(),
      pullRequests: z.object({ totalCount: z.int(), nodes: z.array(pullSchema.nullable()) }),
    })
    .nullable(),
});

export type OpenPullRequest = z.output<typeof pullSchema>;

export interface OpenWork {
  readonly labels: readonly string[];
  /** Open ones that GitHub will close the issue with, of this repository or another, linked by words or by hand. */
  readonly closing: readonly OpenPullRequest[];
  /** The newest open ones. */
  readonly open: readonly OpenPullRequest[];
  /** Open ones beyond those. */
  readonly more: number;
}

/** Null when the repository or the issue is not to be seen. */
export async function readOpenWork(github: GitHub, { owner, repo }: Repository, wanted: { readonly repositoryId: number; readonly issueNumber: number }): Promise<OpenWork | null> {
  const { repository } = await queryGraphQl(github, {
    document: DOCUMENT,
    variables: { owner, name: repo, issue: wanted.issueNumber },
    schema: stateSchema,
    mayBeMissing: ["repository", "repository.issue"],
  });
  if (repository?.databaseId !== wanted.repositoryId || repository.issue === null) return null;
  const { issue, pullRequests } = repository;
  return {
    labels: (issue.labels?.nodes ?? []).map(({ name }) => name),
    closing: (issue.closedByPullRequestsReferences?.nodes ?? []).flatMap((pull) => (pull?.open === true ? [pull] : [])),
    open: pullRequests.nodes.filter((pull) => pull !== null),
    more: pullRequests.totalCount - pullRequests.nodes.length,
  };
}
