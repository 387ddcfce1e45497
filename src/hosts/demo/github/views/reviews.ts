import type { Pull, Review, ReviewComment } from "../records.ts";
import { known } from "../state.ts";
import { userJson } from "./accounts.ts";
import { associationOf } from "./issues.ts";
import { apiUrl, pageUrl } from "./repository.ts";
import { nodeId, type View } from "./view.ts";

/** `pull-request-review`. */
export function reviewJson(view: View, pull: Pull, review: Review) {
  const repository = known(view.state.repositories, pull.repositoryId, "repository");
  const page = `${pageUrl(view, repository)}/pull/${pull.number}#pullrequestreview-${review.id}`;
  const url = `${apiUrl(view, repository)}/pulls/${pull.number}`;
  return {
    id: review.id,
    node_id: nodeId("PRR", review.id),
    user: userJson(view, review.author),
    body: review.body,
    state: review.state,
    html_url: page,
    pull_request_url: url,
    author_association: associationOf(repository, review.author),
    _links: { html: { href: page }, pull_request: { href: url } },
    submitted_at: review.submittedAt,
    commit_id: review.commitId,
  };
}

/** `pull-request-review-comment`. */
export function reviewCommentJson(view: View, pull: Pull, { review, comment }: { readonly review: Review; readonly comment: ReviewComment }) {
  const repository = known(view.state.repositories, pull.repositoryId, "repository");
  const url = `${apiUrl(view, repository)}/pulls/comments/${comment.id}`;
  const pullUrl = `${apiUrl(view, repository)}/pulls/${pull.number}`;
  const page = `${pageUrl(view, repository)}/pull/${pull.number}#discussion_r${comment.id}`;
  return {
    id: comment.id,
    node_id: nodeId("PRRC", comment.id),
    url,
    pull_request_review_id: review.id,
    diff_hunk: comment.diffHunk,
    path: comment.path,
    line: comment.line,
    original_line: comment.line,
    start_line: comment.startLine,
    original_start_line: comment.startLine,
    side: comment.side,
    start_side: comment.startLine === null ? null : comment.side,
    ...(comment.inReplyTo === null ? {} : { in_reply_to_id: comment.inReplyTo }),
    subject_type: "line",
    commit_id: review.commitId,
    original_commit_id: review.commitId,
    user: userJson(view, review.author),
    body: comment.body,
    created_at: review.submittedAt,
    updated_at: review.submittedAt,
    html_url: page,
    pull_request_url: pullUrl,
    author_association: associationOf(repository, review.author),
    _links: { self: { href: url }, html: { href: page }, pull_request: { href: pullUrl } },
  };
}
