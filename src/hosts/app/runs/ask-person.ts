/** Stops that no run gets over by itself: the issue gets a label that people can look for, and one comment with the summary (G15). */
import { commentEffect, findComments, labelEffect } from "../../../github/write/index.ts";
import type { EndingCode } from "../../../record/index.ts";
import type { AppTools, Workplace } from "../workplace.ts";

export const NEEDS_HUMAN_LABEL = "worktrain:needs-human";

/** Not what waits for an answer or for time: its own comment says what to do. */
const WHY: Partial<Readonly<Record<EndingCode, string>>> = {
  "keeps-crashing": "Runs ended without a word at the same place again and again, most often for memory or disk, and it is not tried any more.",
  undeliverable: "The work was done, and no run can publish it as it is.",
};

export async function askPersonAt({ github, repository }: Workplace, tools: AppTools, { issueNumber, runUrl, runId, ending }: { readonly issueNumber: number; readonly runUrl: string; readonly runId: number; readonly ending: EndingCode }): Promise<void> {
  const why = WHY[ending];
  if (why === undefined) return;
  const marker = `<!-- worktrain:needs-human issue-${issueNumber} run-${runId} -->`;
  const target = { github, repository, issueNumber, author: tools.author };
  // The label may have been taken off since: the comment comes last.
  if ((await findComments(target, marker)).length > 0) return;
  await tools.effects.apply(labelEffect(github, repository, { issueNumber, label: NEEDS_HUMAN_LABEL }));
  const body = [marker, "### WorkTrain needs a person here", why, `**What to do:** see the status comment and [the run](${runUrl}). Take \`${NEEDS_HUMAN_LABEL}\` off when it is dealt with.`].join("\n\n");
  await tools.effects.apply(commentEffect(target, { marker, body, seen: null }));
}
