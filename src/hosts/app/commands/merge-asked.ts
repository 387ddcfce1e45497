/** `merge`, and `approve` with a commit: on the issue that was worked on, or on the pull request that came of it. */
import { parseOwnBranch, readPullUnderReview } from "../../../github/read/index.ts";
import { code } from "../../../report/markdown.ts";
import { armDelivered } from "../merging/arm-delivered.ts";
import { setStage, type Stage } from "../starting/stage.ts";
import type { StartTools } from "../starting/start.ts";
import { done, refused, type Outcome, type StarterAsked } from "./command-outcome.ts";

export interface MergeAsked extends StarterAsked {
  /** The commit that is approved; null where the command names none. */
  readonly approved: string | null;
}

export async function mergeAsked(tools: StartTools, { event, stage, approved }: MergeAsked): Promise<Outcome> {
  const about = event.isPullRequest ? await itemOf(stage, event.issueNumber) : { issueNumber: event.issueNumber, attempt: null };
  const its = about === null || !event.isPullRequest ? stage : await setStage(stage.here, about.issueNumber);
  if (about === null || its === null) return refused({ message: "This pull request is not of WorkTrain's making, so it is not WorkTrain's to merge.", fix: "Merge it on GitHub yourself.", details: [] });
  const armed = await armDelivered(its, tools, { ...about, approved, saidOn: event.isPullRequest ? event.issueNumber : null, saidAt: event.createdAt });
  if (armed.kind === "refused") return refused(armed.refusal);
  const { pullNumber, headSha, method, merged } = armed;
  return done(merged ? `#${pullNumber} is merged.` : `GitHub merges #${pullNumber} (${method}) at ${code(headSha)} when the rules of its branch are met: auto-merge is armed for that commit.`);
}

/** The item whose branch the pull request is from; null for one of somebody else. */
async function itemOf({ here, facts }: Stage, pullNumber: number): Promise<{ readonly issueNumber: number; readonly attempt: number } | null> {
  const pull = await readPullUnderReview(here.github, here.repository, pullNumber);
  return pull === null || pull.headRepositoryId !== facts.id ? null : parseOwnBranch(pull.headRef);
}
