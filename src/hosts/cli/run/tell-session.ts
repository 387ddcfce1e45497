/** `worktrain tell`: puts words into a run's inbox and sees whether they are read. */
import { join, resolve } from "node:path";
import { openDirectoryReader } from "../../../journal/index.ts";
import { parseItemId, sessionStream } from "../../../record/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { FileSystem } from "../../../shared/ports.ts";
import type { CliWorld, CommandResult } from "../command.ts";
import { letterName, MOST_TOLD_CHARS, openMailbox, type Fate } from "./inbox.ts";
import { findRunning, isRunning, listRunning, type Running } from "./running.ts";

export interface Telling {
  /** A session's id or an item's name. */
  readonly target: string;
  readonly text: string;
  readonly waitMs: number;
  readonly running: string;
  readonly dataDirectory: string;
}

type Ports = Pick<CliWorld, "clock" | "random" | "fs" | "signal">;

const LOOK_EVERY_MS = 100;

/** @throws TerminalError when no session reads them */
export async function tellSession(telling: Telling, ports: Ports): Promise<CommandResult> {
  const { target, text, waitMs } = telling;
  if (text.length > MOST_TOLD_CHARS) throw new TerminalError(`The text has ${text.length} characters; a session is told at most ${MOST_TOLD_CHARS} at once.`, "Shorten it, or put the detail into a file of the repository.");
  const running = findRunning(listRunning(telling.running), target);
  if (running === null) throw await notRunning(telling, ports.fs);
  const mailbox = openMailbox(running.directory, () => letterName(ports));
  const letter = mailbox.put({ sessionId: running.sessionIds.includes(target) ? target : null, text: text.toWellFormed() });
  const fate = await untilRead(() => mailbox.fate(letter), { running, waitMs, ports });
  if (fate !== "waiting") mailbox.forget(letter);
  if (fate === "missed") throw new TerminalError(`Not delivered: ${target} ended before it asked the model again.`, `Go on with it and say it then: worktrain resume ${running.item}`);
  const words = fate === "read" ? `Told ${target}: it stands before its next turn.` : `${target} is busy with its turn and reads it before the next one. Should it end first, its run says that this was not delivered.`;
  return { exitCode: 0, text: words, data: { sessions: running.sessionIds, item: running.item, delivered: fate === "read" } };
}

async function untilRead(fate: () => Fate, { running, waitMs, ports }: { readonly running: Running; readonly waitMs: number; readonly ports: Ports }): Promise<Fate> {
  const untilMs = ports.clock.monotonicMs() + waitMs;
  for (;;) {
    // Asked before the file is looked at: a run that has ended meanwhile has said what became of it.
    const alive = isRunning(running);
    const now = fate();
    if (now === "waiting" && !alive) return "missed";
    if (now !== "waiting" || ports.clock.monotonicMs() >= untilMs) return now;
    await ports.clock.sleep(LOOK_EVERY_MS, ports.signal);
  }
}

/** Tells a session that is over, or belongs to nobody's run, from one that never was. */
async function notRunning({ target, dataDirectory }: Telling, fs: FileSystem): Promise<TerminalError> {
  const item = await itemOf(target, dataDirectory, fs);
  if (item === null) return new TerminalError(`There is no session or item ${JSON.stringify(target)}.`, `Looked in ${dataDirectory}; a run names its sessions as it goes.`);
  return new TerminalError(`Nothing was told: ${target} is not running.`, `If it was stopped, \`worktrain resume ${item}\` goes on with it; \`worktrain session show ${item}\` says how it ended.`);
}

async function itemOf(target: string, dataDirectory: string, fs: FileSystem): Promise<string | null> {
  const items = join(resolve(dataDirectory), "items");
  const names = fs.list(items);
  const name = parseItemId(target)?.subject ?? target;
  if (names.includes(name)) return name;
  for (const each of names.toReversed()) {
    const directory = join(items, each, "journal");
    if (fs.list(join(directory, "epochs")).length === 0) continue;
    const reader = await openDirectoryReader({ directory, fs });
    if ((await reader.streams()).includes(sessionStream(target))) return each;
  }
  return null;
}
