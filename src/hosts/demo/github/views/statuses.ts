import type { CommitStatus, RepositoryRecord } from "../records.ts";
import { userJson } from "./accounts.ts";
import { apiUrl, repositoryJson } from "./repository.ts";
import { nodeId, type View } from "./view.ts";

const simple = (view: View, repository: RepositoryRecord, { id, sha, state, context, description, targetUrl, createdAt }: CommitStatus) => ({
  url: `${apiUrl(view, repository)}/statuses/${sha}`,
  avatar_url: null,
  id,
  node_id: nodeId("SC", id),
  state,
  description,
  target_url: targetUrl,
  context,
  created_at: createdAt,
  updated_at: createdAt,
});

/** `status`. */
export const statusJson = (view: View, repository: RepositoryRecord, status: CommitStatus) => ({ ...simple(view, repository, status), creator: userJson(view, status.creator) });

/** `combined-commit-status`: without a status it is pending. */
export function combinedStatusJson(view: View, repository: RepositoryRecord, { sha, all, shown }: { readonly sha: string; readonly all: readonly CommitStatus[]; readonly shown: readonly CommitStatus[] }) {
  const is = (...states: readonly string[]): boolean => all.some(({ state }) => states.includes(state));
  const url = `${apiUrl(view, repository)}/commits/${sha}`;
  return { state: is("failure", "error") ? "failure" : all.length === 0 || is("pending") ? "pending" : "success", statuses: shown.map((status) => simple(view, repository, status)), sha, total_count: all.length, repository: repositoryJson(view, repository), commit_url: url, url: `${url}/status` };
}
