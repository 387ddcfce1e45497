/**
 * `worktrain import`: a log from a file into the data directory.
 *
 * M1. It is verified first, as `worktrain verify` does; what is not whole, foreign, of a newer version or a redacted copy is refused.
 * M2. Nothing is overwritten: a log that is there with the same lines stays, with others the file is refused.
 * M3. It is put together beside the place it goes to and moved there as a whole: it is there wholly or not at all.
 */
import { existsSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { decodeRedactedCopy, joinSegments, openDirectoryReader, seedDirectory, type Assembled, type JournalReader, type NamedPart } from "../../../journal/index.ts";
import { parseItemId, type ItemEvent, type Recorded } from "../../../record/index.ts";
import { rootOf, sessionFiles } from "../../../session/stored/index.ts";
import { systemErrorCode } from "../../../shared/durable-files.ts";
import { TerminalError } from "../../../shared/errors.ts";
import { makeOwnDirectory } from "../../../shared/make-directory.ts";
import { lookAtClone } from "../../../workspace/index.ts";
import type { CliWorld, CommandResult } from "../command.ts";
import { resumeCommand, shellWord } from "../run/run-report.ts";
import { saveRun } from "../run/local-item.ts";
import { notWritten } from "./new-file.ts";
import { readPartFiles } from "./part-files.ts";
import { itemFolder } from "./places.ts";
import { partsOfRef, REFS } from "./ref-log.ts";
import { lookAtFiles, verdict } from "./verify-log.ts";

export interface Importing {
  readonly path: string;
  readonly data: { readonly directory: string; readonly usual: string };
  /** The clone that a local task goes on in, or the directory that a session's commands run in; null for reading only. */
  readonly workspace: string | null;
}

/** Where it goes, and what goes beside the journal. */
interface Target {
  readonly kind: "item" | "session";
  /** The item's name below `items/`, or the session's id. */
  readonly name: string;
  readonly directory: string;
  /** Writes what belongs beside the journal into the item's or session's directory. */
  readonly beside: (directory: string) => void;
  /** What goes on with it. */
  readonly next: string | null;
}

/** @throws TerminalError with the reason when it is refused (M1, M2) */
export async function importLog({ path, data, workspace }: Importing, world: CliWorld): Promise<CommandResult> {
  if (["epochs", join("journal", "epochs")].some((place) => existsSync(join(resolve(path), place)))) throw new TerminalError(`${path} is a journal directory, not an exported file.`, `Make one of it first: worktrain export ${path} -o FILE.`);
  const parts = path.startsWith(REFS) ? await partsOfRef(path, workspace ?? world.workingDirectory, world) : readPartFiles(resolve(path));
  const log = await checked(path, parts);
  const target = await targetOf(log, { path, data, workspace }, world);
  const streams = await log.reader.streams();
  const known = await alreadyThere(target, log.reader, world);
  if (!known) moveIn(target, data.directory, world, await prepared(log, target, data.directory, world));
  // It was imported for reading only before.
  else if (target.kind === "item" && target.next !== null && !existsSync(join(target.directory, "run.json"))) target.beside(target.directory);
  const facts = { kind: target.kind, name: target.name, directory: target.directory, lines: log.lines.length, streams: streams.length, imported: !known, next: target.next };
  const head = known ? `${target.name} is there already, line for line; nothing was changed.` : `Imported the ${target.kind} ${target.name}: ${log.lines.length} lines, ${streams.length} streams, into ${target.directory}`;
  return { exitCode: 0, text: [head, ...(target.next === null ? [`See it with: worktrain session show ${target.name}${data.directory === data.usual ? "" : ` --data ${shellWord(data.directory)}`}`] : [`Go on with: ${target.next}`])].join("\n"), data: facts };
}

async function checked(path: string, parts: readonly NamedPart[]): Promise<Assembled> {
  const [only, ...more] = parts;
  if (only !== undefined && more.length === 0 && decodeRedactedCopy(only.bytes) !== null) {
    throw new TerminalError(`${path} is a copy that secrets were taken out of: its lines are not those of the log any more.`, "It can be read with `verify` and `replay`. Export the log where those secrets are not in the environment, or import the saved segments.");
  }
  const { exitCode, data } = await verdict(path, lookAtFiles(parts), []);
  const [fault] = data["faults"] as readonly { readonly file: string; readonly line: number | null; readonly reason: string; readonly fix: string }[];
  if (exitCode !== 0 && fault !== undefined) throw new TerminalError(`${path} is refused: ${fault.file}${fault.line === null ? "" : ` line ${fault.line}`}: ${fault.reason}.`, `${fault.fix} \`worktrain verify ${path}\` says what can be salvaged.`);
  const joined = joinSegments(parts);
  if (!joined.ok) throw new TerminalError(`${path} is refused: ${joined.error.message}`, joined.error.fix);
  return joined.value;
}

async function targetOf({ reader }: Assembled, { path, data, workspace }: Importing, world: CliWorld): Promise<Target> {
  const streams = await reader.streams();
  const [item, another] = streams.filter((stream) => stream.startsWith("item/"));
  if (another !== undefined) throw new TerminalError(`${path} holds several items.`, "Import one item at a time.");
  return item === undefined ? sessionTarget(streams, reader, { path, data, workspace }, world) : itemTarget(item.slice("item/".length), await reader.read(item), { path, data, workspace }, world);
}

async function itemTarget(itemId: string, events: readonly Recorded[], { data, workspace }: Importing, world: CliWorld): Promise<Target> {
  const name = itemFolder(itemId);
  const directory = join(data.directory, "items", name);
  const opened = events.find((event) => event.kind === "item_opened")?.data ?? null;
  const sandbox = events.findLast((event) => event.kind === "run_opened")?.data.sandbox ?? "bubblewrap";
  const target = { kind: "item" as const, name, directory, beside: () => undefined, next: null };
  if (workspace === null || opened === null) return target;
  if (parseItemId(itemId)?.repositoryId !== 0) throw new TerminalError(`${itemId} is an item of GitHub; it goes on there, not in a clone.`, "Import it without --workspace to read it.");
  const { source } = await lookAtClone({ source: resolve(workspace), processes: world.processes });
  const saved = { goal: goalOf(opened), source, base: opened.base, sandbox: sandbox === "weak" ? ("weak" as const) : ("bubblewrap" as const), ...(opened.workflowId === undefined ? {} : { workflow: { id: opened.workflowId, file: null } }) };
  return { ...target, beside: (place) => saveRun({ name, id: itemId, directory: place }, saved), next: resumeCommand(name, data.directory, data.usual) };
}

const goalOf = ({ task }: Extract<ItemEvent, { kind: "item_opened" }>["data"]): string => [task.title, task.body].filter((text) => text !== "").join("\n\n");

async function sessionTarget(streams: readonly string[], reader: JournalReader, { path, data, workspace }: Importing, world: CliWorld): Promise<Target> {
  const ids = streams.map((stream) => stream.slice("session/".length));
  const roots = [...new Set(ids.map(rootOf))];
  const [root] = roots;
  const first = root === undefined ? undefined : (await reader.read(`session/${root}`)).find((event) => event.kind === "session_started");
  if (root === undefined || first === undefined || roots.length > 1) throw new TerminalError(`${path} holds ${roots.length} sessions that are not of one tree: ${roots.slice(0, 3).join(", ")}.`, "It can be read with `verify` and `replay` as it is; there is no place for it in a data directory.");
  const files = (at: string) => sessionFiles(world.fs, at);
  const { goal, workflow } = first.data;
  const card = { sessionId: root, workflowId: workflow.id, goal, workspacePath: workspace === null ? null : resolve(workspace), workflowFolder: null, startedAt: first.at };
  const place = data.directory === data.usual ? "" : ` --data ${shellWord(data.directory)}`;
  // `write` puts the card where a session lies: `<data>/sessions/<id>`.
  return { kind: "session", name: root, directory: join(data.directory, "sessions", root), beside: (at) => files(dirname(dirname(at))).write(card), next: `worktrain session next ${root}${place}` };
}

/** Whether the very same log is there. @throws TerminalError when another one is (M2) */
async function alreadyThere({ kind, name, directory }: Target, incoming: JournalReader, { fs }: Pick<CliWorld, "fs">): Promise<boolean> {
  if (!existsSync(directory)) return false;
  const there = await openDirectoryReader({ directory: join(directory, "journal"), fs });
  const streams = [...new Set([...(await there.streams()), ...(await incoming.streams())])];
  for (const stream of streams) {
    const [a, b] = [await there.head(stream), await incoming.head(stream)];
    if (a?.seq === b?.seq && a?.hash === b?.hash) continue;
    throw new TerminalError(`The ${kind} ${name} is in ${directory} already and differs: ${stream} stands at seq ${a?.seq ?? 0} there, at ${b?.seq ?? 0} in the file.`, "Nothing is overwritten: import it into another data directory with --data, or move the one that is there away.");
  }
  return true;
}

/** The log in a directory of its own beside all others; what could not be written whole is taken away again. */
async function prepared(log: Assembled, target: Target, dataDirectory: string, { fs, random }: CliWorld): Promise<string> {
  const place = join(dataDirectory, "importing", `${process.pid}-${Buffer.from(random.bytes(4)).toString("hex")}`);
  const directory = join(place, `${target.kind}s`, target.name);
  try {
    makeOwnDirectory(directory);
    await seedDirectory({ directory: join(directory, "journal"), fs, assembled: log });
    target.beside(directory);
  } catch (error) {
    rmSync(place, { recursive: true, force: true });
    removeEmpty(join(dataDirectory, "importing"));
    throw notWritten(target.directory, error);
  }
  return place;
}

function moveIn(target: Target, dataDirectory: string, { fs }: Pick<CliWorld, "fs">, place: string): void {
  try {
    makeOwnDirectory(dirname(target.directory));
    renameSync(join(place, `${target.kind}s`, target.name), target.directory); // M3
    fs.sync(target.directory);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOTEMPTY" || code === "EEXIST") throw new TerminalError(`${target.directory} was made by another process just now; nothing was imported.`, "Import it again: it is compared with what is there.");
    throw notWritten(target.directory, error);
  } finally {
    rmSync(place, { recursive: true, force: true });
    removeEmpty(join(dataDirectory, "importing"));
  }
}

/** Another import may be at work in it. */
function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!["ENOTEMPTY", "EEXIST", "ENOENT"].includes(systemErrorCode(error) ?? "")) throw error;
  }
}
