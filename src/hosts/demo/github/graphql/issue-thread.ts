/** What GraphQL answers of an issue and a pull request alike. */
import { loginOf } from "../principal.ts";
import type { Comment, Issue, RepositoryRecord } from "../records.ts";
import { select } from "../state.ts";
import { nodeId } from "../views/view.ts";
import { actorOf, demand, failed, pageSize, pageUrlOf, type Serving } from "./serving.ts";

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
    if (each.action === "assigned" && is("ASSIGNED_EVENT")) return [{ __typename: "AssignedEvent", createdAt: each.at, actor: actorOf(serving, each.actor), assignee: actorOf(serving, each.assignee) }];
    if (each.action === "reopened" && is("REOPENED_EVENT")) return [{ __typename: "ReopenedEvent", createdAt: each.at, actor: actorOf(serving, each.actor) }];
    if (each.action === "auto_merge_enabled" && is("AUTO_MERGE_ENABLED_EVENT")) return [{ __typename: "AutoMergeEnabledEvent", createdAt: each.at }];
    if (each.action === "auto_merge_disabled" && is("AUTO_MERGE_DISABLED_EVENT")) return [{ __typename: "AutoMergeDisabledEvent", createdAt: each.at }];
    return each.action === "edited" && each.edited.includes("title") && is("RENAMED_TITLE_EVENT") ? [{ __typename: "RenamedTitleEvent", createdAt: each.at }] : [];
  });
  return { nodes: nodes.slice(-size) };
}

function commentsField(serving: Serving, repository: RepositoryRecord, { issue, size }: { readonly issue: Issue; readonly size: number }): unknown {
  const all = select(serving.machine.state.comments, (comment) => comment.issueId === issue.id);
  return { totalCount: all.length, nodes: all.slice(0, size).map((comment) => commentObject(serving, repository, { issue, comment })) };
}

const commentObject = (serving: Serving, repository: RepositoryRecord, { issue, comment: { id, body, updatedAt, author } }: { readonly issue: Issue; readonly comment: Comment }) => ({
  __typename: "IssueComment",
  id: nodeId("IC", id),
  fullDatabaseId: String(id),
  body,
  updatedAt,
  url: `${pageUrlOf(serving, repository, issue)}#issuecomment-${id}`,
  viewerDidAuthor: author === loginOf(serving.principal),
  reactionGroups: () => reactionGroups(serving, id),
});

const CONTENTS = { "+1": "THUMBS_UP", "-1": "THUMBS_DOWN", laugh: "LAUGH", hooray: "HOORAY", confused: "CONFUSED", heart: "HEART", rocket: "ROCKET", eyes: "EYES" } as const;

/** One of each content, also where nobody has reacted so. */
function reactionGroups({ machine, principal }: Serving, commentId: number): unknown {
  const viewer = loginOf(principal);
  const own = select(machine.state.reactions, ({ subject, author }) => subject.kind === "comment" && subject.id === commentId && author === viewer);
  return Object.entries(CONTENTS).map(([content, name]) => ({ content: name, viewerHasReacted: own.some((reaction) => reaction.content === content) }));
}

/** What `nodes` answers of comments on issues, of whichever repository. */
export function nodesField(serving: Serving, ids: readonly string[]): unknown {
  const { state } = serving.machine;
  return ids.map((wanted) => {
    const comment = select(state.comments, ({ id }) => nodeId("IC", id) === wanted)[0];
    const [issue, repository] = [state.issues.get(comment?.issueId ?? 0), state.repositories.get(comment?.repositoryId ?? 0)];
    if (comment === undefined || issue === undefined || repository === undefined) return failed("NOT_FOUND", `Could not resolve to a node with the global id of '${wanted}'.`);
    demand(serving, repository, { permission: ["issues", "pull_requests"], level: "read", role: "read" });
    return commentObject(serving, repository, { issue, comment });
  });
}
