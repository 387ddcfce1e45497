/**
 * The money of a day, as GitHub shows it: the App keeps no state. A run under way counts with its whole budget, whenever it was made; an item whose
 * runs are over with what its artifacts' names tell that it cost since midnight, and the run that is asked for with its whole budget before it is
 * dispatched.
 *
 * I5. Wishes take turns (`start`), so that those of one App do not all find the room for one; two replicas that look at the same moment may.
 */
import { CONFIG_PATH, type Config } from "../../../config/index.ts";
import { listDispatchedRuns, listRunArtifacts, readFile, type RunFacts } from "../../../github/read/index.ts";
import { WORKFLOW_FILE } from "../../../intake/index.ts";
import { formatItemId, parseSegmentName } from "../../../record/index.ts";
import { repositoriesOf } from "../installations.ts";
import { readConfig } from "../kept-config.ts";
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

/** Days before this one whose runs are looked through: for those still going, and for what an item had cost before. One that rested longer counts whole. */
const DAYS_BACK = 7;
const DAY_MS = 24 * 60 * 60_000;

/** Thousandths of a dollar that a repository's items cost on a day, or may yet. */
async function spentOn({ github, repository, repositoryId }: Workplace, { day, item: except, cap }: DayOf): Promise<number> {
  const midnightMs = Date.parse(`${day}T00:00:00Z`);
  const since = new Date(midnightMs - DAYS_BACK * DAY_MS).toISOString().slice(0, 10);
  const items = new Map<string, RunFacts[]>();
  for (const run of await listDispatchedRuns(github, repository, { workflow: WORKFLOW_FILE, createdSince: `${since}T00:00:00Z` })) {
    const title = parseRunTitle(run.displayTitle);
    if (title === null || title.item.repositoryId !== repositoryId) continue;
    const item = formatItemId(title.item);
    items.set(item, [...(items.get(item) ?? []), run]);
  }
  items.delete(except);
  const isOfDay = (run: RunFacts): boolean => run.status !== "completed" || Date.parse(run.updatedAt ?? run.createdAt) >= midnightMs;
  let all = 0;
  for (const runs of items.values()) {
    const ofDay = runs.filter(isOfDay);
    if (ofDay.length === 0) continue;
    // A name tells what the item cost so far, and the newest run before the day what that was then.
    const before = runs.find((run) => !isOfDay(run));
    const saved = [];
    for (const run of before === undefined ? ofDay : [...ofDay, before]) saved.push(...(await costsOf(run)));
    const base = Math.max(0, ...saved.filter(({ atMs }) => atMs < midnightMs).map(({ cost }) => cost));
    const spent = Math.max(base, ...saved.map(({ cost }) => cost)) - base;
    all += ofDay.every(({ status }) => status === "completed") ? spent : Math.max(spent, await cap());
  }
  return all;

  async function costsOf(run: RunFacts): Promise<readonly { readonly cost: number; readonly atMs: number }[]> {
    const artifacts = await listRunArtifacts(github, repository, run.id);
    return artifacts.map(({ name, createdAt }) => ({ cost: parseSegmentName(name)?.costMilliUsd ?? 0, atMs: createdAt === null ? midnightMs : Date.parse(createdAt) }));
  }
}

/** As its default branch says now; what runs with a config that is broken meanwhile counts with the default. */
async function capOf({ github, repository }: Workplace): Promise<number> {
  const file = await readFile(github, repository, { path: CONFIG_PATH });
  const [config, fallback] = [readConfig(file?.text ?? ""), readConfig("")];
  const budget = config.ok ? config.value.budget : fallback.ok ? fallback.value.budget : { costUsd: 0 };
  return Math.round(budget.costUsd * 1_000);
}
