/** How long sessions and commands of one clone took before, and what was worked on, from the newest items of a data directory. */
import { earlierWorkIn, type EarlierWork } from "../../../coordinator/index.ts";
import { sessionDurations } from "../../../report/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import { expectedDuration } from "../../../shared/prediction.ts";
import type { CliWorld } from "../command.ts";
import { savedItem } from "../run/local-item.ts";
import { time } from "./stats.ts";
import { openStored, sessionsIn, storedLogs } from "./stored-logs.ts";

export interface PastDurations {
  verifications(command: string): readonly number[];
  /** What a task's sessions are expected to take, in one line; null when too little is known. */
  readonly words: string | null;
  /** The items themselves, oldest first. */
  readonly work: readonly EarlierWork[];
}

/** Items looked at: older ones tell of an older repository, and each costs its reading. */
const MOST_ITEMS = 10;

/** @param source the clone's top directory; other clones have other tests */
export async function pastDurations(dataDirectory: string, source: string, { fs }: Pick<CliWorld, "fs">): Promise<PastDurations> {
  const ofClone = storedLogs(dataDirectory).filter((log) => log.kind === "item" && sourceOf(log.name, dataDirectory) === source).slice(-MOST_ITEMS);
  const commands = new Map<string, number[]>();
  const workflows = new Map<string, number[]>();
  const work: EarlierWork[] = [];
  const add = (to: Map<string, number[]>, key: string, ms: number): void => void to.set(key, [...(to.get(key) ?? []), ms]);
  for (const log of ofClone) {
    const opened = await openStored(log, fs);
    if ("fault" in opened) continue;
    work.push(...(await earlierWorkIn(opened.reader)));
    for (const { sessionId, events } of await sessionsIn(opened.reader)) {
      const { workflow, outcome, ms, verifications } = sessionDurations(sessionId, events);
      for (const each of verifications) if (!each.timedOut) add(commands, each.command, each.ms);
      if (workflow !== null && outcome === "completed") add(workflows, workflow.id, ms);
    }
  }
  const expected = [...workflows].flatMap(([workflowId, past]) => {
    const of = expectedDuration(past);
    return of === null ? [] : [`${workflowId} ${time(of.p50Ms)} to ${time(of.p95Ms)} (${of.samples} times)`];
  });
  return { verifications: (command) => commands.get(command) ?? [], work, words: expected.length === 0 ? null : `Expected time at work, by earlier tasks on this clone: ${expected.join(", ")}` };
}

/** Null for an item that came from elsewhere, or does not say. */
function sourceOf(name: string, dataDirectory: string): string | null {
  try {
    return savedItem(name, dataDirectory).saved.source;
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    return null; // Imported for reading: it tells nothing of this clone.
  }
}
