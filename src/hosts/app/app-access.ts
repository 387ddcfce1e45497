/** By which tokens the App speaks: as itself by JWT, as an installation by one that GitHub gives for an hour. Probot makes both. */
import { z } from "zod";
import type { GitHub } from "../../github/client.ts";
import { parseAnswer } from "../../github/parse-answer.ts";
import { hasStatus } from "../../github/request-error.ts";
import { createSender, type SenderOptions } from "../../github/send.ts";
import type { Clock } from "../../shared/ports.ts";
import { createContentPace, makesContent, type ContentPace } from "./content-pace.ts";

/** An installation as it may be reached. */
export interface Installation extends GitHub {
  /** Makes a new token; resolves with what GitHub said of it, unchecked. */
  renew(): Promise<unknown>;
}

export interface AppAccess {
  /** Speaks as the App itself. */
  readonly app: GitHub;
  /** Asks GitHub nothing before the first request. */
  installation(id: number): Installation;
}

/** The part of Probot's Octokit that is used. */
export interface Authenticating {
  auth(options: { readonly type: "app" } | { readonly type: "installation"; readonly installationId: number; readonly refresh?: boolean }): Promise<unknown>;
}

export interface AccessOptions extends Pick<SenderOptions, "baseUrl" | "graphqlUrl" | "fetch"> {
  readonly clock: Clock;
  readonly authenticate: () => Promise<Authenticating>;
  /** Whether an installation's content is made no faster than GitHub allows; default: it is. */
  readonly paced?: boolean;
  /** Aborted when the App ends: nothing waits for its turn any more. */
  readonly ends?: AbortSignal;
}

const appTokenSchema = z.object({ token: z.string() });
const tokenSchema = z.object({ token: z.string(), expiresAt: z.string() });

/** A token is good until a minute before its end (P-token-life). */
const LEFT_OVER_MS = 60_000;
/** All of GitHub's servers know a new token only after a while; for so long a 401 may mean just that (as @octokit/auth-app has it). */
const YOUNG_MS = 5_000;
/** Of installations whose token is kept: beyond that the oldest is asked of Probot again. */
const MOST_KEPT = 10_000;

export function createAppAccess({ clock, authenticate, paced = true, ends, ...where }: AccessOptions): AppAccess {
  const installations = new Map<number, Installation>();
  const senderOf = (token: SenderOptions["token"]): GitHub => createSender({ ...where, userAgent: "worktrain-app", token });
  return {
    app: senderOf(async () => parseAnswer(appTokenSchema, await (await authenticate()).auth({ type: "app" }), "the App's JWT").token),
    installation(id) {
      const known = installations.get(id);
      if (known !== undefined) return known;
      const made = installationWith(senderOf, { clock, pace: paced ? createContentPace(clock, ends) : null, make: async (refresh) => (await authenticate()).auth({ type: "installation", installationId: id, ...(refresh ? { refresh } : {}) }) });
      const [oldest] = installations.size >= MOST_KEPT ? installations.keys() : [];
      if (oldest !== undefined) installations.delete(oldest);
      installations.set(id, made);
      return made;
    },
  };
}

interface Kept {
  readonly token: string;
  readonly madeMs: number;
  readonly untilMs: number;
}

function installationWith(senderOf: (token: SenderOptions["token"]) => GitHub, { clock, pace, make }: { readonly clock: Clock; readonly pace: ContentPace | null; readonly make: (refresh: boolean) => Promise<unknown> }): Installation {
  let kept: Kept | null = null;
  const fresh = async (refresh: boolean): Promise<unknown> => {
    const made = await make(refresh);
    const { token, expiresAt } = parseAnswer(tokenSchema, made, "an installation's token");
    if (kept?.token !== token) kept = { token, madeMs: clock.nowMs(), untilMs: Date.parse(expiresAt) - LEFT_OVER_MS };
    return made;
  };
  const sender = senderOf(async () => {
    if (kept === null || !(clock.nowMs() < kept.untilMs)) await fresh(false);
    return kept === null ? null : kept.token;
  });
  return {
    async request(route, parameters) {
      if (makesContent(route)) await pace?.turn();
      for (let retry = 1; ; retry += 1) {
        try {
          return await sender.request(route, parameters);
        } catch (error) {
          const isYoung = kept !== null && clock.nowMs() - kept.madeMs < YOUNG_MS;
          if (!hasStatus(error, 401) || !isYoung) throw error;
          await clock.sleep(retry * 1_000);
        }
      }
    },
    renew: () => fresh(true),
  };
}
