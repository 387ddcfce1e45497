import { disarmAutoMerge, readArmedByBots } from "../../../github/write/index.ts";
import type { Workplace } from "../workplace.ts";

export interface Disarmed {
  /** How many pull requests a bot had armed. */
  readonly found: number;
  /** How many of them GitHub left armed. */
  readonly left: number;
  /** What became of it, with GitHub's words for each that it left armed. */
  readonly said: string;
  /** What a person does about those, with a space behind it; empty where none is left. */
  readonly cure: string;
}

/** Disarms what a bot armed on one pull request; its branch may be asked to go elsewhere as well. */
export async function disarm({ github, repository }: Workplace, { pullNumber, branch }: { readonly pullNumber: number; readonly branch: string }): Promise<Disarmed> {
  const armed = (await readArmedByBots(github, repository, branch)).filter(({ number }) => number === pullNumber);
  const left: string[] = [];
  for (const { nodeId } of armed) {
    const said = await disarmAutoMerge(github, nodeId);
    if (said !== null) left.push(said);
  }
  const isLeft = left.length > 0;
  return {
    found: armed.length,
    left: left.length,
    said: isLeft ? `Auto-merge, which WorkTrain had armed for the commit that it delivered, could not be disarmed: "${left.join('", "')}".` : "Auto-merge, which WorkTrain had armed for the commit that it delivered, is disarmed.",
    cure: isLeft ? 'Press "Disable auto-merge" on the pull request. ' : "",
  };
}
