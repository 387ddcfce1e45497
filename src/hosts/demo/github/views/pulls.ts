import type { FileChange } from "../git/git.ts";
import type { Pull, RepositoryRecord } from "../records.ts";
import { known } from "../state.ts";
import { accountJson, userJson } from "./accounts.ts";
import { issueCommon } from "./issues.ts";
import { apiUrl, pageUrl, repositoryJson } from "./repository.ts";
import { nodeId, type View } from "./view.ts";

/** What only git knows about a pull request. */
export interface PullMeasure {
  /** Null while GitHub has not tried yet, as in webhooks. */
  readonly mergeable: boolean | null;
  readonly commits: number;
  readonly additions: number;
  readonly deletions: number;
  readonly changedFiles: number;
}

/** `pull-request-simple`: as lists show it. */
export function pullSimpleJson(view: View, pull: Pull) {
  const repository = known(view.state.repositories, pull.repositoryId, "repository");
  const url = `${apiUrl(view, repository)}/pulls/${pull.number}`;
  const issueUrl = `${apiUrl(view, repository)}/issues/${pull.number}`;
  const page = `${pageUrl(view, repository)}/pull/${pull.number}`;
  const part = pull.pull;
  const links = {
    comments: `${issueUrl}/comments`,
    commits: `${url}/commits`,
    statuses: `${apiUrl(view, repository)}/statuses/${part.head.sha}`,
    review_comments: `${url}/comments`,
    review_comment: `${apiUrl(view, repository)}/pulls/comments{/number}`,
  };
  const { comments: _comments, ...common } = issueCommon(view, pull);
  return {
    id: part.id,
    node_id: nodeId("PR", part.id),
    url,
    html_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    issue_url: issueUrl,
    commits_url: links.commits,
    comments_url: links.comments,
    statuses_url: links.statuses,
    review_comments_url: links.review_comments,
    review_comment_url: links.review_comment,
    ...common,
    draft: part.draft,
    merged_at: part.merged?.at ?? null,
    merge_commit_sha: part.merged?.sha ?? null,
    auto_merge: part.autoMerge === null ? null : { enabled_by: userJson(view, part.autoMerge.by), merge_method: part.autoMerge.method.toLowerCase(), commit_title: `${pull.title} (#${pull.number})`, commit_message: "" },
    requested_reviewers: [],
    requested_teams: [],
    head: endJson(view, part.head.forkId === undefined ? repository : known(view.state.repositories, part.head.forkId, "repository"), part.head),
    base: endJson(view, repository, part.base),
    _links: {
      self: { href: url },
      html: { href: page },
      issue: { href: issueUrl },
      comments: { href: links.comments },
      commits: { href: links.commits },
      statuses: { href: links.statuses },
      review_comments: { href: links.review_comments },
      review_comment: { href: links.review_comment },
    },
  };
}

function endJson(view: View, repository: RepositoryRecord, end: { readonly ref: string; readonly sha: string }) {
  return {
    label: `${repository.owner.login}:${end.ref}`,
    ref: end.ref,
    sha: end.sha,
    user: accountJson(view, repository.owner),
    repo: repositoryJson(view, repository),
  };
}

/** `pull-request`: as one alone is shown. */
export function pullJson(view: View, pull: Pull, measure: PullMeasure) {
  const { merged } = pull.pull;
  const mergeable = merged === null ? measure.mergeable : null;
  return {
    ...pullSimpleJson(view, pull),
    merged: merged !== null,
    mergeable,
    rebaseable: mergeable,
    mergeable_state: mergeable === null ? "unknown" : mergeable ? "clean" : "dirty",
    merged_by: merged === null ? null : userJson(view, merged.by),
    comments: issueCommon(view, pull).comments,
    review_comments: 0,
    maintainer_can_modify: pull.pull.maintainerCanModify,
    commits: measure.commits,
    additions: measure.additions,
    deletions: measure.deletions,
    changed_files: measure.changedFiles,
  };
}

/** `diff-entry`: a changed file of a pull request, commit or comparison. */
export function fileChangeJson(view: View, repository: RepositoryRecord, head: string, change: FileChange) {
  const path = change.path.split("/").map(encodeURIComponent).join("/");
  return {
    sha: change.id,
    filename: change.path,
    status: change.status,
    additions: change.additions,
    deletions: change.deletions,
    changes: change.additions + change.deletions,
    blob_url: `${pageUrl(view, repository)}/blob/${head}/${path}`,
    raw_url: `${pageUrl(view, repository)}/raw/${head}/${path}`,
    contents_url: `${apiUrl(view, repository)}/contents/${path}?ref=${head}`,
    ...(change.patch === null ? {} : { patch: change.patch }),
    ...(change.previousPath === null ? {} : { previous_filename: change.previousPath }),
  };
}
