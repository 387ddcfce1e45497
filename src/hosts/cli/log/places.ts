/** Which log a person means: a session's or an item's in the data directory, a journal directory, an exported file, saved segments. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { copyReader, decodeRedactedCopy, joinSegments, openDirectoryReader, type JournalReader, type NamedPart } from "../../../journal/index.ts";
import { parseItemId } from "../../../record/index.ts";
import { rootOf } from "../../../session/stored/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { CliWorld } from "../command.ts";
import { itemOfSession } from "../item-sessions.ts";
import { readPartFiles } from "./part-files.ts";

export type LogPlace = { readonly kind: "directory"; readonly directory: string } | { readonly kind: "files"; readonly path: string; readonly parts: readonly NamedPart[] };

/** @throws TerminalError when there is none, or its files cannot be taken */
export async function findLog(operand: string, dataDirectory: string, world: Pick<CliWorld, "fs">): Promise<LogPlace> {
  const held = await itemOfSession(world, dataDirectory, operand);
  const directory = held === null ? journalDirectory(operand, dataDirectory) : join(held.directory, "journal");
  if (directory !== null) return { kind: "directory", directory };
  if (!existsSync(resolve(operand))) throw noLog(operand, dataDirectory);
  return { kind: "files", path: resolve(operand), parts: readPartFiles(resolve(operand)) };
}

export const noLog = (name: string, dataDirectory: string): TerminalError => new TerminalError(`There is no session, item or journal ${JSON.stringify(name)}.`, `Looked in ${dataDirectory}; use --data for another directory.`);

/** The journal directory that a name or a path means; null when there is none. */
export function journalDirectory(name: string, dataDirectory: string): string | null {
  const item = parseItemId(name);
  const names = [join("sessions", rootOf(name)), join("items", item?.subject ?? name), ...(item === null ? [] : [join("items", itemFolder(name))])];
  const places = [...names.map((place) => join(dataDirectory, place, "journal")), join(resolve(name), "journal"), resolve(name)];
  return places.find((place) => existsSync(join(place, "epochs"))) ?? null;
}

/** The name below `items/` of an item that came from GitHub: its subject alone could be that of another repository. */
export const itemFolder = (itemId: string): string => {
  const item = parseItemId(itemId);
  return item === null || item.repositoryId === 0 ? (item?.subject ?? itemId) : `${item.repositoryId}-${item.subject}-${item.attempt}`;
};

export interface OpenedLog {
  readonly reader: JournalReader;
  /** A copy that secrets were taken out of. */
  readonly redacted: boolean;
  readonly where: string;
}

/** A reader over a log that is whole. @throws TerminalError naming what is wrong with it */
export async function openLog(place: LogPlace, { fs }: Pick<CliWorld, "fs">): Promise<OpenedLog> {
  if (place.kind === "directory") return { reader: await openDirectoryReader({ directory: place.directory, fs }), redacted: false, where: place.directory };
  const [only, ...more] = place.parts;
  const copy = only !== undefined && more.length === 0 ? decodeRedactedCopy(only.bytes) : null;
  if (copy !== null) {
    const reader = copy.ok ? copyReader(copy.value) : copy;
    if (!reader.ok) throw broken(place.path, reader.error);
    return { reader: reader.value, redacted: true, where: place.path };
  }
  const joined = joinSegments(place.parts);
  if (!joined.ok) throw broken(place.path, joined.error);
  return { reader: joined.value.reader, redacted: false, where: place.path };
}

const broken = (path: string, { message, fix }: { readonly message: string; readonly fix: string }): TerminalError =>
  new TerminalError(`${path}: ${message}`, `${fix} \`worktrain verify ${path}\` says what can be salvaged.`);
