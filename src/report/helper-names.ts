/** What sessions that work for others are called, so that those of one parent can be told apart. */
import type { Recorded, SessionEvent } from "../record/index.ts";

export interface HelperName {
  /** `reviewer 2`: what it is, numbered where its parent has several. */
  readonly name: string;
  /** The first sentence of what it was asked that was not asked of all of them; empty where the log does not say. */
  readonly brief: string;
}

interface Helper {
  readonly sessionId: string;
  readonly kind: string;
  /** Of its goal; a line that was wrapped goes on in the next. */
  readonly lines: readonly string[];
}

/** Names for all sessions with a parent among those given. */
export function helperNames(sessions: ReadonlyMap<string, readonly Recorded<SessionEvent>[]>): ReadonlyMap<string, HelperName> {
  const families = new Map<string, Helper[]>();
  for (const [sessionId, events] of sessions) {
    const started = events.find((event) => event.kind === "session_started");
    if (started?.kind !== "session_started" || started.data.parentSessionId === null) continue;
    const { parentSessionId, role, workflow, goal } = started.data;
    const kind = role ?? kindOf(workflow.id);
    // By the parent and what they are: an auditor is no brother of a reviewer.
    const key = JSON.stringify([parentSessionId, kind]);
    families.set(key, [...(families.get(key) ?? []), { sessionId, kind, lines: goal.split("\n").map((line) => line.trim()) }]);
  }
  return new Map([...families.values()].flatMap(named));
}

/** `wr.role-reviewer` as reviewer. */
const kindOf = (workflowId: string): string => workflowId.replace(/^[^.]*\./, "").replace(/^(?:role|routine)-/, "");

function named(family: readonly Helper[]): readonly (readonly [string, HelperName])[] {
  // In the order in which they were asked for: the number at the end of the id is the place in the step.
  const inOrder = family.toSorted((a, b) => a.sessionId.localeCompare(b.sessionId, "en", { numeric: true }));
  const [first] = inOrder;
  const ofAll = inOrder.length < 2 ? new Set<string>() : new Set(first?.lines.filter((line) => inOrder.every(({ lines }) => lines.includes(line))));
  return inOrder.map(({ sessionId, kind, lines }, index) => [sessionId, { name: inOrder.length < 2 ? kind : `${kind} ${index + 1}`, brief: sentenceAt(lines, lines.findIndex((line) => isWords(line) && !ofAll.has(line))) || sentenceAt(lines, lines.findIndex(isWords)) }]);
}

const isWords = (line: string): boolean => /\p{L}/u.test(line);
const MOST_LINES = 8;

/** To its end, over line breaks, or to the end of its paragraph. */
function sentenceAt(lines: readonly string[], from: number): string {
  if (from === -1) return "";
  const rest = lines.slice(from, from + MOST_LINES);
  const end = rest.findIndex((line, index) => index > 0 && (!isWords(line) || /^[-*#\d]/.test(line)));
  const paragraph = rest.slice(0, end === -1 ? rest.length : end).join(" ");
  const stop = paragraph.search(/[.!?](?=\s|$)/);
  return stop === -1 ? paragraph : paragraph.slice(0, stop + 1);
}
