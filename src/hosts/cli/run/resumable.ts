import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { openDirectoryReader } from "../../../journal/index.ts";
import { itemStream } from "../../../record/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { FileSystem } from "../../../shared/ports.ts";
import { savedItem, type ItemPlace } from "./local-item.ts";
import { listRunning, runningDirectory } from "./running.ts";

interface Places {
  readonly data: string;
  readonly usual: string;
}

/**
 * The task to go on with: the one that is named, or the newest that is open and that nobody works on.
 * @throws TerminalError when there is none
 */
export async function itemToResume(said: string | null, { data, usual }: Places, fs: FileSystem): Promise<string> {
  if (said !== null) {
    const { place } = savedItem(said, data);
    const ended = await endOf(place, fs);
    if (ended !== null && ended !== "ready") throw new TerminalError(`${place.name} has ended (${ended}): there is nothing to resume.`, "Start a new task with `worktrain run`.");
    return place.name;
  }
  const running = new Set(listRunning(runningDirectory(usual)).map(({ directory }) => directory));
  const items = join(resolve(data), "items");
  // Names begin with the time at which they were given.
  for (const name of (existsSync(items) ? readdirSync(items) : []).toSorted().toReversed()) {
    const place = placeOf(name, data);
    if (place !== null && !running.has(place.directory) && (await endOf(place, fs)) === null) return name;
  }
  throw new TerminalError(`There is no task to resume in ${items}.`, "Start one with `worktrain run`, or name another directory with --data.");
}

/** Null for what does not say what it was started with, and so cannot be gone on with. */
function placeOf(name: string, data: string): ItemPlace | null {
  try {
    return savedItem(name, data).place;
  } catch (error) {
    if (error instanceof TerminalError) return null;
    throw error;
  }
}

/** The ending code; null while the task is open. */
async function endOf(place: ItemPlace, fs: FileSystem): Promise<string | null> {
  const reader = await openDirectoryReader({ directory: join(place.directory, "journal"), fs });
  const ended = (await reader.read(itemStream(place.id))).findLast((event) => event.kind === "item_ended");
  return ended?.data.ending ?? null;
}
