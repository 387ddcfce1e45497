/**
 * What an earlier delivery armed is disarmed before the branch moves: GitHub would merge the next commit by it, whatever is decided of that.
 *
 * I2. Only the run that may move the branch touches it, and only while the branch is still to move. What a person armed is the person's.
 * I9. While it is armed the branch does not move.
 */
import { disarmAutoMerge, readArmedByBots, type Confirmed } from "../../github/write/index.ts";
import { effectKey } from "../intents.ts";
import { isCommitted } from "./commit-refs.ts";
import { applyEffect, stopEffect, type Outlet } from "./outlet.ts";

export const disarmOutlet: Outlet<"disarm"> = {
  async apply({ branch, from }, context) {
    const { github, repository, runner, ticket, state } = context;
    const done: Confirmed = { id: branch, url: null };
    const look = async (): Promise<Confirmed | null> => {
      const isMoved = isCommitted(context, state) || state.branch?.sha !== from;
      return isMoved || (await readArmedByBots(github, repository, branch)).length === 0 ? done : null;
    };
    return applyEffect(runner, {
      key: effectKey("disarm", ticket.key),
      description: `disarming auto-merge of branch ${branch}`,
      lookUp: look,
      async write() {
        for (const { nodeId, number } of await readArmedByBots(github, repository, branch)) {
          const said = await disarmAutoMerge(github, nodeId);
          if (said !== null && (await look()) === null) stopEffect(stillArmed(number, said));
        }
        return done;
      },
    });
  },
};

const stillArmed = (number: number, said: string) => ({
  kind: "still-armed" as const,
  message: `GitHub's auto-merge of #${number}, armed for the commit before, could not be disarmed: "${said}". The branch is left as it is.`,
  fix: "Press \"Disable auto-merge\" on the pull request, then write `/worktrain resume`.",
});
