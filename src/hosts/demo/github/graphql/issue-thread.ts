/** What GraphQL answers of an issue and a pull request alike. */
import { loginOf } from "../principal.ts";
import type { Issue, RepositoryRecord } from "../records.ts";
import { select } from "../state.ts";
import { actorOf, pageSize, pageUrlOf, type Serving } from "./serving.ts";

export const threadOfIssue = (serving: Serving, repository: RepositoryRecord, issue: Issue) => ({
  title: issue.title,
  locked: issue.locked === true,
  lastEditedAt: serving.machine.state.history.flatMap((each) => ((each.kind === "issues" || each.kind === "pull_request") && each.action === "edited" && each.issueId === issue.id ? [each] : [])).findLast(({ edited }) => edited.includes("body"))?.at ?? null,
  timelineItems: (wanted: TimelineWanted) => timelineField(serving, issue, wanted),
  comments: ({ first }: { readonly first?: number }) => commentsField(serving, repository, { issue, size: pageSize(first) }),
});

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
    if (each.action === "auto_merge_enabled" && is("AUTO_MERGE_ENABLED_EVENT")) return [{ __typename: "AutoMergeEnabledEvent", createdAt: each.at }];
    if (each.action === "auto_merge_disabled" && is("AUTO_MERGE_DISABLED_EVENT")) return [{ __typename: "AutoMergeDisabledEvent", createdAt: each.at }];
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
