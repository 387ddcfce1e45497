import type { GitHub, Repository } from "../../github/client.ts";
import type { CommentAuthor, EffectRunner } from "../../github/write/index.ts";
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

/** What is handled in order: one issue. */
export const subjectOf = (repositoryId: number, issueNumber: number): string => `${repositoryId}/issue-${issueNumber}`;
