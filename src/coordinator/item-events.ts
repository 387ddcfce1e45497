import type { JournalReader } from "../journal/index.ts";
import { itemStream, type ItemEvent, type Recorded, type RecordEvent } from "../record/index.ts";

/** An item's own stream, from its beginning. */
export const itemEvents = async (journal: Pick<JournalReader, "read">, itemId: string): Promise<ItemEvent[]> => (await journal.read(itemStream(itemId))).filter(isItemEvent);

const isItemEvent = (event: Recorded<RecordEvent>): event is Recorded<ItemEvent> => event.stream.startsWith("item/");
