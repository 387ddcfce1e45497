/** `--kill-at N`: the agent job's process is killed at the Nth event of its journal; what the next run repeated of it is counted. */
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { assembleSegments, newestChain } from "../../journal/index.ts";
import { parseSegmentName, type Recorded, type RecordEvent } from "../../record/index.ts";
import { TerminalError } from "../../shared/errors.ts";
import type { LocalActions, LocalActionsEvent } from "./actions/index.ts";
import type { Artifact } from "./github/records.ts";

export type Blow = (actions: LocalActions, runId: number) => void;

export interface Killing {
  /** Gets everything that happens in the local Actions. */
  onEvent(event: LocalActionsEvent): void;
  /** The run whose job was hit; null while none was. */
  hit(): { readonly runId: number; readonly journal: string } | null;
  /** Ends the watching. */
  stop(): void;
}

/** As often as the journal's length is looked at: an event takes about as long to be made durable. */
const LOOK_EVERY_MS = 1;

/**
 * Watches the first agent job's journal and hits when it has so many events. The journal is looked at from outside, so the job can
 * come an event or two further.
 */
export function killAt(events: number, actions: () => LocalActions, blow: Blow): Killing {
  let timer: NodeJS.Timeout | null = null;
  let hit: ReturnType<Killing["hit"]> = null;
  const stop = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
  };
  return {
    onEvent(event) {
      if (event.kind === "job-finished" && event.job === "agent") stop();
      if (event.kind !== "job-started" || event.job !== "agent" || timer !== null || hit !== null) return;
      const { runId } = event;
      const journal = join(event.directory, "work", "_temp", "worktrain", "journal");
      const path = join(journal, "epochs", "000001.jsonl");
      timer = setInterval(() => {
        if (linesIn(path) < events) return;
        stop();
        hit = { runId, journal };
        blow(actions(), runId);
      }, LOOK_EVERY_MS);
    },
    hit: () => hit,
    stop,
  };
}

function linesIn(path: string): number {
  try {
    return readFileSync(path).reduce((count, byte) => (byte === 10 ? count + 1 : count), 0);
  } catch {
    return 0; // The job has not begun its journal.
  }
}

export interface Resumed {
  /** Events that the killed job's journal had on its disk. */
  readonly killedAtEvent: number;
  /** Of those, the ones that were stored before the next run began. */
  readonly savedEvents: number;
  /** Runs it took in all. */
  readonly runs: number;
  /** Model turns asked and tool calls made again, the unsaved tail included. */
  readonly repeatedTurns: number;
  readonly repeatedToolCalls: number;
  /** Of those, the ones whose answer or result was in a saved segment: 0, or something is wrong. */
  readonly repeatedSavedTurns: number;
  readonly repeatedSavedToolCalls: number;
}

/** Counts what was done twice, from the killed job's own disk and what all runs saved. @param artifacts of the item */
export async function countRepeated(hit: { readonly runId: number; readonly journal: string }, artifacts: readonly Artifact[]): Promise<Resumed> {
  const killed = await linesOnDisk(hit.journal);
  const saved = await savedEvents(artifacts.filter(({ runId }) => runId === hit.runId));
  const whole = await savedEvents(artifacts);
  const lost = killed.filter((line) => !saved.lines.has(line)).map((line) => JSON.parse(line) as { readonly kind: string });
  const later = whole.events.filter((event) => !saved.keys.has(keyOf(event)));
  const turns = repeatedTurns(saved.events, later);
  const calls = repeatedCalls(saved.events, later);
  return {
    killedAtEvent: killed.length,
    savedEvents: killed.length - lost.length,
    runs: new Set(artifacts.map(({ runId }) => runId)).size,
    repeatedTurns: turns.all + lost.filter(({ kind }) => kind === "turn_requested").length,
    repeatedToolCalls: calls.all + lost.filter(({ kind }) => kind === "tool_started").length,
    repeatedSavedTurns: turns.saved,
    repeatedSavedToolCalls: calls.saved,
  };
}

async function linesOnDisk(journal: string): Promise<readonly string[]> {
  const names = (await readdir(join(journal, "epochs"))).filter((name) => name.endsWith(".jsonl")).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(journal, "epochs", name), "utf8")));
  // A killed writer leaves room that it wrote ahead, and perhaps half a line.
  return texts.flatMap((text) => text.replaceAll("\0", "").split("\n").slice(0, -1));
}

interface Saved {
  readonly lines: ReadonlySet<string>;
  readonly keys: ReadonlySet<string>;
  readonly events: readonly Recorded[];
}

const keyOf = ({ stream, seq }: Recorded): string => `${stream} ${seq}`;

async function savedEvents(artifacts: readonly Artifact[]): Promise<Saved> {
  const parts = artifacts.flatMap((artifact) => (parseSegmentName(artifact.name) === null ? [] : [{ bytes: readFileSync(artifact.bytesPath), digest: artifact.digest }]));
  const assembled = assembleSegments(newestChain(parts));
  if (!assembled.ok) throw new TerminalError(assembled.error.message, assembled.error.fix);
  const { reader, lines } = assembled.value;
  const events: Recorded[] = [];
  for (const stream of await reader.streams()) events.push(...(await reader.read(stream)));
  return { lines: new Set(lines.map(({ text }) => text)), keys: new Set(events.map(keyOf)), events };
}

interface Repeated {
  readonly all: number;
  readonly saved: number;
}

type Of<Kind extends RecordEvent["kind"]> = Recorded<Extract<RecordEvent, { kind: Kind }>>;
const only = <Kind extends RecordEvent["kind"]>(events: readonly Recorded[], kind: Kind): readonly Of<Kind>[] => events.filter((event): event is Of<Kind> => event.kind === kind);

/** A turn counts by its number in its session: one that was answered and is asked again, or asked without an answer that is known. */
function repeatedTurns(saved: readonly Recorded[], later: readonly Recorded[]): Repeated {
  const numberOf = ({ stream, data }: { readonly stream: string; readonly data: { readonly turn: number } }): string => `${stream} ${data.turn}`;
  const asked = new Set(only(saved, "turn_requested").map(numberOf));
  const answered = new Set(only(saved, "turn_completed").map(numberOf));
  const again = only(later, "turn_requested").map(numberOf).filter((turn) => asked.has(turn));
  return { all: again.length, saved: again.filter((turn) => answered.has(turn)).length };
}

function repeatedCalls(saved: readonly Recorded[], later: readonly Recorded[]): Repeated {
  const idOf = ({ stream, data }: { readonly stream: string; readonly data: { readonly toolUseId: string } }): string => `${stream} ${data.toolUseId}`;
  const begun = new Set(only(saved, "tool_started").map(idOf));
  const done = new Set(only(saved, "tool_completed").map(idOf));
  const again = only(later, "tool_started").map(idOf).filter((call) => begun.has(call));
  return { all: again.length, saved: again.filter((call) => done.has(call)).length };
}
