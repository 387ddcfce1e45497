/**
 * Arms GitHub's auto-merge for a delivered commit at a person's word, as far as the merge policy leaves merging to WorkTrain.
 *
 * I9. Fails closed: without the deliver job's own word on this very commit, under the conditions that hold today, a person merges. I10. Whose word
 * it is was asked of the API by who calls this. I2. Looked for first: what is armed or merged stays as it is.
 */
import { missingLabels } from "../../../delivery/merge/decide-merge.ts";
import { policyDigest, readMergeMark } from "../../../delivery/merge/merge-mark.ts";
import { GITHUB_ACTIONS } from "../../../delivery/names.ts";
import { readDeliveredCheck } from "../../../github/read/index.ts";
import { autoMergeEffect } from "../../../github/write/index.ts";
import { preconditions } from "../../../intake/index.ts";
import { CHECK_NAME } from "../../../record/index.ts";
import { isAtWork } from "../../../report/status-marker.ts";
import { latestStatus } from "../commands/go-on-asked.ts";
import { openStatusBoard } from "../runs/status-board.ts";
import { deliveredHead } from "../starting/follow-up.ts";
import type { Refused } from "../starting/refusal.ts";
import type { Stage } from "../starting/stage.ts";
import type { StartTools } from "../starting/start.ts";
import { hearsClicks, type AppTools } from "../workplace.ts";

export interface ArmWish {
  /** Of the item's issue, which the stage is set for. */
  readonly issueNumber: number;
  /** Null: the latest. */
  readonly attempt: number | null;
  /** The commit that somebody approves; null where nobody names one. */
  readonly approved: string | null;
  /** The pull request that it was said on; null where it was said on the issue. */
  readonly saidOn: number | null;
  /** ISO time at which it was said. */
  readonly saidAt: string;
}

export type Armed = { readonly kind: "armed"; readonly pullNumber: number; readonly headSha: string; readonly method: string; readonly merged: boolean } | { readonly kind: "refused"; readonly refusal: Refused };

