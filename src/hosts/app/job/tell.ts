/** A run's last job: has the intake look at the run. What `GITHUB_TOKEN` does starts no workflow but by a dispatch (P-github-token). */
import { createGitHub } from "../../../github/create-github.ts";
import { requestFailure, whatGitHubSaid } from "../../../github/request-error.ts";
import { INTAKE_WORKFLOW_FILE } from "../../../intake/decide-start.ts";
import { RetryableError } from "../../../shared/errors.ts";
import type { Clock, Fetch } from "../../../shared/ports.ts";
import type { JobSettings } from "./settings.ts";

/** @returns why it could not be asked for, in words; null where it was. The run itself is none the worse for it */
export async function tell({ owner, repo, branch, runId, token, apiUrl, graphqlUrl }: JobSettings, { clock, fetch }: { readonly clock: Clock; readonly fetch: Fetch }): Promise<string | null> {
  const github = createGitHub({ token, baseUrl: apiUrl, graphqlUrl, userAgent: "worktrain-intake", clock, fetch });
  try {
    await github.request("POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", { owner, repo, workflow_id: INTAKE_WORKFLOW_FILE, ref: branch, inputs: { run: String(runId) } });
    return null;
  } catch (error) {
    const failure = requestFailure(error);
    if (failure === null && !(error instanceof RetryableError)) throw error;
    const why = failure === null ? "GitHub has an outage" : `GitHub answered ${failure.status}: ${whatGitHubSaid(failure)}`;
    return `The status comment is not brought up to date now (${why}): the next scheduled run of ${INTAKE_WORKFLOW_FILE} does it. See that the file is on the default branch and this job has the permission \`actions: write\`.`;
  }
}
