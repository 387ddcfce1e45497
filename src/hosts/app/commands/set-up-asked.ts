/** `config --set-up`: proposes by a pull request what the repository lacks, also where that was declined before. */
import { unreachable } from "../../../shared/unreachable.ts";
import type { Onboarded } from "../onboarding/onboard.ts";
import type { StartTools } from "../starting/start.ts";
import type { Workplace } from "../workplace.ts";
import { done, refused, type Outcome, type StarterAsked } from "./command-outcome.ts";

export interface CommandTools extends StartTools {
  /** Absent where nobody proposes anything: a repository without the App. */
  readonly proposeAgain?: (place: Workplace) => Promise<Onboarded>;
}

const BY_HAND = "`npx worktrain init` in a clone does the same, and docs/getting-started.md says how it goes by hand.";

export async function setUpAsked({ proposeAgain }: CommandTools, { stage: { here } }: StarterAsked): Promise<Outcome> {
  if (proposeAgain === undefined) return refused({ message: "There is no App here that could open a pull request.", fix: "`npx worktrain init --action-only` in a clone writes the files that are missing.", details: [] });
  const outcome = await proposeAgain(here);
  if (outcome.kind === "asked") return done(`**[Pull request #${outcome.number}](${outcome.url})** has what is missing here. Merge it to turn WorkTrain on, close it to decline.`);
  if (outcome.kind === "by-hand") return done(`${outcome.what}\n\nThe rest is there. ${BY_HAND}`);
  return refused({ ...wordsOf(outcome.reason), details: [] });
}

function wordsOf(reason: Extract<Onboarded, { kind: "left" }>["reason"]): { readonly message: string; readonly fix: string } {
  switch (reason) {
    case "set-up-already":
      return { message: "The workflow file and the config are on the default branch already.", fix: "`/worktrain config` shows what holds; `npx worktrain doctor` in a clone looks the rest over." };
    case "declined":
      return { message: "This was asked for too often: there is no name left for one more branch.", fix: `Delete branches that begin with \`worktrain/onboarding\`, or reopen one of the pull requests. ${BY_HAND}` };
    case "repository-empty":
      return { message: "The default branch has no commit.", fix: "Push a first commit, then write the command again." };
    case "repository-archived":
      return { message: "The repository is archived.", fix: "Unarchive it, then write the command again." };
    case "repository-gone":
    case "repository-is-fork":
      return { message: "The repository is not there as it was.", fix: BY_HAND };
    default:
      return unreachable(reason);
  }
}