export async function armDelivered(stage: Stage, tools: StartTools, { issueNumber, attempt, approved, saidOn, saidAt }: ArmWish): Promise<Armed> {
  const { here, facts, issue } = stage;
  const ready = preconditions({ ...stage, repository: facts, asked: "command" });
  if (ready.kind === "refuse") return { kind: "refused", refusal: ready.refusal };
  const { merge: policy, label } = ready.config;
  const board = openStatusBoard(here, tools, issueNumber);
  const status = await latestStatus(here, tools, board, await board.readShown(stage.comments));
  if (status !== null && isAtWork(status.marker)) return refuse("A run is at work on this, which may change what was delivered.", "Wait for its end, then look at what it delivered.");
  const of = attempt ?? status?.marker.attempt ?? null;
  const delivered = of === null || issue === null ? null : await deliveredHead(stage, { issueNumber, attempt: of });
  if (delivered === null && attempt === null) {
    if (status === null || (status.marker.state === "refused" && status.marker.continuation === 0)) return refuse("WorkTrain has no work on this issue that it knows of, so there is nothing to merge.", `Set the label \`${label}\` on it to start.`);
    if (status.marker.state === "interrupted" || status.marker.state === "refused") return refuse("The work on this issue is not done, and nothing of it is delivered that could be merged.", "The status comment says what it waits for.");
  }
  if (issue === null || delivered === null) return refuse(`There is no open pull request into ${facts.defaultBranch} whose head is the commit that WorkTrain delivered: nothing came of the work, or somebody has pushed, closed it, merged it or changed its base since.`, "Merge it on GitHub yourself, if it is to be merged.");
  const { pullNumber, headSha, key } = delivered;
  // Its branch may be asked to go elsewhere as well: to have it go there is no word on this one.
  if (saidOn !== null && saidOn !== pullNumber) return refuse(`What WorkTrain delivered is #${pullNumber}, not this pull request.`, `Look at #${pullNumber}, and say it there.`);
  if (approved !== null && approved !== headSha) return refuse(`The head of #${pullNumber} is ${headSha}, not ${approved}: what was approved is not what would be merged.`, `Look at the present commit, then write \`/worktrain approve ${headSha}\`.`);
  if (!policy.auto) return refuse("A person merges here: `merge.auto` in .github/worktrain.yml is not set.", `Merge #${pullNumber} on GitHub yourself, or set \`merge.auto: true\`, which counts for what is delivered from then on.`);
  if (!issue.open || !issue.labels.some((each) => each.toLowerCase() === label.toLowerCase())) return refuse(`The issue is closed or does not have the label \`${label}\` any more: the work was taken back.`, `Merge #${pullNumber} on GitHub yourself, or reopen the issue with the label.`);
  const itself = `Merge #${pullNumber} on GitHub yourself.`;
  // It may read no check run, and write to no branch.
  if (!hearsClicks(tools)) return refuse("There is no App here, and a job of the repository's own cannot have GitHub merge.", itself);
  const check = await readDeliveredCheck(here.github, here.repository, { sha: headSha, name: CHECK_NAME, key, appIds: [tools.author.appId, GITHUB_ACTIONS.appId] });
  const mark = check === null ? null : readMergeMark(check.summary);
  const where = check === null || check.url === null ? "the proof" : `[the check](${check.url})`;
  if (mark === null) return refuse(`When ${headSha} was delivered, \`merge.auto\` was not set, so it was not decided whether it may be merged without a person.`, itself);
  if (mark.policy !== policyDigest(policy)) return refuse(`The conditions under \`merge\` in .github/worktrain.yml were changed after ${headSha} was delivered, so it was measured by others.`, itself);
  if (!mark.within) return refuse(`By the merge policy a person merges ${headSha}. Why stands in the line "Who merges" of ${where}.`, itself);
  const missing = missingLabels(policy, issue.labels);
  if (missing.length > 0) return refuse(`The issue does not bear ${missing.map((each) => `\`${each}\``).join(", ")}, which \`merge.labels\` asks for.`, "Set it, then write the command again.");
  if (policy.approval && approved === null) return refuse(`Nobody has approved ${headSha}, which \`merge.approval\` asks for.`, `Look at #${pullNumber}, then approve it there, or write \`/worktrain approve ${headSha}\`.`);
  return arm(stage, tools, { pullNumber, headSha, method: policy.method, approved, saidAt });
}

async function arm({ here: { github, repository }, facts: { defaultBranch } }: Stage, tools: AppTools, { pullNumber, headSha, method, approved, saidAt }: Pick<ArmWish, "approved" | "saidAt"> & { readonly pullNumber: number; readonly headSha: string; readonly method: "squash" | "merge" | "rebase" }): Promise<Armed> {
  const { effect, outcome } = autoMergeEffect(github, repository, { key: `auto-merge:${pullNumber}:${headSha}`, pullNumber, headSha, base: defaultBranch, method, saidAt });
  await tools.effects.apply(effect);
  const { declined, merged } = outcome();
  if (declined === null) return { kind: "armed", pullNumber, headSha, method, merged };
  if (declined.kind === "disarmed-since") return refuse(`Auto-merge of #${pullNumber} was disarmed after this was said.`, `Look at it as it is now, then write \`/worktrain ${approved === null ? "merge" : `approve ${headSha}`}\` if it is to be merged.`);
  if (declined.kind !== "refused") return refuse(`#${pullNumber} is closed, or its head is not ${headSha} any more, or its base not ${defaultBranch}.`, "Look at it as it is now, then write the command again.");
  return refuse(`GitHub does not arm auto-merge: "${declined.words}".`, `It takes it only where the repository allows it (Settings, General, Allow auto-merge) and something is left to wait for, such as a required check. Where nothing is left, merge #${pullNumber} on GitHub.`);
}

const refuse = (message: string, fix: string): Armed => ({ kind: "refused", refusal: { message, fix, details: [] } });
