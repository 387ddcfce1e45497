/** What comes of a read that failed for good, in words a person can act on. Writes are the effect runner's. */
import { RetryableError, TerminalError } from "../shared/errors.ts";
import type { GitHub } from "./client.ts";
import { requestFailure, whatGitHubSaid } from "./request-error.ts";
import { isRead } from "./retries.ts";

/**
 * A client whose failed reads say what failed and what to do: an outage as RetryableError, a token or permission that is not taken
 * as TerminalError. Every other failure (a 404, say) passes as it is; `requestFailure` finds the facts of all of them.
 */
export function withReadFailures(github: GitHub): GitHub {
  return {
    async request(route, parameters) {
      try {
        return await github.request(route, parameters);
      } catch (error) {
        const failure = isRead(route, parameters) ? requestFailure(error) : null;
        if (failure === null || error instanceof RetryableError) throw error;
        const answered = `${failure.status}: ${whatGitHubSaid(failure)}`;
        if (failure.status >= 500) throw new RetryableError(`GitHub did not answer ${route} (${answered}).`, { cause: error });
        if (failure.status === 401) throw new TerminalError(`GitHub does not take the token any more for ${route} (${answered}).`, "A job's token ends with its job. Start the work again by labelling the issue.", { cause: error });
        if (failure.status === 403) throw new TerminalError(`GitHub refuses ${route} (${answered}).`, "Compare the job's permissions with templates/worktrain.yml, and see whether a policy of the organisation forbids it.", { cause: error });
        throw error;
      }
    },
  };
}
