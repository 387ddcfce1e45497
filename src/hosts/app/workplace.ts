import { GITHUB_ACTIONS } from "../../delivery/names.ts";
import type { GitHub, Repository } from "../../github/client.ts";
import { isOutage, requestFailure } from "../../github/request-error.ts";
import type { CommentAuthor, EffectRunner } from "../../github/write/index.ts";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import type { Clock } from "../../shared/ports.ts";
import type { AppLog } from "./app-log.ts";

/** One repository as the App may reach it: by the installation that the event names. */
export interface Workplace {
  readonly github: GitHub;
  readonly repository: Repository;
  /** The identity that outlives renames. */
  readonly repositoryId: number;
}

/** What every handler of the App works with. */
export interface AppTools {
  readonly clock: Clock;
  readonly log: AppLog;
  readonly effects: EffectRunner;
  /** Who the App is when it comments. */
  readonly author: CommentAuthor;
}

/** Whether boxes and buttons are heard of. A job of GitHub Actions is told of none, and its token makes no check runs and arms nothing. */
export const hearsClicks = ({ author }: Pick<AppTools, "author">): boolean => author.appId !== GITHUB_ACTIONS.appId;

/**
 * Work that nothing hangs on: what GitHub refuses of it is logged, and the rest goes on.
 * @param what for the log
 * @param again whoever calls looks again after an outage, which is thrown then
 */
export async function orLogged<T>({ repositoryId }: Workplace, { log }: Pick<AppTools, "log">, { what, again = false }: { readonly what: string; readonly again?: boolean }, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const isGitHubs = error instanceof TerminalError || error instanceof RetryableError || requestFailure(error) !== null;
    if (!isGitHubs || (again && (error instanceof RetryableError || isOutage(error)))) throw error;
    log.error(error, what, { repository: repositoryId });
    return undefined;
  }
}

/** What is handled in order: one issue. */
export const subjectOf = (repositoryId: number, issueNumber: number): string => `${repositoryId}/issue-${issueNumber}`;
