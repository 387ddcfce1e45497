/**
 * `worktrain cleanup`: removes old or large items and sessions.
 *
 * K1. Without `--yes` nothing is removed: what would go is told.
 * K2. What a running process holds stays, whatever was asked for.
 * K3. What can be gone on with, or whose log cannot be read, stays unless open ones are included.
 * K4. It is moved out of reach first and looked at again: a run that began meanwhile gets it back.
 */
import { lstatSync, readdirSync, realpathSync, renameSync, rmSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { foldItem } from "../../../engine/pipeline/index.ts";
import { itemStream } from "../../../record/index.ts";
import { isItemEvent } from "../../../report/index.ts";
import { rootOf } from "../../../session/stored/index.ts";
import { systemErrorCode } from "../../../shared/durable-files.ts";
import { makeOwnDirectory } from "../../../shared/make-directory.ts";
import type { CliWorld, CommandResult } from "../command.ts";
import { directoriesOf, openStored, sessionsIn, storedLogs, type StoredLog } from "../log/stored-logs.ts";
import { printable } from "../printable.ts";
import { listRunning } from "../run/running.ts";
import { sizeWords } from "./amounts.ts";
import { heldPaths } from "./held.ts";

export interface Cleaning {
  readonly data: string;
  /** The list of this user's runs. */
  readonly running: string;
  /** Both must hold where both are given. */
  readonly olderThanMs: number | null;
  readonly largerThanBytes: number | null;
  readonly includeOpen: boolean;
  readonly yes: boolean;
}

interface Candidate extends StoredLog {
  readonly bytes: number;
  /** When anything in its journal was last written, ms since 1970. */
  readonly usedMs: number;
  readonly state: "ended" | "open" | "unreadable";
}

interface Fate extends Candidate {
  readonly fate: "goes" | "removed" | "stays" | "failed";
  /** Why it stays. */
  readonly why: string | null;
}

const LEFTOVERS = ["importing", "removing"] as const;
/** An import or a removal takes minutes at most; what is older was left by a process that died. */
const LEFTOVER_MS = 24 * 60 * 60_000;

export async function cleanUp(cleaning: Cleaning, world: Pick<CliWorld, "fs" | "clock" | "random">): Promise<CommandResult> {
  const nowMs = world.clock.nowMs();
  const meant: Candidate[] = [];
  for (const log of storedLogs(cleaning.data)) {
    const size = measure(log.directory);
    // A time in the future, by a clock that was set, makes it young: it stays.
    const old = cleaning.olderThanMs === null || nowMs - size.usedMs > cleaning.olderThanMs;
    const large = cleaning.largerThanBytes === null || size.bytes > cleaning.largerThanBytes;
    if (old && large) meant.push({ ...log, ...size, state: await stateOf(log, world) });
  }
  const held = holders(cleaning.running);
  const fates = meant.map((candidate): Fate => {
    const why = held(candidate.directory) ?? (cleaning.includeOpen ? null : openWhy(candidate)); // K2, K3
    return { ...candidate, fate: why === null ? "goes" : "stays", why };
  });
  const done = cleaning.yes ? fates.map((each) => (each.fate === "goes" ? remove(each, cleaning, world) : each)) : fates; // K1
  const leftovers = cleaning.yes ? removeLeftovers(cleaning.data, nowMs) : [];
  return report(cleaning, done, leftovers);
}

const openWhy = ({ state, kind, name }: Candidate): string | null =>
  state === "ended" ? null
  : state === "unreadable" ? `its log cannot be read (\`worktrain verify ${name}\`); --include-open removes it all the same`
  : `it can be gone on with (\`worktrain ${kind === "item" ? `resume ${name}` : `session next ${name}`}\`); --include-open removes it all the same`;

/** Bytes of all files, and the newest time in the journal. Links are counted, not followed. */
function measure(directory: string): Pick<Candidate, "bytes" | "usedMs"> {
  let bytes = 0;
  let usedMs = lstatSync(directory).mtimeMs;
  const walk = (place: string, isJournal: boolean): void => {
    for (const entry of readdirSync(place, { withFileTypes: true })) {
      const path = join(place, entry.name);
      if (entry.isDirectory()) walk(path, isJournal || entry.name === "journal");
      else {
        const stat = lstatSync(path);
        bytes += stat.size;
        if (isJournal) usedMs = Math.max(usedMs, stat.mtimeMs);
      }
    }
  };
  walk(directory, false);
  return { bytes, usedMs };
}

async function stateOf(log: StoredLog, { fs }: Pick<CliWorld, "fs">): Promise<Candidate["state"]> {
  const opened = await openStored(log, fs);
  if ("fault" in opened) return "unreadable";
  const { reader } = opened;
  if (log.kind === "item") {
    const stream = (await reader.streams()).find((each) => each.startsWith(itemStream("")));
    const state = foldItem(stream === undefined ? [] : (await reader.read(stream)).filter(isItemEvent));
    // Nothing was ever begun in it: there is nothing to go on with.
    return state.ended !== null || state.opening === null ? "ended" : "open";
  }
  const root = (await sessionsIn(reader)).find(({ sessionId }) => sessionId === rootOf(log.name));
  const last = root?.events.findLast(({ kind }) => kind === "session_ended" || kind === "rewound");
  return root === undefined || last?.kind === "session_ended" ? "ended" : "open";
}

/** Says who holds a directory; null when nobody does. */
function holders(running: string): (directory: string) => string | null {
  const runs = listRunning(running);
  const paths = heldPaths();
  return (directory) => {
    const run = runs.find((each) => each.directory === directory);
    if (run !== undefined) return `process ${run.pid} is at work on it`;
    const real = realpathSync(directory);
    return paths?.some((path) => path === real || path.startsWith(`${real}/`)) === true ? "a running process has files of it open" : null;
  };
}

function remove(fate: Fate, cleaning: Cleaning, { random }: Pick<CliWorld, "random">): Fate {
  const aside = join(cleaning.data, "removing");
  const moved = join(aside, `${fate.kind}-${fate.name}-${Buffer.from(random.bytes(4)).toString("hex")}`);
  try {
    makeOwnDirectory(aside);
    renameSync(fate.directory, moved);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === null) throw error;
    return { ...fate, fate: "failed", why: `it could not be removed (${code})` };
  }
  const runs = listRunning(cleaning.running).some(({ directory }) => directory === fate.directory);
  const why = runs ? "a run began on it just now" : holders(cleaning.running)(moved); // K4
  if (why !== null) {
    renameSync(moved, fate.directory);
    return { ...fate, fate: "stays", why };
  }
  rmSync(moved, { recursive: true, force: true });
  removeEmpty(aside);
  return { ...fate, fate: "removed" };
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!["ENOTEMPTY", "EEXIST", "ENOENT"].includes(systemErrorCode(error) ?? "")) throw error;
  }
}

