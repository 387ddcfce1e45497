/** GitHub for commands: a client with the person's token, and its failures in words a person can act on. */
import type { GitHub } from "../../github/client.ts";
import { createGitHub } from "../../github/octokit.ts";
import { requestFailure, whatGitHubSaid } from "../../github/request-error.ts";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import type { CliWorld } from "./command.ts";

/** A client with this token. */
export const gitHubWith = (token: string, { clock, fetch, environment }: Pick<CliWorld, "clock" | "fetch" | "environment">): GitHub =>
  createGitHub({ token, baseUrl: environment().github.apiUrl, userAgent: "worktrain-cli", clock, fetch });

/** Does something with GitHub. @throws TerminalError or RetryableError in place of a failed request */
export async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const failure = requestFailure(error);
    if (failure === null) throw error;
    if (failure.status >= 500) throw new RetryableError(`GitHub could not be asked (${failure.response === undefined ? failure.message : failure.status}).`, { cause: error });
    const said = `GitHub answered ${failure.status}: ${whatGitHubSaid(failure)}.`;
    throw new TerminalError(said, failure.status === 401 ? "Set GITHUB_TOKEN to a token that is valid." : "Check that the token may read this repository's actions and contents.", { cause: error });
  }
}
