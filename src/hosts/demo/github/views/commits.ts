import type { Commit } from "../git/git.ts";
import type { RepositoryRecord } from "../records.ts";
import { select } from "../state.ts";
import { accountJson } from "./accounts.ts";
import { apiUrl, pageUrl } from "./repository.ts";
import { nodeId, type View } from "./view.ts";

/** Signed by GitHub: an App's commit made by the git data API without author, committer and signature. */
function verificationJson(view: View, commit: Commit) {
  const signed = view.state.signedCommits.has(commit.id);
  return {
    verified: signed,
    reason: signed ? "valid" : "unsigned",
    signature: null,
    payload: null,
    verified_at: signed ? commit.committer.date : null,
  };
}

/** `git-commit` of GitHub's description. */
export function gitCommitJson(view: View, repository: RepositoryRecord, commit: Commit) {
  const git = `${apiUrl(view, repository)}/git`;
  return {
    sha: commit.id,
    node_id: nodeId("C", commit.id),
    url: `${git}/commits/${commit.id}`,
    html_url: `${pageUrl(view, repository)}/commit/${commit.id}`,
    author: commit.author,
    committer: commit.committer,
    tree: { sha: commit.tree, url: `${git}/trees/${commit.tree}` },
    message: commit.message,
    parents: commit.parents.map((sha) => ({ sha, url: `${git}/commits/${sha}`, html_url: `${pageUrl(view, repository)}/commit/${sha}` })),
    verification: verificationJson(view, commit),
  };
}

/** `commit` of GitHub's description. */
export function commitJson(view: View, repository: RepositoryRecord, commit: Commit) {
  const api = apiUrl(view, repository);
  return {
    sha: commit.id,
    node_id: nodeId("C", commit.id),
    url: `${api}/commits/${commit.id}`,
    html_url: `${pageUrl(view, repository)}/commit/${commit.id}`,
    comments_url: `${api}/commits/${commit.id}/comments`,
    commit: {
      url: `${api}/git/commits/${commit.id}`,
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      comment_count: 0,
      tree: { sha: commit.tree, url: `${api}/git/trees/${commit.tree}` },
      verification: verificationJson(view, commit),
    },
    author: accountByEmail(view, commit.author.email),
    committer: accountByEmail(view, commit.committer.email),
    parents: commit.parents.map((sha) => ({ sha, url: `${api}/commits/${sha}`, html_url: `${pageUrl(view, repository)}/commit/${sha}` })),
  };
}

/** GitHub ties a commit to an account by `<id>+<login>@users.noreply.github.com`. */
function accountByEmail(view: View, email: string) {
  const account = select(view.state.accounts, (candidate) => noReplyEmail(candidate.id, candidate.login).toLowerCase() === email.toLowerCase())[0];
  return account === undefined ? null : accountJson(view, account);
}

export const noReplyEmail = (id: number, login: string): string => `${id}+${login}@users.noreply.github.com`;
