/** The items and sessions of a data directory, whatever state their logs are in. */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { openDirectoryReader, type JournalReader } from "../../../journal/index.ts";
import { sessionStream, type Recorded, type SessionEvent } from "../../../record/index.ts";
import { isSessionEvent } from "../../../report/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { FileSystem } from "../../../shared/ports.ts";

export interface StoredLog {
  readonly kind: "item" | "session";
  readonly name: string;
  readonly directory: string;
}

/** Real directories only, oldest name first: a link could lead anywhere. */
export function storedLogs(dataDirectory: string): readonly StoredLog[] {
  return (["item", "session"] as const).flatMap((kind) => directoriesOf(join(dataDirectory, `${kind}s`)).map((name) => ({ kind, name, directory: join(dataDirectory, `${kind}s`, name) })));
}

export function directoriesOf(place: string): readonly string[] {
  if (lstatSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(place, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name).toSorted();
}

/** A reader, or why there is none. */
export async function openStored({ directory }: StoredLog, fs: FileSystem): Promise<{ readonly reader: JournalReader } | { readonly fault: string }> {
  try {
    return { reader: await openDirectoryReader({ directory: join(directory, "journal"), fs }) };
  } catch (error) {
    if (error instanceof TerminalError) return { fault: error.message };
    throw error;
  }
}

/** Every session of a log with its events. */
export async function sessionsIn(reader: JournalReader): Promise<readonly { readonly sessionId: string; readonly events: readonly Recorded<SessionEvent>[] }[]> {
  const streams = (await reader.streams()).filter((stream) => stream.startsWith(sessionStream("")));
  return Promise.all(streams.map(async (stream) => ({ sessionId: stream.slice(sessionStream("").length), events: (await reader.read(stream)).filter(isSessionEvent) })));
}
