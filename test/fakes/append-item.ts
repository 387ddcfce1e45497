import type { Journal } from "../../src/journal/index.ts";
import { itemStream, sessionStream, type Head, type ItemEvent } from "../../src/record/index.ts";

/** Appends an item's events; each session that is concluded gets a line, and the conclusion says where that stands, as a log that is read has it. */
export async function appendItem(journal: Journal, itemId: string, events: readonly ItemEvent[]): Promise<void> {
  let after: Head | null = null;
  for (const event of events) {
    const made: ItemEvent = event.kind === "session_concluded" ? { ...event, data: { ...event.data, head: await aLine(journal, event.data.sessionId) } } : event;
    after = headOf(await journal.append(itemStream(itemId), after, [made]));
  }
}

async function aLine(journal: Journal, sessionId: string): Promise<Head> {
  const stream = sessionStream(sessionId);
  return headOf(await journal.append(stream, await journal.head(stream), [{ kind: "steered", data: { turn: 1, source: "person", text: "Go on." } }]));
}

function headOf(appended: Awaited<ReturnType<Journal["append"]>>): Head {
  if (!appended.ok) throw new Error(appended.error.message);
  return appended.value;
}
