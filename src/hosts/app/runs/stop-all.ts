/**
 * Ends what is at work in a repository where a person has stopped everything, by label or config, and what merges by itself. What was saved is kept.
 *
 * I9. Whether it is stopped is asked of GitHub, whatever the event says: a label that is gone again ends nothing.
 */
import { CONFIG_PATH } from "../../../config/index.ts";
import { atWorkSince, listDispatchedRuns, STOP_LABEL } from "../../../github/read/index.ts";
import { cancelEffect } from "../../../github/write/index.ts";
import { WORKFLOW_FILE } from "../../../intake/index.ts";
import { setStage } from "../starting/stage.ts";
import { orLogged, subjectOf, type Workplace } from "../workplace.ts";
import { disarmStopped } from "../merging/disarm-stopped.ts";
import { dashboardChanged } from "../dashboard/dashboard.ts";
import { cancelRuns } from "./cancel-runs.ts";
import type { LookTools } from "./look-at-run.ts";
import { ourTitle } from "./run-report.ts";
import { openStatusBoard } from "./status-board.ts";

/** Queues, for each item at work, the end of its runs. @param issueNumber where the label is, or any: the config is read with it */
export async function stopAll(place: Workplace, tools: LookTools, issueNumber: number): Promise<void> {
  const stage = await setStage(place, issueNumber);
  if (stage === null) return;
  const { here, config, stoppedBy } = stage;
  const isOff = config !== "missing" && config.ok && !config.value.enabled;
  if (stoppedBy === null && !isOff) return;
  const runs = await listDispatchedRuns(here.github, here.repository, { workflow: WORKFLOW_FILE, createdSince: atWorkSince(tools.clock.nowMs()) });
  const numbers = new Set(runs.flatMap((run) => (run.status === "completed" ? [] : (ourTitle(here, run)?.issueNumber ?? []))));
  tools.log.info("everything is stopped", { repository: here.repositoryId, items: numbers.size, by: stoppedBy ?? "config" });
  dashboardChanged(here, tools);
  await orLogged(here, tools, { what: "what is armed could not be looked for" }, () => disarmStopped(here, tools, stoppedBy === null ? `\`enabled: false\` in ${CONFIG_PATH}` : `the label \`${STOP_LABEL}\` on #${stoppedBy}`));
  for (const number of numbers) {
    tools.queue.add(subjectOf(here.repositoryId, number), {
      name: "stopping a run",
      coalesce: "stop",
      async run() {
        const board = openStatusBoard(here, tools, number);
        const status = await board.read();
        if (status !== null) return void (await cancelRuns(here, tools, { board, status }));
        // Somebody deleted the comment: the run is to end all the same, and the next look asks again where it does not.
        for (const run of runs) {
          if (run.status !== "completed" && ourTitle(here, run)?.issueNumber === number) await tools.effects.apply(cancelEffect(here.github, here.repository, { runId: run.id, force: false }));
        }
      },
    });
  }
}
