/** `worktrain report`: a log as one page, in HTML, Markdown or JSON. */
import { resolve } from "node:path";
import { itemStream, sessionStream, type Recorded, type SessionEvent } from "../../../record/index.ts";
import { readItemReport, readStepTitles, reportMarkdown, reportOf, reportPage, savedFilesOf, sessionView, type Report } from "../../../report/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import { createRedactor, redactJson } from "../../../shared/redact.ts";
import type { CliWorld, CommandResult } from "../command.ts";
import { printable } from "../printable.ts";
import { writeNew, writeOver } from "./new-file.ts";
import type { OpenedLog } from "./places.ts";
import { sessionsIn } from "./stored-logs.ts";

export interface ReportWish {
  /** As it was given: the id of a session means that one alone. */
  readonly operand: string;
  readonly html: string | undefined;
  /** "" prints it. */
  readonly markdown: string | undefined;
  readonly force: boolean;
}

/** @throws TerminalError when the log holds nothing to tell, or a file is there or cannot be written */
export async function reportLog(log: OpenedLog, wish: ReportWish, world: Pick<CliWorld, "fs" | "environment" | "log">): Promise<CommandResult> {
  if (wish.html === "") throw new TerminalError("--html needs a file.", "Write --html FILE.");
  // What the journal was written without may still be a secret of who makes the page, and a page is made to be passed on.
  const report = redactJson(createRedactor(world.environment().secrets), await read(log, wish.operand)) as Report;
  const files = [
    ...(wish.html === undefined ? [] : [{ file: resolve(wish.html), format: "html", text: reportPage(report) }]),
    ...(wish.markdown === undefined || wish.markdown === "" ? [] : [{ file: resolve(wish.markdown), format: "markdown", text: `${reportMarkdown(report)}\n` }]),
  ];
  const written = files.map(({ file, format, text }) => {
    const bytes = Buffer.from(text);
    if (wish.force) writeOver(world.fs, file, bytes);
    else writeNew(world.fs, file, bytes, "Name another file, or replace that one with --force.");
    return { file, format, bytes: bytes.length };
  });
  const words = written.map(({ file, bytes }) => `Wrote ${file}: ${bytes} bytes`);
  const prints = wish.markdown === "" || files.length === 0;
  if (prints) for (const line of words) world.log(line);
  return { exitCode: 0, text: prints ? commandless(printable(reportMarkdown(report))) : words.join("\n"), data: { report, written } };
}

/** Printed in a step of a workflow, `##[name]` would be a command to the runner wherever it stands; `::` acts at a line's start only, where no outside text is. */
const commandless = (text: string): string => text.replaceAll("##[", "##\u2060[");

async function read({ reader, where, redacted }: OpenedLog, operand: string): Promise<Report> {
  const streams = await reader.streams();
  const items = streams.filter((stream) => stream.startsWith("item/")).map((stream) => stream.slice(itemStream("").length));
  const [itemId] = items;
  if (itemId !== undefined && !streams.includes(sessionStream(operand))) {
    if (items.length > 1) throw new TerminalError(`${where} holds several items: ${items.join(", ")}.`, "Report on one item's log at a time.");
    return readItemReport(reader, itemId, { redacted });
  }
  const all = new Map((await sessionsIn(reader)).map(({ sessionId, events }) => [sessionId, events]));
  const sessions = all.has(operand) ? treeOf(operand, all) : all;
  if (sessions.size === 0) throw new TerminalError(`${where} holds no session.`, "Name another log.");
  const snapshots = [...sessions].flatMap(([id, events]) => sessionView(id, events).snapshot ?? []);
  return reportOf({ item: null, sessions, titles: await readStepTitles(sessions.values(), (sha256) => reader.getBlob(sha256)), files: await savedFilesOf(snapshots[0] ?? null, (sha256) => reader.getBlob(sha256)), redacted });
}

type Streams = ReadonlyMap<string, readonly Recorded<SessionEvent>[]>;

/** A session and all that worked for it. */
function treeOf(rootId: string, all: Streams): Streams {
  const parents = new Map([...all].map(([id, events]) => [id, sessionView(id, events).parentSessionId]));
  const below = (id: string | null, steps: number): boolean => id === rootId || (id !== null && steps < all.size && below(parents.get(id) ?? null, steps + 1));
  return new Map([...all].filter(([id]) => below(id, 0)));
}
