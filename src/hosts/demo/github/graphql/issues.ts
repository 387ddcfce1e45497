/** What `issue` and `issues` of a repository answer. */
import type { Issue, RepositoryRecord } from "../records.ts";
import { select } from "../state.ts";
import { threadOfIssue } from "./issue-thread.ts";
import { closingField } from "./pulls.ts";
import { actorOf, demand, failed, hasLabel, pageSize, pageUrlOf, type Serving } from "./serving.ts";

const ISSUES = { permission: ["issues", "pull_requests"], level: "read", role: "read" } as const;

export function issueField(serving: Serving, repository: RepositoryRecord, number: number): unknown {
  demand(serving, repository, ISSUES);
  const { state } = serving.machine;
  const issue = select(state.issues, (each) => each.repositoryId === repository.id && each.number === number)[0];
  if (issue === undefined || issue.pull !== null) throw failed("NOT_FOUND", `Could not resolve to an Issue with the number of ${number}.`);
  return issueObject(serving, repository, issue);
}

export interface IssuesWanted {
  readonly first?: number;
  readonly after?: string | null;
  /** Any of them. */
  readonly labels?: readonly string[];
  readonly states?: readonly string[];
  readonly filterBy?: { readonly since?: string | null };
  readonly orderBy?: { readonly field: "COMMENTS" | "CREATED_AT" | "UPDATED_AT"; readonly direction: "ASC" | "DESC" };
}

export function issuesField(serving: Serving, repository: RepositoryRecord, { first, after, labels, states, filterBy, orderBy }: IssuesWanted): unknown {
  demand(serving, repository, ISSUES);
  const { state } = serving.machine;
  const size = pageSize(first);
  const all = select(state.issues, (issue) => issue.repositoryId === repository.id && issue.pull === null)
    .filter((issue) => states === undefined || states.includes(issue.state.toUpperCase()))
    .filter((issue) => labels === undefined || hasLabel(serving, issue, labels))
    .filter(({ updatedAt }) => Date.parse(updatedAt) >= Date.parse(filterBy?.since ?? "1970-01-01T00:00:00Z"))
    .filter((issue) => after === undefined || after === null || issue.number > Number(after));
  if (orderBy?.field === "UPDATED_AT") all.sort((a, b) => Date.parse(a.updatedAt) - Date.parse(b.updatedAt));
  if (orderBy?.direction === "DESC") all.reverse();
  const nodes = all.slice(0, size);
  return { pageInfo: { hasNextPage: all.length > size, endCursor: nodes.length === 0 ? null : String(nodes.at(-1)?.number) }, nodes: nodes.map((issue) => issueObject(serving, repository, issue)) };
}

function issueObject(serving: Serving, repository: RepositoryRecord, issue: Issue): unknown {
  const { state } = serving.machine;
  return {
    fullDatabaseId: String(issue.id),
    number: issue.number,
    ...threadOfIssue(serving, repository, issue),
    body: issue.body ?? "",
    state: issue.state.toUpperCase(),
    url: pageUrlOf(serving, repository, issue),
    createdAt: issue.createdAt,
    author: actorOf(serving, issue.author),
    labels: ({ first }: { readonly first?: number }) => ({ nodes: issue.labelIds.flatMap((id) => state.labels.get(id) ?? []).slice(0, pageSize(first)).map(({ name }) => ({ name })) }),
    closedByPullRequestsReferences: ({ first }: { readonly first?: number }) => closingField(serving, repository, { issue, size: pageSize(first) }),
  };
}
