/** The first version with breaking changes since 2022; pinned so that answers keep the form we parse (P-api-version). */
export const GITHUB_API_VERSION = "2026-03-10";
/** The API's server unless `GITHUB_API_URL` names another. */
export const GITHUB_API_URL = "https://api.github.com";

/**
 * The narrow face of an Octokit that everything here uses: Probot's, or one from @octokit/core with a job's token.
 * Failed requests reject with an error that has `status` and, where GitHub answered, `response.headers`.
 */
export interface GitHub {
  /** Sends e.g. `request("GET /repos/{owner}/{repo}/issues/{issue_number}", { owner, repo, issue_number: 12 })`. */
  request(route: string, parameters?: Readonly<Record<string, unknown>>): Promise<GitHubResponse>;
}

/** `data` is unchecked: whoever reads it parses it with zod. */
export interface GitHubResponse {
  readonly status: number;
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
}

export interface Repository {
  readonly owner: string;
  readonly repo: string;
}
