import { readFileSync } from "node:fs";
import type { Artifact } from "../../src/hosts/demo/github/records.ts";
import { assembleSegments, newestChain } from "../../src/journal/index.ts";
import { itemStream, parseSegmentName, type RecordEvent } from "../../src/record/index.ts";

/** The journal that a run left in its artifacts, put together as the deliver job does it. */
export interface SavedJournal {
  /** Events of the item's stream. */
  readonly item: readonly RecordEvent[];
  /** Events by stream, the item's included. */
  readonly streams: ReadonlyMap<string, readonly RecordEvent[]>;
}

/** @param saved artifacts of one item's runs; of what the segments among them hold the newest state counts */
export async function savedJournal(saved: readonly Artifact[]): Promise<SavedJournal> {
  const assembled = assembleSegments(newestChain(saved.filter(({ name }) => parseSegmentName(name) !== null).map(({ bytesPath, digest }) => ({ bytes: readFileSync(bytesPath), digest: digest.replace("sha256:", "") }))));
  if (!assembled.ok) throw new Error(assembled.error.message);
  const { reader, item } = assembled.value;
  const streams = new Map<string, readonly RecordEvent[]>();
  for (const stream of await reader.streams()) streams.set(stream, await reader.read(stream));
  return { item: streams.get(itemStream(item)) ?? [], streams };
}

export const eventsOf = <K extends RecordEvent["kind"]>(events: Iterable<RecordEvent>, wanted: K): readonly Extract<RecordEvent, { kind: K }>[] =>
  [...events].filter((event): event is Extract<RecordEvent, { kind: K }> => event.kind === wanted);
