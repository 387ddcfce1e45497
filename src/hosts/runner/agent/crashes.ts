/** How often runs of an item ended without a word at the same place (fault 40), counted from the log. */
import { sessionStream, type ItemEvent, type Recorded, type RecordEvent } from "../../../record/index.ts";
import { itemStream } from "../../../record/index.ts";
import type { JournalReader } from "../../../journal/index.ts";
import type { Restored } from "./restore.ts";

/** So many crashes at one place, and the next run does not go there again. */
export const CRASHES_THAT_STOP = 3;

/** A run that came further than this was not stopped by the place it began at; the answer to an interrupted call is a turn or two. */
const TURNS_OF_PROGRESS = 3;

export interface Crashes {
  /** In a row, at the same place; 0 when the newest run ended orderly. */
  readonly count: number;
  /** What the newest run was at when it ended, in words. */
  readonly place: string;
}

export async function crashesInARow({ assembled: { reader }, from }: Pick<Restored, "assembled" | "from">, itemId: string): Promise<Crashes> {
  const opened = (await reader.read(itemStream(itemId))).findLast(isRunOpened);
  const none: Crashes = { count: 0, place: "" };
  if (opened === undefined || from.ending !== null) return none;
  // A run that did not even come to open itself says nothing of the place.
  if (opened.data.runId !== from.runId) return { ...none, count: opened.data.crashes ?? 0 };
  const events = (await everything(reader)).filter(({ epoch }) => epoch === opened.epoch);
  if (events.some(({ kind }) => kind === "agent_ended" || kind === "item_ended")) return none;
  const turns = events.filter(({ kind }) => kind === "turn_completed").length;
  const progress = turns >= TURNS_OF_PROGRESS || events.some(({ kind }) => kind === "step_completed" || kind === "session_concluded");
  return { count: progress ? 1 : (opened.data.crashes ?? 0) + 1, place: placeOf(events) };
}

const isRunOpened = (event: Recorded): event is Recorded<Extract<ItemEvent, { kind: "run_opened" }>> => event.kind === "run_opened";

async function everything(reader: JournalReader): Promise<readonly Recorded[]> {
  const events: Recorded[] = [];
  for (const stream of await reader.streams()) events.push(...(await reader.read(stream)));
  return events;
}

/** The event that says most of what was under way: a tool without a result, a request without an answer, a command. */
function placeOf(events: readonly Recorded[]): string {
  const answered = new Set(events.flatMap((event) => (event.kind === "tool_completed" ? [event.data.toolUseId] : [])));
  const open = events.findLast((event) => event.kind === "tool_started" && !answered.has(event.data.toolUseId));
  const last = open ?? events.findLast((event) => WORDS[event.kind] !== undefined);
  if (last === undefined) return "before the first step";
  const where = last.stream.startsWith(sessionStream("")) ? ` of ${last.stream.replace("/", " ")}` : "";
  const tool = last.kind === "tool_started" ? ` ${last.data.name}` : "";
  return `${WORDS[last.kind] ?? last.kind}${tool}${where}`;
}

const WORDS: Readonly<Partial<Record<RecordEvent["kind"], string>>> = {
  tool_started: "while it ran the tool",
  turn_requested: "while the model was asked",
  verification_requested: "while it ran the test command",
  context_requested: "while it gathered context",
  children_requested: "while it ran other sessions",
  session_scheduled: "when it opened a session",
  run_opened: "when it opened the run",
};
