/** Whether a workflow that `run` names is there, as far as the App can tell without reading a library: a run of its own would find out late. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readFile } from "../../../github/read/index.ts";
import type { RunWish } from "../../../github/trust/index.ts";
import { code } from "../../../report/markdown.ts";
import { closestName } from "../../../shared/closest-name.ts";
import { packageRoot } from "../../../shared/package-root.ts";
import type { Workplace } from "../workplace.ts";
import { refused, type Outcome } from "./command-outcome.ts";

/** Where a team keeps its own, from the root of its repository; which ids its files have, only a run reads. */
const TEAM_DIRECTORY = ".worktrain/workflows";

/** Why it is not started; null where the workflow is there or may be. One request, for a name that does not come with WorkTrain. */
export async function unknownWorkflow({ github, repository }: Workplace, wish: RunWish | undefined): Promise<Outcome | null> {
  const shipped = wish?.workflow === undefined ? null : shippedWorkflows();
  if (wish?.workflow === undefined || shipped === null || shipped.includes(wish.workflow)) return null;
  if ((await readFile(github, repository, { path: TEAM_DIRECTORY })) !== null) return null;
  const near = closestName(wish.workflow, shipped) ?? closestName(`wr.${wish.workflow}`, shipped);
  return refused({
    message: `There is no workflow ${code(wish.workflow)}: it is none that comes with this WorkTrain, and the default branch has no ${TEAM_DIRECTORY}.`,
    fix: `${near === null ? "Name one that there is, such as `wr.research`." : `Did you mean \`${near}\`?`} Words that are to be added to the issue's text stand in quotes: \`/worktrain run "GOAL"\`.`,
    details: [],
  });
}

/** Ids of the workflows beside this program; null where they are not there. */
function shippedWorkflows(): readonly string[] | null {
  try {
    const directory = join(packageRoot(import.meta.url), "workflows");
    return readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".yaml")).flatMap((name) => /^id: *(\S+)/m.exec(readFileSync(join(directory, name), "utf8"))?.[1] ?? []);
  } catch {
    return null; // Nothing is known then, and the run says it.
  }
}
