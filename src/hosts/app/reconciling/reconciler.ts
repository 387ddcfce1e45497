/**
 * Looks, soon after the App's start and then every few minutes, for what it has not heard of: webhooks that were lost or came while no App
 * was there, and work that is due without one. It keeps nothing: each look decides from what GitHub says, so that any replica may be
 * restarted at any time (G13, fault 28).
 */
import { isOutage } from "../../../github/request-error.ts";
import { RetryableError } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/ports.ts";
import type { AppLog } from "../app-log.ts";
import { rescan } from "./rescan.ts";
import type { Workplace } from "../workplace.ts";
import type { LostCommandTools } from "./lost-commands.ts";

/** What a look may take and the wait between two are to stay within a quarter of an hour (G13). */
export const LOOK_EVERY_MS = 10 * 60_000;
/** An App that is restarted again and again must not look again and again, and what webhooks bring at a start comes first. */
export const FIRST_LOOK_MS = 60_000;
/** GitHub keeps deliveries for three days (P-redelivery): the first look goes back as far. */
const FIRST_LOOK_BACK_MS = 3 * 24 * 60 * 60_000;
/** A later one sees each failed delivery in three looks. */
const LOOK_BACK_MS = 3 * LOOK_EVERY_MS;

export interface ReconcilerWorld {
  /** Every repository that the App is installed on. */
  places(): AsyncIterable<Workplace>;
  /** Has failed deliveries since a time sent again. */
  redeliver(sinceMs: number): Promise<void>;
}

export interface ReconcilerOptions {
  readonly clock: Clock;
  readonly log: AppLog;
  readonly world: ReconcilerWorld;
  readonly tools: LostCommandTools;
}

export interface Reconciler {
  /** Resolves when no look is under way. */
  idle(): Promise<void>;
  /** Ends looking; resolves when the last look is done. */
  stop(): Promise<void>;
}

export function startReconciler({ clock, log, world, tools }: ReconcilerOptions): Reconciler {
  const stopping = new AbortController();
  const { signal } = stopping;

  const safely = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (isOutage(error) || error instanceof RetryableError) log.warn(`${what}: GitHub has an outage; it is looked again later`, {});
      else log.error(error, `${what} failed`, {});
    }
  };

  const look = async (lookBackMs: number): Promise<void> => {
    const lookedFromMs = clock.nowMs();
    await safely("having failed deliveries sent again", () => world.redeliver(lookedFromMs - lookBackMs));
    await safely("looking through the repositories", async () => {
      for await (const place of world.places()) {
        if (signal.aborted) return;
        await safely(`looking through repository ${place.repositoryId}`, () => rescan(place, tools, { sinceMs: lookedFromMs - lookBackMs }));
      }
    });
  };

  let underWay: Promise<void> = Promise.resolve();
  const looking = (async () => {
    for (let lookBackMs = FIRST_LOOK_BACK_MS, waitMs = FIRST_LOOK_MS; ; lookBackMs = LOOK_BACK_MS, waitMs = LOOK_EVERY_MS) {
      await clock.sleep(waitMs, signal).catch(() => undefined); // Rejects only when it is to end, which ends the loop.
      if (signal.aborted) return;
      underWay = look(lookBackMs);
      await underWay;
    }
  })();

  return {
    idle: () => underWay,
    async stop() {
      stopping.abort();
      await looking;
    },
  };
}
