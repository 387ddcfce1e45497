/** GitHub for commands: a client with the person's token, and its failures in words a person can act on. */
import type { GitHub } from "../../github/client.ts";
import { createGitHub } from "../../github/create-github.ts";
import { requestFailure, whatGitHubSaid } from "../../github/request-error.ts";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import type { Fetch } from "../../shared/ports.ts";
import type { CliWorld } from "./command.ts";

/** Somebody waits for it: with a network that is not there it is over in 4 s, with one that is silent after three times-out of 30 s, 94 s in all. */
const READ_PAUSES_MS: readonly number[] = [1_000, 3_000];
/** Of waiting for a rate limit: a longer one is told. */
const PATIENCE_MS = 60_000;

/** A client with this token, which ends when the command is interrupted. */
export const gitHubWith = (token: string, { clock, fetch, environment, signal }: Pick<CliWorld, "clock" | "fetch" | "environment" | "signal">): GitHub =>
  createGitHub({ token, baseUrl: environment().github.apiUrl, userAgent: "worktrain-cli", clock, fetch, signal, readPausesMs: READ_PAUSES_MS, patienceMs: PATIENCE_MS });

/** Requests beside the client's that end when the command is interrupted. */
export const interruptible = ({ fetch, signal }: Pick<CliWorld, "fetch" | "signal">): Fetch => (input, init) =>
  fetch(input, { ...init, signal: init?.signal ? AbortSignal.any([init.signal, signal]) : signal });

/** Does something with GitHub. @throws TerminalError in place of a failed request */
export async function explained<T>({ environment, signal }: Pick<CliWorld, "environment" | "signal">, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RetryableError && error.retryAfterMs !== undefined) throw new TerminalError(error.message, `Run the command again in ${Math.ceil(error.retryAfterMs / 60_000)} min, or with a token of another account.`, { cause: error });
    const failure = requestFailure(error);
    if (failure === null) throw error;
    const { apiUrl } = environment().github;
    const said = whatGitHubSaid(failure).replace(/\.+$/, "");
    if (failure.response === undefined) throw new TerminalError(`${apiUrl} cannot be reached: ${said}.`, "Check the network, a proxy, and GITHUB_API_URL; then run the command again.", { cause: error });
    if (failure.status >= 500) throw new TerminalError(`${apiUrl} answered ${failure.status}: ${said}.`, "It is GitHub's own trouble (https://www.githubstatus.com): run the command again later.", { cause: error });
    throw new TerminalError(`GitHub answered ${failure.status}: ${said}.`, failure.status === 401 ? "Set GITHUB_TOKEN to a token that is valid." : "Check that the token may read this repository's actions and contents.", { cause: error });
  }
}
