/**
 * The money of a day, as GitHub shows it: the App keeps no state. A run under way counts with its whole budget, one that is over with the cost that
 * its artifacts' names tell, and the run that is asked for with its whole budget before it is dispatched.
 *
 * I5. Two wishes that look at the same moment may both find room: the day is then over by one budget at most for each.
 */
import type { Config } from "../../config/index.ts";
import { listDispatchedRuns, listRunArtifacts, type RunFacts } from "../../github/read/index.ts";
import { WORKFLOW_FILE } from "../../intake/index.ts";
import { formatItemId, parseSegmentName } from "../../record/index.ts";
import { parseRunTitle } from "./run-title.ts";
import type { Workplace } from "./workplace.ts";

export interface DayWish {
  readonly config: Pick<Config, "budget">;
  /** The item that is to run: what it cost today is within its budget. */
  readonly item: string;
  readonly nowMs: number;
}

export interface NoRoom {
  readonly message: string;
  readonly fix: string;
  readonly details: readonly string[];
}

/** Why the day has no room for the wish; null when it has, or no limit is set. Asks GitHub nothing then. */
export async function overDailyBudget(place: Workplace, { config, item, nowMs }: DayWish): Promise<NoRoom | null> {
  const { dailyCostUsd: limitUsd, costUsd } = config.budget;
  if (limitUsd === null) return null;
  const capMilliUsd = Math.round(costUsd * 1_000);
  const day = new Date(nowMs).toISOString().slice(0, 10);
  const others = await itemsOfDay(place, { day, capMilliUsd });
  others.delete(item);
  const spentMilliUsd = [...others.values()].reduce((sum, cost) => sum + cost, 0);
  if (spentMilliUsd + capMilliUsd <= Math.round(limitUsd * 1_000)) return null;
  return {
    message: `The day's budget of this repository has no room for it: at most $${limitUsd} a day (UTC) are to be spent, $${dollars(spentMilliUsd)} are spent or reserved by other work of ${day}, and this may cost up to $${costUsd}.`,
    fix: "Remove the label and add it again tomorrow, or when runs under way are over; or raise budget.dailyCostUsd, or lower budget.costUsd, in .github/worktrain.yml on the default branch.",
    details: [],
  };
}

const dollars = (milliUsd: number): string => (milliUsd / 1_000).toFixed(2);

/** Thousandths of a dollar by item, over all its runs of a day: a name tells what the item cost so far. */
async function itemsOfDay({ github, repository, repositoryId }: Workplace, { day, capMilliUsd }: { readonly day: string; readonly capMilliUsd: number }): Promise<Map<string, number>> {
  const runs = await listDispatchedRuns(github, repository, { workflow: WORKFLOW_FILE, createdSince: `${day}T00:00:00Z` });
  const items = new Map<string, number>();
  for (const run of runs) {
    const title = parseRunTitle(run.displayTitle);
    if (title === null || title.item.repositoryId !== repositoryId) continue;
    const item = formatItemId(title.item);
    const cost = await costOf(run);
    items.set(item, Math.max(items.get(item) ?? 0, run.status === "completed" ? cost : Math.max(cost, capMilliUsd)));
  }
  return items;

  async function costOf(run: RunFacts): Promise<number> {
    const artifacts = await listRunArtifacts(github, repository, run.id);
    return Math.max(0, ...artifacts.map(({ name }) => parseSegmentName(name)?.costMilliUsd ?? 0));
  }
}
