/**
 * I2. Every effect converges to one per key, whatever crashed: look up, write, and after an unknown outcome look up
 * again, twice and late, before writing once more. Of several with one key the lowest id stays.
 */
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import type { Clock } from "../../shared/ports.ts";
import { requestFailure, whatGitHubSaid, type RequestFailure } from "../request-error.ts";
import type { Confirmed, Effect, Found } from "./effect.ts";

/** GitHub's lists lag behind its writes: the first look after a lost answer waits 2 s, the second 8 s more. */
const LATE_LOOKS_MS: readonly number[] = [2_000, 8_000];
const WRITES = 2;

export interface EffectRunnerPorts {
  readonly clock: Clock;
  /**
   * Called once for each confirmed effect before `apply` resolves, e.g. to journal it. A throw makes `apply` reject;
   * the effect stays done and the next run adopts it.
   */
  readonly onConfirmed?: (effect: Effect, confirmed: AppliedEffect) => Promise<void> | void;
}

export interface AppliedEffect extends Confirmed {
  /** True when it was found already done. */
  readonly adopted: boolean;
}

export interface EffectRunner {
  /**
   * @throws TerminalError when GitHub refused it (4xx), with GitHub's words and the cure
   * @throws RetryableError when the outcome is still unknown after everything
   */
  apply(effect: Effect): Promise<AppliedEffect>;
}

export function createEffectRunner({ clock, onConfirmed }: EffectRunnerPorts): EffectRunner {
  return {
    async apply(effect) {
      const confirmed = await converge(effect, clock);
      await onConfirmed?.(effect, confirmed);
      return confirmed;
    },
  };
}

async function converge(effect: Effect, clock: Clock): Promise<AppliedEffect> {
  const found = (await effect.lookUp()) ?? (effect.contested === true ? await lookLate(effect, clock) : null);
  if (found !== null) return adopt(effect, found);
  let lastFailure: RequestFailure | null = null;
  for (let write = 1; write <= WRITES; write += 1) {
    try {
      return await settle(effect, await effect.write());
    } catch (error) {
      const failure = requestFailure(error);
      if (failure === null) throw error;
      if (failure.status < 500) throw refusedByGitHub(effect, failure, error);
      lastFailure = failure;
    }
    const late = await lookLate(effect, clock);
    if (late !== null) return adopt(effect, late);
  }
  throw new RetryableError(`It is not known whether GitHub did it: ${effect.description} (${lastFailure?.message ?? "no answer"}).`);
}

/** Another writer may have been as fast: where a duplicate can be taken back, the lowest id stays. */
async function settle(effect: Effect, written: Confirmed): Promise<AppliedEffect> {
  if (effect.discard !== undefined) {
    const lowest = await effect.lookUp();
    if (lowest !== null && lowest.id !== written.id) {
      await effect.discard(written);
      return { id: lowest.id, url: lowest.url, adopted: true };
    }
  }
  return { ...written, adopted: false };
}

/** Who died between writing and looking left what only the next one can take back. */
async function adopt(effect: Effect, { id, url, duplicates = [] }: Found): Promise<AppliedEffect> {
  for (const duplicate of duplicates) await effect.discard?.(duplicate);
  return { id, url, adopted: true };
}

async function lookLate(effect: Effect, clock: Clock): Promise<Found | null> {
  for (const delayMs of LATE_LOOKS_MS) {
    await clock.sleep(delayMs);
    const found = await effect.lookUp();
    if (found !== null) return found;
  }
  return null;
}

function refusedByGitHub(effect: Effect, failure: RequestFailure, cause: unknown): TerminalError {
  return new TerminalError(`GitHub refused: ${effect.description} (${failure.status}: ${whatGitHubSaid(failure)}).`, effect.cures?.[failure.status] ?? cureFor(failure.status), { cause });
}

/** What a person can do about a refusal by status; the GitHub documentation on REST troubleshooting is the source. */
function cureFor(status: number): string {
  switch (status) {
    case 401:
      return "The token is not valid any more. Start the work again.";
    case 403:
      return "Give the App or the job the permission GitHub names, and see whether a policy of the organisation forbids it.";
    case 404:
      return "See whether the repository, branch or issue is still there and the App is installed on it.";
    case 409:
      return "Something changed at the same time. Start the work again.";
    case 422:
      return "GitHub found the request not valid; what it said names the field.";
    default:
      return "See what GitHub said; start the work again when it is mended.";
  }
}
