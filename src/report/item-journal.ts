import { itemStream, sessionStream, type ItemEvent, type Recorded, type SessionEvent } from "../record/index.ts";

/** Everything the record says about one work item. */
export interface ItemJournal {
  readonly itemId: string;
  readonly item: readonly Recorded<ItemEvent>[];
  /** The streams of the sessions the item scheduled and of those that worked for them, by session id; empty for one that never started. */
  readonly sessions: ReadonlyMap<string, readonly Recorded<SessionEvent>[]>;
}

/** The part of a journal that reading an item needs. */
export interface StreamReader {
  read(stream: string): Promise<readonly Recorded[]>;
}

/** Reads an item's stream and those of all its sessions. */
export async function readItemJournal(reader: StreamReader, itemId: string): Promise<ItemJournal> {
  const item = (await reader.read(itemStream(itemId))).filter(isItemEvent);
  const sessions = new Map<string, readonly Recorded<SessionEvent>[]>();
  for (const event of item) {
    if (event.kind !== "session_scheduled") continue;
    await readTree(reader, event.data.sessionId, sessions);
  }
  return { itemId, item, sessions };
}

async function readTree(reader: StreamReader, rootId: string, sessions: Map<string, readonly Recorded<SessionEvent>[]>): Promise<void> {
  const queue = [rootId];
  for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
    if (sessions.has(id)) continue;
    const events = (await reader.read(sessionStream(id))).filter(isSessionEvent);
    sessions.set(id, events);
    queue.push(...events.flatMap((event) => (event.kind === "child_started" ? [event.data.sessionId] : [])));
  }
}

// A stream's name decides the kind of its events: `parseRecordEvent` reads them by it.
export const isItemEvent = (event: Recorded): event is Recorded<ItemEvent> => event.stream.startsWith("item/");
export const isSessionEvent = (event: Recorded): event is Recorded<SessionEvent> => event.stream.startsWith("session/");
