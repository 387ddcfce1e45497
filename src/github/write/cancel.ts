import type { GitHub, Repository } from "../client.ts";
import { hasStatus } from "../request-error.ts";
import type { Effect } from "./effect.ts";

/**
 * Asks GitHub to end a run (P-cancel): its steps get SIGINT and may save. With `force` it does not wait for steps that run in spite of a
 * cancellation. A run that is over already (409) is what was wanted; asking twice does no harm, so there is nothing to look up.
 */
export function cancelEffect(github: GitHub, repository: Repository, { runId, force }: { readonly runId: number; readonly force: boolean }): Effect {
  const route = force ? "POST /repos/{owner}/{repo}/actions/runs/{run_id}/force-cancel" : "POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel";
  return {
    key: `${force ? "force-cancel" : "cancel"}:${runId}`,
    description: `the end of run ${runId} of ${repository.owner}/${repository.repo}`,
    lookUp: () => Promise.resolve(null),
    cures: { 403: "Give the App the permission `actions: write`, or cancel the run on its page." },
    async write() {
      try {
        await github.request(route, { ...repository, run_id: runId });
      } catch (error) {
        if (!hasStatus(error, 409)) throw error;
      }
      return { id: String(runId), url: null };
    },
  };
}
