import { disarmAutoMerge, readArmedByBots } from "../../../github/write/index.ts";
import type { Workplace } from "../workplace.ts";

export interface Disarmed {
  /** How many pull requests a bot had armed. */
  readonly found: number;
  /** GitHub's words for each that it left armed. */
  readonly left: readonly string[];
}

/** Disarms what a bot armed on one pull request; its branch may be asked to go elsewhere as well. */
export async function disarm({ github, repository }: Workplace, { pullNumber, branch }: { readonly pullNumber: number; readonly branch: string }): Promise<Disarmed> {
  const armed = (await readArmedByBots(github, repository, branch)).filter(({ number }) => number === pullNumber);
  const left: string[] = [];
  for (const { nodeId } of armed) {
    const said = await disarmAutoMerge(github, nodeId);
    if (said !== null) left.push(said);
  }
  return { found: armed.length, left };
}
