import { unreachable } from "../../../../shared/unreachable.ts";
import type { Happening, PushedCommit } from "../happening.ts";
import { isPull, type CheckRun, type Issue, type RepositoryRecord, type ReviewComment } from "../records.ts";
import { known, select, type State } from "../state.ts";
import { installationJson, userJson } from "../views/accounts.ts";
import { runJson, workflowJson } from "../views/actions.ts";
import { checkRunJson, checkSuiteJson } from "../views/checks.ts";
import { commentJson, issueJson, labelJson } from "../views/issues.ts";
import { pullJson, pullSimpleJson, type PullMeasure } from "../views/pulls.ts";
import { reviewCommentJson, reviewJson } from "../views/reviews.ts";
import { apiUrl, fullName, pageUrl, repositoryJson } from "../views/repository.ts";
import { nodeId, type View } from "../views/view.ts";

/** A webhook's event name and payload. */
export interface Webhook {
  readonly event: string;
  readonly installationId: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Sent to an App that did not subscribe to them, too. */
const ALWAYS = new Set(["installation", "installation_repositories", "check_run", "check_suite"]);

/**
 * The webhook of a happening.
 * @param measure of the pull request, when it concerns one
 * @returns null when there is none, the App is not installed there, or did not subscribe
 */
export function webhookOf(view: View, happening: Happening, measure: PullMeasure | null): Webhook | null {
  const { state } = view;
  const installation = select(state.installations, (candidate) => candidate.repositoryIds.has(happening.repositoryId))[0];
  const specific = specificPayload(view, happening, measure);
  if (installation === undefined || specific === null) return null;
  if (asksAnother(state, happening)) return null;
  if (!ALWAYS.has(happening.kind) && !state.app.events.includes(happening.kind)) return null;
  const repository = known(state.repositories, happening.repositoryId, "repository");
  const common = {
    ...(happening.kind === "installation" || happening.kind === "installation_repositories"
      ? {}
      : { repository: repositoryJson(view, repository), installation: { id: installation.id, node_id: nodeId("I", installation.id) } }),
    sender: userJson(view, happening.actor),
  };
  return {
    event: happening.kind,
    installationId: installation.id,
    payload: { ...("action" in happening ? { action: happening.action } : {}), ...specific, ...common },
  };
}

/** What a workflow run is given of a happening: the webhook's payload, but for the App's installation. */
export function triggerPayload(view: View, happening: Happening & { readonly kind: "issues" | "issue_comment" | "pull_request" }): Readonly<Record<string, unknown>> {
  const repository = known(view.state.repositories, happening.repositoryId, "repository");
  return { action: happening.action, ...specificPayload(view, happening, null), repository: repositoryJson(view, repository), sender: userJson(view, happening.actor) };
}

/** A click is told only to the App whose check run or suite it is (docs: webhook events, check_run and check_suite). */
function asksAnother(state: State, happening: Happening): boolean {
  if (happening.kind === "check_suite") return known(state.checkSuites, happening.suiteId, "check suite").appSlug !== state.app.slug;
  return happening.kind === "check_run" && (happening.action === "rerequested" || happening.action === "requested_action") && known(state.checkRuns, happening.checkRunId, "check run").appSlug !== state.app.slug;
}

function specificPayload(view: View, happening: Happening, measure: PullMeasure | null): Readonly<Record<string, unknown>> | null {
  const { state } = view;
  switch (happening.kind) {
    case "issues": {
      const issue = known(state.issues, happening.issueId, "issue");
      return { issue: issueJson(view, issue), ...labelPart(view, happening), ...assigneePart(view, happening), ...editPart(happening) };
    }
    case "pull_request": {
      const issue = known(state.issues, happening.issueId, "pull request");
      if (!isPull(issue)) throw new Error(`Issue ${issue.number} is no pull request.`);
      const moved = happening.action === "synchronize" ? { before: happening.before, after: happening.after } : {};
      const measured = measure === null ? pullSimpleJson(view, issue) : pullJson(view, issue, { ...measure, mergeable: null });
      return { number: issue.number, pull_request: measured, ...moved, ...labelPart(view, happening), ...assigneePart(view, happening), ...editPart(happening) };
    }
    case "issue_comment": {
      const issue: Issue = known(state.issues, happening.issueId, "issue");
      const changes = happening.previousBody === undefined ? {} : { changes: { body: { from: happening.previousBody } } };
      return { issue: issueJson(view, issue), comment: commentJson(view, happening.comment), ...changes };
    }
    case "label":
      return { label: labelJson(view, known(state.labels, happening.labelId, "label")) };
    case "pull_request_review":
    case "pull_request_review_comment":
    case "pull_request_review_thread":
      return reviewPayload(view, happening);
    case "status": {
      const status = known(state.statuses, happening.statusId, "status");
      const { repositoryId, sha, context, description, targetUrl, createdAt, creator } = status;
      const repository = known(state.repositories, repositoryId, "repository");
      const { id, treeId, message, timestamp: _timestamp, author, committer } = happening.commit;
      const at = `${apiUrl({ state, base: view.base }, repository)}/commits/`;
      const commit = { sha: id, node_id: nodeId("C", status.id), commit: { author, committer, message, tree: { sha: treeId, url: at }, url: at, comment_count: 0, verification: { verified: false, reason: "unsigned", signature: null, payload: null, verified_at: null } }, url: `${at}${id}`, html_url: at, comments_url: at, author: userJson(view, creator), committer: userJson(view, creator), parents: [] };
      return { id: status.id, sha, name: fullName(repository), target_url: targetUrl, context, description, state: status.state, commit, branches: happening.branches.map(({ name, sha: head }) => ({ name, commit: { sha: head, url: `${at}${head}` }, protected: false })), created_at: createdAt, updated_at: createdAt };
    }
    case "check_run": {
      const asked = happening.action === "requested_action" ? { requested_action: { identifier: happening.identifier } } : {};
      return { check_run: checkRunWithSuite(view, known(state.checkRuns, happening.checkRunId, "check run")), ...asked };
    }
    case "check_suite":
      return { check_suite: checkSuiteJson(view, known(state.checkSuites, happening.suiteId, "check suite")) };
    case "workflow_run": {
      const run = known(state.runs, happening.runId, "run");
      return { workflow_run: runJson(view, run), workflow: workflowJson(view, known(state.workflows, run.workflowId, "workflow")) };
    }
    case "push":
      return pushPayload(view, happening);
    case "merge_group":
      return { merge_group: mergeGroupJson(happening) };
    case "installation": {
      const installation = known(state.installations, happening.installationId, "installation");
      return {
        installation: installationJson(view, installation),
        repositories: select(state.repositories, (one) => installation.repositoryIds.has(one.id)).map(namedJson),
      };
    }
    case "installation_repositories": {
      const installation = known(state.installations, happening.installationId, "installation");
      const added = [namedJson(known(state.repositories, happening.repositoryId, "repository"))];
      return { installation: installationJson(view, installation), repository_selection: "selected", repositories_added: added, repositories_removed: [], requester: null };
    }
    case "reaction":
    case "cancel_requested":
      return null; // GitHub has no webhook for these
    default:
      return unreachable(happening);
  }
}

/** All that these two webhooks tell of a repository (docs: webhook events, installation). */
const namedJson = (repository: RepositoryRecord) => ({
  id: repository.id,
  node_id: nodeId("R", repository.id),
  name: repository.name,
  full_name: fullName(repository),
  private: repository.visibility === "private",
});

function reviewPayload(view: View, happening: Extract<Happening, { kind: "pull_request_review" | "pull_request_review_comment" | "pull_request_review_thread" }>): Readonly<Record<string, unknown>> {
  const issue = known(view.state.issues, happening.issueId, "pull request");
  if (!isPull(issue)) throw new Error(`Issue ${issue.number} is no pull request.`);
  const pull_request = pullSimpleJson(view, issue);
  const reviews = select(view.state.reviews, (review) => review.issueId === issue.id);
  const commentsOf = (keep: (comment: ReviewComment) => boolean) => reviews.flatMap((review) => review.comments.filter(keep).map((comment) => reviewCommentJson(view, issue, { review, comment })));
  switch (happening.kind) {
    case "pull_request_review": {
      const review = reviewJson(view, issue, known(view.state.reviews, happening.reviewId, "review"));
      // In webhooks the state is in small letters.
      return { pull_request, review: { ...review, state: review.state.toLowerCase() } };
    }
    case "pull_request_review_comment":
      return { pull_request, comment: commentsOf(({ id }) => id === happening.commentId)[0] };
    case "pull_request_review_thread":
      return { pull_request, thread: { node_id: nodeId("PRRT", happening.commentId), comments: commentsOf(({ id, inReplyTo }) => id === happening.commentId || inReplyTo === happening.commentId) } };
    default:
      return unreachable(happening);
  }
}

const labelPart = (view: View, happening: object) =>
  "labelId" in happening && typeof happening.labelId === "number"
    ? { label: labelJson(view, known(view.state.labels, happening.labelId, "label")) }
    : {};

const assigneePart = (view: View, happening: object) => ("assignee" in happening && typeof happening.assignee === "string" ? { assignee: userJson(view, happening.assignee) } : {});

/** In a webhook its suite says on which branch the commit is; the branch of an open pull request where there is one. */
function checkRunWithSuite(view: View, run: CheckRun) {
  const shown = checkRunJson(view, run);
  return { ...shown, check_suite: { ...shown.check_suite, head_sha: run.headSha, head_branch: shown.pull_requests[0]?.head.ref ?? null } };
}

/** What title, text and base were before they were edited. */
const editPart = (happening: Extract<Happening, { kind: "issues" | "pull_request" }>) =>
  happening.action === "edited" ? { changes: { ...Object.fromEntries(happening.edited.map((part) => [part, { from: happening.previous[part] }])), ...("base" in happening && happening.base !== undefined ? { base: { ref: { from: happening.base.ref }, sha: { from: happening.base.sha } } } : {}) } } : {};

/** `refs/heads/gh-readonly-queue/main/pr-7-<commit of the base>` (docs: managing a merge queue). */
function mergeGroupJson({ ref, head }: Extract<Happening, { kind: "merge_group" }>) {
  const [, base = "", baseSha = ""] = /^refs\/heads\/gh-readonly-queue\/(.+)\/pr-\d+-([0-9a-f]+)$/.exec(ref) ?? [];
  const { id, treeId, message, timestamp, author, committer } = head;
  return { head_sha: id, head_ref: ref, base_sha: baseSha, base_ref: `refs/heads/${base}`, head_commit: { id, tree_id: treeId, message, timestamp, author, committer } };
}

function pushPayload(view: View, push: Extract<Happening, { kind: "push" }>) {
  const repository = known(view.state.repositories, push.repositoryId, "repository");
  const commits = push.commits.map((commit) => pushedCommitJson(view, repository, commit));
  const created = /^0+$/.test(push.before);
  const deleted = /^0+$/.test(push.after);
  const sender = userJson(view, push.actor);
  return {
    ref: push.ref,
    before: push.before,
    after: push.after,
    created,
    deleted,
    forced: push.forced,
    base_ref: null,
    compare: `${pageUrl(view, repository)}/compare/${push.before.slice(0, 12)}...${push.after.slice(0, 12)}`,
    commits,
    head_commit: commits.at(-1) ?? null,
    pusher: { name: sender.login, email: `${sender.id}+${sender.login}@users.noreply.github.com` },
  };
}

function pushedCommitJson(view: View, repository: RepositoryRecord, commit: PushedCommit) {
  const { id, treeId, message, timestamp, author, committer, added, removed, modified } = commit;
  return {
    id,
    tree_id: treeId,
    distinct: true,
    message,
    timestamp,
    url: `${pageUrl(view, repository)}/commit/${id}`,
    author,
    committer,
    added,
    removed,
    modified,
  };
}
