/** How what we publish is called and found again. A marker or trailer counts only in what our own account wrote. */
import { ownBranch } from "../github/read/own-branch.ts";
import { GITHUB_ACTIONS_LOGIN } from "../github/read/own-reviews.ts";
import type { Ticket } from "../github/trust/index.ts";
import { parseItemId, type Trailers } from "../record/index.ts";

/** Who we are on GitHub. */
export interface Publisher {
  readonly appId: number;
  readonly appSlug: string;
  readonly botLogin: string;
}

/** The account behind `GITHUB_TOKEN` on github.com: the App "GitHub Actions" (P-github-token). */
export const GITHUB_ACTIONS: Publisher = { appId: 15368, appSlug: "github-actions", botLogin: GITHUB_ACTIONS_LOGIN };

/** `worktrain/issue-12-1`: the branch of an item's attempt. */
export function branchOf(itemId: string): string {
  const name = parseItemId(itemId);
  if (name === null) throw new TypeError(`${itemId} is not a work item`);
  return ownBranch(name);
}

/** First line of a pull request's or comment's body. */
export const marker = (what: "pull-request" | "comment" | "review", ticket: Pick<Ticket, "item" | "key">): string => `<!-- worktrain:${what} ${ticket.item} key=${ticket.key} -->`;

/** What the marker of a review of any run on a pull request starts with. */
export const reviewMarkerOf = (repositoryId: number, pullNumber: number): string => `<!-- worktrain:review ${repositoryId}/pr-${pullNumber}/`;

/** First line of a sub-issue's body: the same for every run of the item, so that a later one goes on with what an earlier one made. */
export const subIssueMarker = (item: string, place: number): string => `<!-- worktrain:sub-issue ${item} ${place} -->`;

/** What the marker of a pull request of any run of an item starts with. */
export const pullRequestMarkerOf = (item: string): string => `<!-- worktrain:pull-request ${item} key=`;

/** The item and key that the first line of a pull request's body names; null where it names none. */
export function readPullRequestMarker(body: string): Trailers | null {
  const [, item, key] = /^<!-- worktrain:pull-request (\S+) key=([0-9a-f]+) -->/.exec(body) ?? [];
  return item === undefined || key === undefined ? null : { item, key };
}
