/**
 * What an earlier review looked at already. Pure.
 *
 * I8. Of the agent job's journal only the parts it left out are taken, and only if by GitHub's word they were there; why the whole was looked
 *     at is the deliver job's own finding, in words of ours.
 */
import type { BotReview, WhyWhole } from "../github/read/index.ts";
import type { ReviewedBefore } from "../record/index.ts";
import { err, ok, type Result } from "../shared/result.ts";

export interface ReviewedSince {
  readonly headSha: string;
  /** Parts of the change that were not looked at again. */
  readonly same: number;
  /** Why the whole was looked at all the same; null where only what is new was. */
  readonly whole: WhyWhole | null;
}

/** The review that is gone on from, by the commit that the ticket names. One about another commit is none, though an account of ours posted it: others can post with GitHub Actions. */
export const reviewOf = (reviews: readonly BotReview[], { headSha }: Pick<ReviewedSince, "headSha">): BotReview | undefined => reviews.findLast((each) => each.headSha === headSha);

/**
 * @param seen what the deliver job reads to be the same in both changes
 * @returns the number of parts that the journal leaves out wrongly as the error (attack 14)
 */
export function reviewedSince({ headSha, seen: leftOut }: ReviewedBefore, seen: Result<readonly string[], WhyWhole>): Result<ReviewedSince, number> {
  const known = new Set(seen.ok ? seen.value : []);
  const wrong = leftOut.filter((id) => !known.has(id)).length;
  return wrong > 0 ? err(wrong) : ok({ headSha, same: leftOut.length, whole: seen.ok ? null : seen.error });
}
