/** Earlier sessions that worked on the same files, of this item and of others that the host has at hand. */
import { foldItem, type ItemSession } from "../../engine/pipeline/index.ts";
import { itemStream, type ItemEvent, type Recorded } from "../../record/index.ts";
import { codingHandoffSchema } from "../../workflow/index.ts";
import type { Entry } from "./section.ts";

/** A work item that ended or was left before. */
export interface EarlierWork {
  readonly itemId: string;
  readonly title: string;
  readonly sessions: readonly ItemSession[];
}

/** @param events of an item's stream; null when it was not opened */
export function earlierWorkOf(events: readonly ItemEvent[]): EarlierWork | null {
  const { opening, sessions } = foldItem(events);
  return opening === null ? null : { itemId: opening.itemId, title: opening.task.title, sessions };
}

/** Items of a journal. */
export async function earlierWorkIn(reader: { streams(): Promise<readonly string[]>; read(stream: string): Promise<readonly Recorded[]> }): Promise<readonly EarlierWork[]> {
  const items = (await reader.streams()).filter((stream) => stream.startsWith(itemStream("")));
  const read = await Promise.all(items.map(async (stream) => earlierWorkOf((await reader.read(stream)).filter((event): event is Recorded<ItemEvent> => event.stream.startsWith("item/")))));
  return read.filter((work) => work !== null);
}

/** Files of one session that are named. */
const MOST_NAMED = 8;
const MOST_SESSIONS = 40;

/** Newest first: this item's, then those of the others. @param files the paths that matter */
export function sameFiles(own: readonly ItemSession[], others: readonly EarlierWork[], files: ReadonlySet<string>): readonly Entry[] {
  const of = (sessions: readonly ItemSession[], item: string): readonly Entry[] => sessions.flatMap((session) => touched(session, files, item)).toReversed();
  return [...of(own, ""), ...others.toReversed().flatMap(({ itemId, title, sessions }) => of(sessions, `, for the task ${JSON.stringify(title)} (${itemId})`))].slice(0, MOST_SESSIONS);
}

function touched({ sessionId, phase, round, result }: ItemSession, files: ReadonlySet<string>, item: string): readonly Entry[] {
  const handoff = codingHandoffSchema.safeParse(result?.artifacts.findLast(({ contractRef }) => contractRef === "wr.contracts.coding_handoff")?.value).data;
  const paths = (result?.changed?.paths ?? handoff?.filesChanged ?? []).filter((path) => files.has(path));
  if (result === null || paths.length === 0) return [];
  const words = handoff?.commitSubject ?? handoff?.prTitle;
  const more = paths.length > MOST_NAMED ? ` and ${paths.length - MOST_NAMED} more` : "";
  return [{ title: sessionId, text: `- session ${sessionId} (${phase}, round ${round}, ${result.outcome})${item}: ${paths.slice(0, MOST_NAMED).join(", ")}${more}${words === undefined ? "" : `. It says: ${words}`}` }];
}
