import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { itemEvents } from "../../../coordinator/item-events.ts";
import { foldItem, retryFrom, type ItemState } from "../../../engine/pipeline/index.ts";
import { openDirectoryReader } from "../../../journal/index.ts";
import { phaseSchema, type EndingCode, type Phase } from "../../../record/index.ts";
import { ENDING_WORDS } from "../../../report/ending-words.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { FileSystem } from "../../../shared/ports.ts";
import type { GoOn } from "./asked-run.ts";
import { MOST_TOLD_CHARS } from "./inbox.ts";
import { savedItem, type ItemPlace } from "./local-item.ts";
import { listRunning, runningDirectory } from "./running.ts";

interface Places {
  readonly data: string;
  readonly usual: string;
}

/** What `worktrain resume` was called with. */
export interface AskedToResume {
  /** Null: the newest that is open. */
  readonly item: string | null;
  readonly from: string | null;
  readonly tell: string | null;
}

/** Whoever runs the command; the record names people of GitHub by their account. */
const BY = "cli";

/** Whether an item with this end can be gone back in. What was said for good, that another task does the same say, is not. */
export const goesBack = (ending: EndingCode): boolean => !["anew", "none"].includes(ENDING_WORDS[ending].after);

/**
 * The task to go on with, and how: the one that is named, or the newest that is open and that nobody works on. One that has come to a stop
 * goes on from before its latest phase, or from before the one that is named, and keeps what was done before that.
 * @throws TerminalError when there is none, or nothing of it can be gone on with
 */
export async function itemToResume({ item: said, from, tell }: AskedToResume, places: Places, fs: FileSystem): Promise<{ readonly item: string } & GoOn> {
  const told = toldText(tell);
  const phase = from === null ? null : phaseNamed(from);
  const item = said === null ? await newestOpen(places, fs) : savedItem(said, places.data).place.name;
  const { place } = savedItem(item, places.data);
  const state = await stateOf(place, fs);
  const again = from !== null || (state.ended !== null && state.ended.outcome !== "deliver");
  if (again || told !== null) refuseWhatIsDone(place, state);
  if (again && phase !== null && retryFrom(state, phase) === null) throw notThere(place, state, phase);
  return { item, ...(again ? { retry: { phase, by: BY } } : {}), ...(told === null ? {} : { tell: told }) };
}

function toldText(tell: string | null): string | null {
  if (tell === null) return null;
  if (tell.trim() === "") throw new TerminalError("--tell says nothing.", 'Write it like --tell "The second one is meant."');
  if (tell.length > MOST_TOLD_CHARS) throw new TerminalError(`The text has ${tell.length} characters; a session is told at most ${MOST_TOLD_CHARS} at once.`, "Shorten it.");
  return tell.toWellFormed();
}

function phaseNamed(from: string): Phase {
  const phase = phaseSchema.safeParse(from).data;
  if (phase === undefined) throw new TerminalError(`--from ${from} is no phase.`, `Phases are: ${phaseSchema.options.join(", ")}.`);
  return phase;
}

function refuseWhatIsDone({ name }: ItemPlace, { ended }: ItemState): void {
  if (ended?.outcome === "deliver") throw new TerminalError(`${name} is done: its branch is worktrain/${name}.`, "It is not gone back on. What should be different is a task of its own: `worktrain run`.");
  if (ended !== null && !goesBack(ended.ending)) throw new TerminalError(`${name} has ended (${ended.ending}): there is nothing to resume.`, "Start a new task with `worktrain run`.");
}

function notThere({ name }: ItemPlace, { sessions }: ItemState, phase: Phase): TerminalError {
  const been = [...new Set(sessions.map((session) => session.phase))].filter((each) => each !== "retrospect");
  return new TerminalError(`${name} has no phase ${phase} to go back to.`, been.length === 0 ? "It has had none: leave --from out." : `It went through: ${been.join(", ")}.`);
}

async function newestOpen({ data, usual }: Places, fs: FileSystem): Promise<string> {
  const running = new Set(listRunning(runningDirectory(usual)).map(({ directory }) => directory));
  const items = join(resolve(data), "items");
  // Names begin with the time at which they were given.
  for (const name of (existsSync(items) ? readdirSync(items) : []).toSorted().toReversed()) {
    const place = placeOf(name, data);
    if (place !== null && !running.has(place.directory) && (await stateOf(place, fs)).ended === null) return name;
  }
  throw new TerminalError(`There is no task to resume in ${items}.`, "Start one with `worktrain run`, go on with one that has stopped by `worktrain resume ITEM`, or name another directory with --data.");
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

async function stateOf(place: ItemPlace, fs: FileSystem): Promise<ItemState> {
  return foldItem(await itemEvents(await openDirectoryReader({ directory: join(place.directory, "journal"), fs }), place.id));
}
