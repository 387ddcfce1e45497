/** What was delivered stays told by the status comment (I4); another one says, once for a commit and a reason, why it is not worked on again. */
import { commentEffect, type Confirmed } from "../../../github/write/index.ts";
import { quote } from "../../../report/markdown.ts";
import type { AppTools, Workplace } from "../workplace.ts";

export interface NotFollowedUp {
  readonly issueNumber: number;
  readonly pullNumber: number;
  /** The delivered commit. */
  readonly headSha: string;
  /** What is said beside other reasons: a word. */
  readonly about?: string;
  readonly refusal: { readonly message: string; readonly fix: string };
}

/** @param seen what a look for the marker a moment ago showed; absent where nobody looked */
export async function tellNotFollowedUp({ github, repository }: Workplace, tools: AppTools, wish: NotFollowedUp, seen?: Confirmed | null): Promise<Confirmed> {
  return tools.effects.apply(commentEffect({ github, repository, issueNumber: wish.issueNumber, author: tools.author }, { ...notFollowedUpText(wish), ...(seen === undefined ? {} : { seen }) }));
}

/** The comment, and the marker that it starts with and is found by. */
export function notFollowedUpText({ issueNumber, pullNumber, headSha, about, refusal }: NotFollowedUp): { readonly marker: string; readonly body: string } {
  const marker = `<!-- worktrain:not-followed-up issue-${issueNumber} ${headSha}${about === undefined ? "" : ` ${about}`} -->`;
  return { marker, body: [marker, `### WorkTrain did not go on with #${pullNumber}`, quote(refusal.message), `**What to do:** ${refusal.fix}`].join("\n\n") };
}
