/** Looks at a run of an item, and goes on looking until it is over. */
import type { RunFollower } from "./run-follower.ts";
import { reportRun } from "./run-report.ts";
import { dashboardChanged, type DashboardTools } from "../dashboard/dashboard.ts";
import type { Workplace } from "../workplace.ts";

export interface LookTools extends DashboardTools {
  readonly follower: RunFollower;
}

export interface RunOfSubject {
  readonly subject: string;
  readonly runId: number;
}

/** Whoever asks knows that something changed, or may have: looks now, then goes on looking. */
export function lookAtRun(place: Workplace, tools: LookTools, { subject, runId }: RunOfSubject): void {
  tools.queue.add(subject, {
    name: "showing a run",
    coalesce: `run ${runId}`,
    async run() {
      if (tools.follower.isOver(runId)) return;
      const outlook = await reportRun(place, tools, runId);
      const goesOn = outlook === "going" || outlook === "still";
      if (!goesOn) tools.follower.leave(runId);
      if (outlook === "over") dashboardChanged(place, tools);
      else followRun(place, tools, { subject, runId: goesOn ? runId : outlook.goesOnIn });
    },
  });
}

export function followRun(place: Workplace, tools: LookTools, { subject, runId }: RunOfSubject): void {
  dashboardChanged(place, tools);
  tools.follower.follow(runId, async (signal) => {
    const outlook = await tools.queue.run(subject, async () => (signal.aborted ? "over" : reportRun(place, tools, runId)));
    if (outlook === "over") dashboardChanged(place, tools);
    if (typeof outlook === "object") followRun(place, tools, { subject, runId: outlook.goesOnIn });
    return outlook;
  });
}
