import { join } from "node:path";
import { openDirectoryReader } from "../../journal/index.ts";
import { sessionStream } from "../../record/index.ts";
import { isSessionEvent, leftOutLines, leftOutOf, sessionTimeline, sessionView, traceLine, type LeftOut, type SessionView, type TimelineEntry } from "../../report/index.ts";
import { TerminalError } from "../../shared/errors.ts";
import type { Call, CliWorld, CommandResult } from "./command.ts";
import { itemOfSession } from "./item-sessions.ts";
import { journalDirectory, noLog } from "./log/places.ts";
import { dataDirectoryOf } from "./open-sessions.ts";
import { printable } from "./printable.ts";

interface Shown extends SessionView {
  readonly timeline: readonly TimelineEntry[];
  /** What it changed and no snapshot can hold. */
  readonly leftOut: readonly LeftOut[];
}

/** Reads the journal that the operand means and tells its sessions. */
export async function showSessions(call: Call, world: CliWorld): Promise<CommandResult> {
  const [name] = call.positionals;
  if (name === undefined) throw new TerminalError("`worktrain session show` needs a session.", "Give its id, an item's name, or a journal directory.");
  const dataDirectory = dataDirectoryOf(call, world);
  const held = await itemOfSession(world, dataDirectory, name);
  const directory = held === null ? journalDirectory(name, dataDirectory) : join(held.directory, "journal");
  if (directory === null) throw noLog(name, dataDirectory);
  const reader = await openDirectoryReader({ directory, fs: world.fs });
  const sessions: Shown[] = [];
  for (const stream of (await reader.streams()).filter((each) => each.startsWith("session/"))) {
    if (held !== null && stream !== sessionStream(name)) continue;
    const events = (await reader.read(stream)).filter(isSessionEvent);
    const view = sessionView(stream.slice("session/".length), events);
    sessions.push({ ...view, timeline: sessionTimeline(events), leftOut: await leftOutOf(view.snapshot, (sha256) => reader.getBlob(sha256)) });
  }
  if (sessions.length === 0) throw new TerminalError(`${directory} holds no session.`, "Name another one.");
  return { exitCode: 0, text: sessions.map(sessionText).join("\n\n"), data: { journal: directory, notes: reader.notes, sessions } };
}

function sessionText(session: Shown): string {
  const { sessionId, workflow, outcome, phase, turns, costMicroUsd, parentSessionId, role } = session;
  const helps = parentSessionId === null ? "" : `, ${role ?? "child"} of ${parentSessionId}`;
  const spent = turns === 0 ? "" : `, ${turns} turns, $${(costMicroUsd / 1_000_000).toFixed(4)}`;
  const head = `Session ${sessionId}: ${workflow?.id ?? "?"} ${workflow?.version ?? ""}${phase === null ? "" : ` (${phase})`}${helps}, ${outcome ?? "open"}${spent}`;
  const lines = session.timeline.flatMap(({ seq, at, nodeId, text, trace }) => [
    `${String(seq).padStart(5)}  ${at}  ${(nodeId ?? "-").padEnd(4)}  ${text}`,
    ...(trace ?? []).filter((entry) => entry.decision === "skipped" || entry.condition !== undefined || entry.reason !== undefined).map((entry) => `${" ".repeat(39)}${traceLine(entry)}`),
  ]);
  return printable([head, ...lines, ...leftOutLines(session.leftOut)].join("\n"));
}
