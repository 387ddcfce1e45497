/** What was delivered stays told by the status comment (I4); another one says, once for a commit and a reason, why it is not worked on again. */
import { commentEffect } from "../../../github/write/index.ts";
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

export async function tellNotFollowedUp({ github, repository }: Workplace, tools: AppTools, { issueNumber, pullNumber, headSha, about, refusal }: NotFollowedUp): Promise<void> {
  const marker = `<!-- worktrain:not-followed-up issue-${issueNumber} ${headSha}${about === undefined ? "" : ` ${about}`} -->`;
  const body = [marker, `### WorkTrain did not go on with #${pullNumber}`, quote(refusal.message), `**What to do:** ${refusal.fix}`].join("\n\n");
  await tools.effects.apply(commentEffect({ github, repository, issueNumber, author: tools.author }, { marker, body }));
}
