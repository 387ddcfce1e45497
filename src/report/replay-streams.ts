import { itemStream, type Recorded, type SessionEvent } from "../record/index.ts";
import { parsePlan, type Plan } from "../workflow/index.ts";
import { isSessionEvent, readItemJournal, type StreamReader } from "./item-journal.ts";
import type { Replayed } from "./replay.ts";
import { replayItem } from "./replay-item.ts";
import { replaySession } from "./replay-session.ts";

/** A whole log: its streams, and the blobs they name. */
export interface LogReader extends StreamReader {
  streams(): Promise<readonly string[]>;
  getBlob(sha256: string): Promise<Uint8Array | null>;
}

/** Every stream of a log, each event of which is decided again. */
export const replayStreams = async (reader: LogReader): Promise<readonly (Replayed & { readonly stream: string })[]> =>
  Promise.all((await reader.streams()).map(async (stream) => ({ stream, ...(await replayStream(reader, stream)) })));

async function replayStream(reader: LogReader, stream: string): Promise<Replayed> {
  if (stream.startsWith("item/")) return replayItem(await readItemJournal(reader, stream.slice(itemStream("").length)));
  const events = (await reader.read(stream)).filter(isSessionEvent);
  return replaySession(await planOf(reader, events), events);
}

async function planOf(reader: LogReader, events: readonly Recorded<SessionEvent>[]): Promise<Plan | null> {
  const started = events.find((event) => event.kind === "session_started");
  const blob = started === undefined ? null : await reader.getBlob(started.data.plan);
  const plan = blob === null ? null : parsePlan(new TextDecoder().decode(blob));
  return plan?.ok === true ? plan.value : null;
}
