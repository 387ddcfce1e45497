import type { Clock } from "../../../shared/ports.ts";
import type { ActionsPort } from "../github/actions-port.ts";
import type { LocalActionsEvent } from "./events.ts";

export interface LocalActionsOptions {
  readonly port: ActionsPort;
  /** Absolute; job directories, logs and artifacts are kept in it. */
  readonly directory: string;
  /** What jobs get as `GITHUB_API_URL`; `GITHUB_GRAPHQL_URL` is this with `/graphql`. */
  readonly apiUrl: string;
  /** Stands for `https://github.com` when git fetches: `<gitUrl>/<owner>/<name>`. */
  readonly gitUrl: string;
  /** The node 24 binary that runs actions; its directory is on the jobs' PATH. */
  readonly nodePath: string;
  /** Directories of actions by `owner/repo/path`; whatever ref a workflow names, this directory is what runs. */
  readonly actions: Readonly<Record<string, string>>;
  /**
   * Variables that a job on GitHub would not have, and that this world cannot do without, for instance `ANTHROPIC_BASE_URL`,
   * or `GIT_CONFIG_COUNT` with `url.<base>.insteadOf`. `PATH` replaces the default one. Names GitHub sets itself are refused.
   */
  readonly extraEnvironment: Readonly<Record<string, string>>;
  /** Variables of the repository, as workflows read them by `vars`; none when absent. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** Must not throw; what it throws is rethrown by `idle()`. */
  readonly onEvent: (event: LocalActionsEvent) => void;
}
