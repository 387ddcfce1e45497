/** What `issue` and `issues` of a repository answer. */
import { loginOf } from "../principal.ts";
import type { Issue, RepositoryRecord } from "../records.ts";
import { select } from "../state.ts";
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
}

export function issuesField(serving: Serving, repository: RepositoryRecord, { first, after, labels, states }: IssuesWanted): unknown {
  demand(serving, repository, ISSUES);
  const { state } = serving.machine;
  const size = pageSize(first);
  const all = select(state.issues, (issue) => issue.repositoryId === repository.id && issue.pull === null)
    .filter((issue) => states === undefined || states.includes(issue.state.toUpperCase()))
    .filter((issue) => labels === undefined || hasLabel(serving, issue, labels))
    .filter((issue) => after === undefined || after === null || issue.number > Number(after));
  const nodes = all.slice(0, size);
  return { pageInfo: { hasNextPage: all.length > size, endCursor: nodes.length === 0 ? null : String(nodes.at(-1)?.number) }, nodes: nodes.map((issue) => issueObject(serving, repository, issue)) };
}

/** What an issue and a pull request have alike. */
export const threadOfIssue = (serving: Serving, repository: RepositoryRecord, issue: Issue) => ({
  title: issue.title,
  lastEditedAt: serving.machine.state.history.flatMap((each) => ((each.kind === "issues" || each.kind === "pull_request") && each.action === "edited" && each.issueId === issue.id ? [each] : [])).findLast(({ edited }) => edited.includes("body"))?.at ?? null,
  timelineItems: (wanted: TimelineWanted) => timelineField(serving, issue, wanted),
  comments: ({ first }: { readonly first?: number }) => commentsField(serving, repository, { issue, size: pageSize(first) }),
});

function issueObject(serving: Serving, repository: RepositoryRecord, issue: Issue): unknown {
  const { state } = serving.machine;
  const edits = state.history.flatMap((each) => (each.kind === "issues" && each.action === "edited" && each.issueId === issue.id ? [each] : []));
  return {
    fullDatabaseId: String(issue.id),
    number: issue.number,
    lastEditedAt: edits.findLast(({ edited }) => edited.includes("body"))?.at ?? null,
    timelineItems: (wanted: TimelineWanted) => timelineField(serving, issue, wanted),
    title: issue.title,
    body: issue.body ?? "",
    state: issue.state.toUpperCase(),
    locked: false,
    url: pageUrlOf(serving, repository, issue),
    createdAt: issue.createdAt,
    author: actorOf(serving, issue.author),
    labels: ({ first }: { readonly first?: number }) => ({ nodes: issue.labelIds.flatMap((id) => state.labels.get(id) ?? []).slice(0, pageSize(first)).map(({ name }) => ({ name })) }),
    closedByPullRequestsReferences: ({ first }: { readonly first?: number }) => closingField(serving, repository, { issue, size: pageSize(first) }),
    comments: ({ first }: { readonly first?: number }) => commentsField(serving, repository, { issue, size: pageSize(first) }),
  };
}

interface TimelineWanted {
  readonly last?: number;
  readonly itemTypes?: readonly string[];
}

function timelineField(serving: Serving, issue: Issue, { last, itemTypes }: TimelineWanted): unknown {
  const size = pageSize(last);
  const { state } = serving.machine;
  const is = (type: string): boolean => itemTypes === undefined || itemTypes.includes(type);
  const nodes = state.history.flatMap((each): unknown[] => {
    if ((each.kind !== "issues" && each.kind !== "pull_request") || each.issueId !== issue.id) return [];
    if (each.action === "labeled" && is("LABELED_EVENT")) return [{ __typename: "LabeledEvent", createdAt: each.at, actor: actorOf(serving, each.actor), label: { name: state.labels.get(each.labelId)?.name ?? "" } }];
    return each.action === "edited" && each.edited.includes("title") && is("RENAMED_TITLE_EVENT") ? [{ __typename: "RenamedTitleEvent", createdAt: each.at }] : [];
  });
  return { nodes: nodes.slice(-size) };
}

function commentsField(serving: Serving, repository: RepositoryRecord, { issue, size }: { readonly issue: Issue; readonly size: number }): unknown {
  const viewer = loginOf(serving.principal);
  const all = select(serving.machine.state.comments, (comment) => comment.issueId === issue.id);
  const nodes = all.slice(0, size).map(({ id, body, updatedAt, author }) => ({
    fullDatabaseId: String(id),
    body,
    updatedAt,
    url: `${pageUrlOf(serving, repository, issue)}#issuecomment-${id}`,
    viewerDidAuthor: author === viewer,
  }));
  return { totalCount: all.length, nodes };
}
