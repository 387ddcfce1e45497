import type { GitHub } from "../../github/client.ts";
import { hasStatus } from "../../github/request-error.ts";
import { withRetries } from "../../github/retries.ts";
import type { Clock } from "../../shared/ports.ts";
import type { Installation } from "./app-access.ts";
import type { AppLog } from "./app-log.ts";

export interface ClientOptions {
  readonly clock: Clock;
  readonly log: AppLog;
}

/**
 * The client of the installation that an event names. Its token is made anew a minute before it expires and
 * once more when GitHub does not take it (P-token-life, fault 55).
 */
export function installationClient(installation: Installation, { clock, log }: ClientOptions): GitHub {
  const renewing: GitHub = {
    async request(route, parameters) {
      try {
        return await installation.request(route, parameters);
      } catch (error) {
        if (!hasStatus(error, 401)) throw error;
        await installation.renew();
        return installation.request(route, parameters);
      }
    },
  };
  return withRetries(renewing, { clock, onWait: (waitMs, route) => log.warn("waiting for GitHub's rate limit", { waitMs, route }) });
}
