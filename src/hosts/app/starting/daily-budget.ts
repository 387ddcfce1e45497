/**
 * The money of a day, as GitHub shows it: the App keeps no state. A run under way counts with its whole budget, one that is over with the cost that
 * its artifacts' names tell, and the run that is asked for with its whole budget before it is dispatched.
 *
 * I5. Wishes take turns (`start`), so that those of one App do not all find the room for one; two replicas that look at the same moment may.
 */
import { CONFIG_PATH, parseConfig, type Config } from "../../../config/index.ts";
import { listDispatchedRuns, listRunArtifacts, readFile, type RunFacts } from "../../../github/read/index.ts";
import { WORKFLOW_FILE } from "../../../intake/index.ts";
import { formatItemId, parseSegmentName } from "../../../record/index.ts";
import { repositoriesOf } from "../installations.ts";
import { parseRunTitle } from "../runs/run-title.ts";
import type { Workplace } from "../workplace.ts";

export interface DayWish {
  readonly config: Pick<Config, "budget">;
  /** The item that is to run: what it cost today is within its budget. */
  readonly item: string;
  readonly nowMs: number;
  /** How it is asked for once more: the beginning of a sentence. */
  readonly again: string;
  /** US dollars that all repositories of the installation together may cost in a day; null: no limit. */
  readonly ofInstallationUsd: number | null;
}

export interface NoRoom {
  readonly message: string;
  readonly fix: string;
  readonly details: readonly string[];
}

/** Why the day has no room for the wish; null when it has, or no limit is set. Asks GitHub nothing then. */
export async function overDailyBudget(place: Workplace, wish: DayWish): Promise<NoRoom | null> {
  const { dailyCostUsd: limitUsd, costUsd } = wish.config.budget;
  const { item, nowMs, ofInstallationUsd } = wish;
  const later = `${wish.again} tomorrow, or when runs under way are over`;
  if (limitUsd === null && ofInstallationUsd === null) return null;
  const capMilliUsd = Math.round(costUsd * 1_000);
  const day = new Date(nowMs).toISOString().slice(0, 10);
  const here = await spentOn(place, { day, item, cap: async () => capMilliUsd });
  const isOver = (spent: number, usd: number): boolean => spent + capMilliUsd > Math.round(usd * 1_000);
  const told = (whose: string, usd: number, spent: number): string => `The day's budget of ${whose} has no room for it: at most $${usd} a day (UTC) are to be spent, $${dollars(spent)} are spent or reserved by other work of ${day}, and this may cost up to $${costUsd}.`;
  if (limitUsd !== null && isOver(here, limitUsd)) return { message: told("this repository", limitUsd, here), fix: `${later}; or raise budget.dailyCostUsd, or lower budget.costUsd, in ${CONFIG_PATH} on the default branch.`, details: [] };
  if (ofInstallationUsd === null) return null;
  // Only until there is no room: every repository costs requests.
  let all = here;
  for await (const other of repositoriesOf(place.github)) {
    if (isOver(all, ofInstallationUsd)) break;
    if (other.repositoryId !== place.repositoryId) all += await spentOn(other, { day, item, cap: () => capOf(other) });
  }
  return isOver(all, ofInstallationUsd) ? { message: told("all repositories of this installation", ofInstallationUsd, all), fix: `${later}; or lower budget.costUsd in ${CONFIG_PATH} on the default branch. Who runs the App sets the limit (WORKTRAIN_DAILY_COST_USD).`, details: [] } : null;
}

const dollars = (milliUsd: number): string => (milliUsd / 1_000).toFixed(2);

interface DayOf {
  readonly day: string;
  /** Not counted. */
  readonly item: string;
  /** What a run under way may cost, in thousandths of a dollar. */
  readonly cap: () => Promise<number>;
}

/** Thousandths of a dollar of a repository's items over all their runs of a day: a name tells what the item cost so far. */
async function spentOn({ github, repository, repositoryId }: Workplace, { day, item: except, cap }: DayOf): Promise<number> {
  const runs = await listDispatchedRuns(github, repository, { workflow: WORKFLOW_FILE, createdSince: `${day}T00:00:00Z` });
  const items = new Map<string, number>();
  for (const run of runs) {
    const title = parseRunTitle(run.displayTitle);
    if (title === null || title.item.repositoryId !== repositoryId) continue;
    const item = formatItemId(title.item);
    const cost = await costOf(run);
    items.set(item, Math.max(items.get(item) ?? 0, run.status === "completed" ? cost : Math.max(cost, await cap())));
  }
  items.delete(except);
  return [...items.values()].reduce((sum, cost) => sum + cost, 0);

  async function costOf(run: RunFacts): Promise<number> {
    const artifacts = await listRunArtifacts(github, repository, run.id);
    return Math.max(0, ...artifacts.map(({ name }) => parseSegmentName(name)?.costMilliUsd ?? 0));
  }
}

/** As its default branch says now; what runs with a config that is broken meanwhile counts with the default. */
async function capOf({ github, repository }: Workplace): Promise<number> {
  const file = await readFile(github, repository, { path: CONFIG_PATH });
  const [config, fallback] = [parseConfig(file?.text ?? "", CONFIG_PATH), parseConfig("", CONFIG_PATH)];
  const budget = config.ok ? config.value.budget : fallback.ok ? fallback.value.budget : { costUsd: 0 };
  return Math.round(budget.costUsd * 1_000);
}
