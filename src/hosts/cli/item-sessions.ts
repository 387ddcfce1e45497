/** Sessions of local items: found by id across their journals, and their gates answered while no run is at work on them. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { openDirectoryJournal, openDirectoryReader } from "../../journal/index.ts";
import { phaseSchema, sessionStream } from "../../record/index.ts";
import { openSession, readSession } from "../../session/index.ts";
import type { GateVerdict } from "../../session/stored/index.ts";
import { TerminalError } from "../../shared/errors.ts";
import type { CliWorld, CommandResult } from "./command.ts";
import { resumeCommand } from "./run/run-report.ts";
import { listRunning, runningDirectory } from "./run/running.ts";

export interface ItemSession {
  /** The item's name below `items/`. */
  readonly item: string;
  readonly directory: string;
}

/** The pipeline names its sessions `<phase>-<round>-<random>`; what works for them begins with that. */
const ITEM_SESSION = new RegExp(`^(?:${phaseSchema.options.join("|")})-\\d+-[0-9a-f]{16}(?=-|$)`);

/** The item whose journal holds a session; null when none does. */
export async function itemOfSession(world: Pick<CliWorld, "fs">, dataDirectory: string, sessionId: string): Promise<ItemSession | null> {
  const items = join(dataDirectory, "items");
  if (!ITEM_SESSION.test(sessionId) || !existsSync(items)) return null;
  // Names begin with the time: the newest is the likeliest.
  for (const item of readdirSync(items).toSorted().toReversed()) {
    const directory = join(items, item);
    if (!existsSync(join(directory, "journal", "epochs"))) continue;
    const reader = await openDirectoryReader({ directory: join(directory, "journal"), fs: world.fs });
    if ((await reader.streams()).includes(sessionStream(sessionId))) return { item, directory };
  }
  return null;
}

interface Places {
  readonly data: string;
  readonly usual: string;
}

/**
 * Records a person's answer to the gate that an item's session waits at; what follows from it is done by the next run of the item.
 * @throws TerminalError when a run is at work on the item, or the session is at no gate
 */
export async function answerItemGate(world: CliWorld, { item, directory }: ItemSession, { sessionId, answer, places }: { readonly sessionId: string; readonly answer: GateVerdict; readonly places: Places }): Promise<CommandResult> {
  const running = listRunning(runningDirectory(places.usual)).find((each) => each.directory === directory);
  if (running !== undefined) throw new TerminalError(`${item} is being worked on by process ${running.pid}.`, "Wait until it ends: a run that comes to a gate for a person ends there.");
  const seen = await readSession(await openDirectoryReader({ directory: join(directory, "journal"), fs: world.fs }), sessionId);
  if (seen.state.kind !== "gate") throw new TerminalError(`The session ${sessionId} is at no gate.`, `See where it is with \`worktrain session show ${item}\`.`);
  const { question } = seen.state;
  const journal = await openDirectoryJournal({ directory: join(directory, "journal"), fs: world.fs, clock: world.clock });
  try {
    const session = await openSession({ journal, clock: world.clock, verify: () => Promise.reject(new TerminalError("Nothing is run here.", "Go on with the item.")) }, sessionId);
    const result = await session.resolveGate(answer, { hostWork: "later" });
    if (result.kind === "refused") throw new TerminalError(result.refusal.message, result.refusal.fix);
  } finally {
    await journal.close();
  }
  const resume = resumeCommand(item, places.data, places.usual);
  return { exitCode: 0, text: `${answer.verdict === "approved" ? "Approved" : "Rejected"}: ${question}\nGo on with: ${resume}`, data: { sessionId, item, question, ...answer, resume } };
}
