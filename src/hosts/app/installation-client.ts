import type { Octokit } from "@octokit/core";
import type { GitHub } from "../../github/client.ts";
import { fromOctokit } from "../../github/octokit.ts";
import { hasStatus } from "../../github/request-error.ts";
import { withRetries } from "../../github/retries.ts";
import type { Clock } from "../../shared/ports.ts";
import type { AppLog } from "./app-log.ts";

/** What is used of the client that Probot makes for an installation. */
export interface InstallationOctokit extends Pick<Octokit, "request"> {
  auth(options: { readonly type: "installation"; readonly refresh: true }): Promise<unknown>;
}

export interface ClientOptions {
  readonly clock: Clock;
  readonly log: AppLog;
  readonly graphqlUrl: string;
}

/**
 * The client of the installation that an event names. Its token is made anew a minute before it expires (by Probot) and
 * once more when GitHub does not take it (P-token-life, fault 55).
 */
export function installationClient(octokit: InstallationOctokit, { clock, log, graphqlUrl }: ClientOptions): GitHub {
  const plain = fromOctokit(octokit, graphqlUrl);
  const renewing: GitHub = {
    async request(route, parameters) {
      try {
        return await plain.request(route, parameters);
      } catch (error) {
        if (!hasStatus(error, 401)) throw error;
        await octokit.auth({ type: "installation", refresh: true });
        return plain.request(route, parameters);
      }
    },
  };
  return withRetries(renewing, { clock, onWait: (waitMs, route) => log.warn("waiting for GitHub's rate limit", { waitMs, route }) });
}
