import type { Comment, Issue, Label, Reaction, RepositoryRecord } from "../records.ts";
import { roleOf } from "../principal.ts";
import { known, select } from "../state.ts";
import { userJson, viaAppJson } from "./accounts.ts";
import { apiUrl, pageUrl } from "./repository.ts";
import { nodeId, type View } from "./view.ts";

export const REACTION_CONTENTS = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"] as const;

const DEFAULT_LABELS = new Set([
  "bug",
  "documentation",
  "duplicate",
  "enhancement",
  "good first issue",
  "help wanted",
  "invalid",
  "question",
  "wontfix",
]);

const repositoryOf = (view: View, id: number): RepositoryRecord => known(view.state.repositories, id, "repository");

export function labelJson(view: View, label: Label) {
  return {
    id: label.id,
    node_id: nodeId("LA", label.id),
    url: `${apiUrl(view, repositoryOf(view, label.repositoryId))}/labels/${encodeURIComponent(label.name)}`,
    name: label.name,
    color: label.color,
    default: DEFAULT_LABELS.has(label.name),
    description: label.description,
  };
}

export function associationOf(repository: RepositoryRecord, author: string): string {
  if (repository.owner.login.toLowerCase() === author.toLowerCase()) return "OWNER";
  if (author.endsWith("[bot]")) return "NONE";
  return repository.roles.has(author.toLowerCase()) && roleOf(repository, author) !== "none" ? "COLLABORATOR" : "NONE";
}

function reactionsJson(view: View, url: string, kind: "issue" | "comment", id: number) {
  const reactions = select(view.state.reactions, (reaction) => reaction.subject.kind === kind && reaction.subject.id === id);
  const count = (content: string): number => reactions.filter((reaction) => reaction.content === content).length;
  return {
    url: `${url}/reactions`,
    total_count: reactions.length,
    ...Object.fromEntries(REACTION_CONTENTS.map((content) => [content, count(content)])),
  };
}

/** What an issue and a pull request have in common. */
export function issueCommon(view: View, issue: Issue) {
  const repository = repositoryOf(view, issue.repositoryId);
  return {
    number: issue.number,
    title: issue.title,
    body: issue.body,
    user: userJson(view, issue.author),
    labels: issue.labelIds.map((id) => labelJson(view, known(view.state.labels, id, "label"))),
    state: issue.state,
    locked: issue.locked === true,
    active_lock_reason: null,
    assignee: issue.assignees[0] === undefined ? null : userJson(view, issue.assignees[0]),
    assignees: issue.assignees.map((login) => userJson(view, login)),
    milestone: null,
    comments: commentsOf(view, issue).length,
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: issue.closedAt,
    author_association: associationOf(repository, issue.author),
  };
}

const commentsOf = (view: View, issue: Issue): readonly Comment[] => select(view.state.comments, (comment) => comment.issueId === issue.id);

export function issueJson(view: View, issue: Issue) {
  const repository = repositoryOf(view, issue.repositoryId);
  const url = `${apiUrl(view, repository)}/issues/${issue.number}`;
  const page = pageUrl(view, repository);
  const pull = `${apiUrl(view, repository)}/pulls/${issue.number}`;
  return {
    id: issue.id,
    node_id: nodeId("I", issue.id),
    url,
    repository_url: apiUrl(view, repository),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: `${page}/${issue.pull === null ? "issues" : "pull"}/${issue.number}`,
    ...issueCommon(view, issue),
    state_reason: issue.state === "closed" ? "completed" : null,
    reactions: reactionsJson(view, url, "issue", issue.id),
    timeline_url: `${url}/timeline`,
    performed_via_github_app: viaAppJson(view, issue.author, issue.viaApp),
    ...(issue.pull === null
      ? {}
      : {
          draft: issue.pull.draft,
          pull_request: {
            url: pull,
            html_url: `${page}/pull/${issue.number}`,
            diff_url: `${page}/pull/${issue.number}.diff`,
            patch_url: `${page}/pull/${issue.number}.patch`,
            merged_at: issue.pull.merged?.at ?? null,
          },
        }),
  };
}

export function commentJson(view: View, comment: Comment) {
  const repository = repositoryOf(view, comment.repositoryId);
  const issue = known(view.state.issues, comment.issueId, "issue");
  const url = `${apiUrl(view, repository)}/issues/comments/${comment.id}`;
  return {
    id: comment.id,
    node_id: nodeId("IC", comment.id),
    url,
    html_url: `${pageUrl(view, repository)}/${issue.pull === null ? "issues" : "pull"}/${issue.number}#issuecomment-${comment.id}`,
    issue_url: `${apiUrl(view, repository)}/issues/${issue.number}`,
    user: userJson(view, comment.author),
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    author_association: associationOf(repository, comment.author),
    body: comment.body,
    reactions: reactionsJson(view, url, "comment", comment.id),
    performed_via_github_app: viaAppJson(view, comment.author, comment.viaApp),
  };
}

export function reactionJson(view: View, reaction: Reaction) {
  return {
    id: reaction.id,
    node_id: nodeId("REA", reaction.id),
    user: userJson(view, reaction.author),
    content: reaction.content,
    created_at: reaction.createdAt,
  };
}
