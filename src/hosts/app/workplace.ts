import { GITHUB_ACTIONS } from "../../delivery/names.ts";
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

/** Whether boxes and buttons are heard of. A job of GitHub Actions is told of none, and its token makes no check runs and arms nothing. */
export const hearsClicks = ({ author }: Pick<AppTools, "author">): boolean => author.appId !== GITHUB_ACTIONS.appId;

/** What is handled in order: one issue. */
export const subjectOf = (repositoryId: number, issueNumber: number): string => `${repositoryId}/issue-${issueNumber}`;
