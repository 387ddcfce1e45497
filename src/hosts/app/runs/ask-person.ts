/** Stops that no run gets over by itself: the issue gets a label that people can look for, and one comment with the summary (G15). */
import { commentEffect, findComments, labelEffect } from "../../../github/write/index.ts";
import type { EndingCode } from "../../../record/index.ts";
import { needsPerson } from "../checks/asks-on-head.ts";
import { orLogged, type AppTools, type Workplace } from "../workplace.ts";

const NEEDS_HUMAN_LABEL = "worktrain:needs-human";

export interface PersonAsked {
  readonly issueNumber: number;
  /** Names what it is about: a person is asked once about it. */
  readonly about: string;
  /** A delivered commit, on which it is told as well. */
  readonly headSha?: string;
  readonly why: string;
  /** What to do, in words. */
  readonly what: string;
}

export async function askPersonOnce(place: Workplace, tools: AppTools, { issueNumber, about, headSha, why, what }: PersonAsked): Promise<void> {
  const { github, repository } = place;
  const marker = `<!-- worktrain:needs-human issue-${issueNumber} ${about} -->`;
  const target = { github, repository, issueNumber, author: tools.author };
  // The label may have been taken off since: the comment comes last, so who finds it has nothing left to do.
  if ((await findComments(target, marker)).length > 0) return;
  await orLogged(place, tools, UNASKED, () => tools.effects.apply(labelEffect(github, repository, { issueNumber, label: NEEDS_HUMAN_LABEL })));
  const said = [why, `**What to do:** ${what} Take \`${NEEDS_HUMAN_LABEL}\` off when it is dealt with.`];
  if (headSha !== undefined) await needsPerson(place, tools, { headSha, summary: said.join("\n\n") });
  await orLogged(place, tools, UNASKED, () => tools.effects.apply(commentEffect(target, { marker, body: [marker, "### WorkTrain needs a person here", ...said].join("\n\n"), seen: null })));
}

/** What GitHub never takes keeps nobody from the status comment, which is written after it (I4). */
const UNASKED = { what: "a person could not be asked", again: true };

/** Not what waits for an answer or for time: its own comment says what to do. */
const WHY: Partial<Readonly<Record<EndingCode, string>>> = {
  "keeps-crashing": "Runs ended without a word at the same place again and again, most often for memory or disk, and it is not tried any more.",
  undeliverable: "The work was done, and no run can publish it as it is.",
};

export async function askPersonAt(place: Workplace, tools: AppTools, { issueNumber, runUrl, runId, ending }: { readonly issueNumber: number; readonly runUrl: string; readonly runId: number; readonly ending: EndingCode }): Promise<void> {
  const why = WHY[ending];
  if (why !== undefined) await askPersonOnce(place, tools, { issueNumber, about: `run-${runId}`, why, what: `see the status comment and [the run](${runUrl}).` });
}