/** What an import or a removal that died left beside the items. */
function removeLeftovers(data: string, nowMs: number): readonly string[] {
  return LEFTOVERS.flatMap((place) =>
    directoriesOf(join(data, place)).flatMap((name) => {
      const path = join(data, place, name);
      if (nowMs - lstatSync(path).mtimeMs < LEFTOVER_MS) return [];
      rmSync(path, { recursive: true, force: true });
      return [path];
    }),
  );
}

function report({ yes, data: directory }: Cleaning, fates: readonly Fate[], leftovers: readonly string[]): CommandResult {
  const gone = fates.filter(({ fate }) => fate === "goes" || fate === "removed");
  const bytes = gone.reduce((sum, each) => sum + each.bytes, 0);
  const line = ({ kind, name, bytes: size, usedMs, fate, why }: Fate): string => `${fate === "goes" ? "would go" : fate}  ${kind} ${name}  ${sizeWords(size)}, last used ${new Date(usedMs).toISOString().slice(0, 10)}${why === null ? "" : `: ${why}`}`;
  const sum = gone.length === 0 ? `Nothing in ${directory} ${yes ? "was" : "would be"} removed.` : `${yes ? "Removed" : "Would remove"} ${gone.length} of ${directory}, ${sizeWords(bytes)}.${yes ? "" : " Nothing was removed yet: --yes does it."}`;
  const failed = fates.some(({ fate }) => fate === "failed");
  const entries = fates.map(({ kind, name, directory: place, bytes: size, usedMs, state, fate, why }) => ({ kind, name, directory: place, bytes: size, lastUsed: new Date(usedMs).toISOString(), state, fate, why }));
  return { exitCode: failed ? 1 : 0, text: printable([...fates.map(line), ...leftovers.map((path) => `removed  ${path}, left by a process that died`), sum].join("\n")), data: { dryRun: !yes, bytes, entries, leftovers } };
}
