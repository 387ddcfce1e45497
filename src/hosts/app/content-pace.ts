/**
 * How fast an installation's content is made: GitHub slows down, and in the end bans, who makes more (P-rate-limits, fault 35).
 * What is over it waits its turn, in order. Counted by this App alone: another replica has its own.
 */
import { RetryableError } from "../../shared/errors.ts";
import type { Clock } from "../../shared/ports.ts";

/** Most of what people are notified of, in any span of this length (P-rate-limits). */
const LIMITS: readonly { readonly most: number; readonly spanMs: number }[] = [
  { most: 80, spanMs: 60_000 },
  { most: 500, spanMs: 60 * 60_000 },
];
const KEPT = Math.max(...LIMITS.map(({ most }) => most));

/** Issues, pull requests, comments and reviews. What changes one, reactions, dispatches and whatever stops work never wait. */
export const makesContent = (route: string): boolean => /^POST \/repos\/\{owner\}\/\{repo\}\/(?:issues|pulls)(?:\/\{\w+\}\/(?:comments|reviews)(?:\/\{\w+\}\/replies)?)?$/.test(route);

export interface ContentPace {
  /** Resolves when one more may be made; then it is counted. @throws RetryableError when the App ends before that */
  turn(): Promise<void>;
}

/** @param ends aborted when the App ends: nobody waits on */
export function createContentPace(clock: Clock, ends?: AbortSignal): ContentPace {
  /** Monotonic times of the last `KEPT`, oldest first. */
  const made: number[] = [];
  let last: Promise<unknown> = Promise.resolve();

  const waitMs = (): number => Math.max(...LIMITS.map(({ most, spanMs }) => (made.at(-most) ?? -Infinity) + spanMs - clock.monotonicMs()));
  const take = async (): Promise<void> => {
    for (let ms = waitMs(); ms > 0; ms = waitMs()) {
      await clock.sleep(ms, ends).catch((error: unknown) => {
        throw new RetryableError("The App ended while this waited for its turn; it is looked for at the next start.", { cause: error });
      });
    }
    made.push(clock.monotonicMs());
    if (made.length > KEPT) made.shift();
  };

  return {
    turn() {
      const mine = last.then(take);
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}
