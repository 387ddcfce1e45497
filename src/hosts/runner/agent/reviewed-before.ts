/** What an earlier review of the pull request looked at and found, so that only what is new is looked at. */
import type { GitHub, Repository } from "../../../github/client.ts";
import { GITHUB_ACTIONS_LOGIN, readComparison, readReviewThreads, readSeenHunks } from "../../../github/read/index.ts";
import type { Ticket } from "../../../github/trust/index.ts";
import { readFindingMark, type EarlierFinding, type ReviewedBefore } from "../../../record/index.ts";

const MOST_FINDINGS = 200;
const MAX_TEXT_CHARS = 1_000;

/** Null for a first review. What cannot be told apart from what was reviewed is reviewed whole, and why is kept. */
export async function readReviewedBefore(github: GitHub, repository: Repository, { review, base, issueNumber }: Pick<Ticket, "review" | "base" | "issueNumber">): Promise<ReviewedBefore | null> {
  const since = review?.since;
  if (review === undefined || since === undefined) return null;
  const now = await readComparison(github, repository, { base: base.sha, head: review.headSha });
  const seen = await readSeenHunks(github, repository, { since, now });
  const known = seen.ok ? { seen: [...seen.value] } : { seen: [], full: seen.error };
  const { headSha, mergeBase, by } = since;
  return { headSha, mergeBase, ...known, earlier: await openFindings(github, repository, { number: issueNumber, botLogins: [GITHUB_ACTIONS_LOGIN, by] }) };
}

async function openFindings(github: GitHub, repository: Repository, threadsOf: { readonly number: number; readonly botLogins: readonly string[] }): Promise<EarlierFinding[]> {
  const threads = await readReviewThreads(github, repository, threadsOf);
  return threads
    .flatMap(({ resolved, path, line, first }): EarlierFinding[] => {
      const mark = resolved ? null : readFindingMark(first.body);
      return mark === null ? [] : [{ severity: mark.severity, file: path, line, text: first.body.split("\n").slice(1).join("\n").trim().slice(0, MAX_TEXT_CHARS).toWellFormed() }];
    })
    .slice(0, MOST_FINDINGS);
}
