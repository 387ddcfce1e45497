/**
 * Whether the work still gets anywhere, read off the fold of the log (fault 61). In words:
 *
 * - A turn brings **news** when a tool gave a text that the conversation did not have yet, words of the call itself left out, when the files came to a state they
 *   were not in before, or when somebody else said something: a person, or the host of a step. A completed step is news: the next
 *   one's text is.
 * - **Stuck**: the same calls with the same results some turns in a row, or two such states in turns (ping-pong).
 * - **No progress**: many turns in a row without news.
 * - **Stalled**: several requests in a row to which the model sent nothing (silence.ts).
 *
 * The first time there is a nudge, journaled; only when the same holds anew, counted from the nudge, is it an end. News make the
 * nudge forgotten. Results are compared without what differs from run to run of the same command: times, durations, shares of them,
 * temporary paths. Other numbers that change are news; what costs turns then is bounded by the budget.
 */
import type { AgentEndCode, AgentEvent } from "../record/index.ts";
import { sha256Hex } from "../shared/hash.ts";
import { canonicalJson, type JsonObject } from "../shared/json.ts";
import { toolCalls } from "./content.ts";

export interface ProgressLimits {
  /** Turns in a row with the same calls and results. */
  readonly sameTurns: number;
  /** Turns in a row that alternate between two states. */
  readonly pingPongTurns: number;
  /** Turns in a row without news. */
  readonly idleTurns: number;
  /** Requests in a row without an event. */
  readonly stalls: number;
}

/**
 * Three, as for malformed turns: twice happens to whoever looks again after an edit that failed. Six turns are three rounds of a
 * ping-pong. Twelve turns without news is more than the longest honest run seen of one text: a dozen files written whose tool
 * answers alike has new states of the files, and a search that finds nothing is given up sooner. Three stalls are nine minutes.
 */
export const PROGRESS_LIMITS: ProgressLimits = { sameTurns: 3, pingPongTurns: 6, idleTurns: 12, stalls: 3 };

export type Verdict =
  | { readonly kind: "fine" }
  /** Say this first. */
  | { readonly kind: "nudge"; readonly text: string }
  | { readonly kind: "end"; readonly code: Extract<AgentEndCode, "stuck" | "stalled" | "no_progress">; readonly message: string };

export interface ProgressWatch {
  /** Takes the session's agent events, in order. */
  fold(event: AgentEvent): void;
  /** The files are in this state now (a git tree). The log says it as well; a run at work hears it from its host. */
  files(tree: string): void;
  /** Of the turns so far, the last one with the results it has. */
  verdict(): Verdict;
}

interface SeenCall {
  /** Of name and arguments. */
  readonly sha256: string;
  /** That its arguments hold: "No match for x" says no more than "No match for y". */
  readonly words: readonly string[];
}

interface OpenTurn {
  readonly calls: ReadonlyMap<string, SeenCall>;
  readonly answered: string[];
  /** What it said, where it called nothing. */
  readonly said: string;
  news: boolean;
}

export function watchProgress(limits: ProgressLimits): ProgressWatch {
  const known = new Set<string>();
  const trees = new Set<string>();
  let tree = "";
  let open: OpenTurn | null = null;
  /** States of the turns since the last one with news, that one first. */
  let states: readonly string[] = [];
  /** How many of `states` there were at the nudge. */
  let nudgedAt: number | null = null;
  let stalls = 0;
  let stallNudged = false;

  const heard = (key: string, seen: Set<string>): void => {
    if (!seen.has(key) && open !== null) open.news = true;
    seen.add(key);
  };
  const files = (now: string): void => {
    tree = now;
    heard(tree, trees);
  };
  const withOpenTurn = (): { states: readonly string[]; nudgedAt: number | null } => {
    if (open === null) return { states, nudgedAt };
    const state = sha256Hex(canonicalJson([open.answered.toSorted(), open.said, tree]));
    return open.news ? { states: [state], nudgedAt: null } : { states: [...states, state], nudgedAt };
  };
  const steered = (source: Extract<AgentEvent, { kind: "steered" }>["data"]["source"]): void => {
    if (source === "reminder") return;
    if (source !== "nudge") {
      if (open !== null) open.news = true;
    } else if (stalls > 0) stallNudged = true;
    else nudgedAt = withOpenTurn().states.length;
  };
  const reset = (): void => {
    known.clear();
    open = null;
    states = [];
    nudgedAt = null;
  };

  return {
    fold(event) {
      switch (event.kind) {
        case "conversation_started":
          // Nothing that was read before is known in the new one.
          return reset();
        case "turn_completed":
          ({ states, nudgedAt } = withOpenTurn());
          stalls = 0;
          stallNudged = false;
          open = openTurn(event.data);
          return;
        case "tool_completed": {
          const { toolUseId, content, isError } = event.data;
          const call = open?.calls.get(toolUseId);
          const result = content.replaceAll(PASSING, "#");
          open?.answered.push(`${call?.sha256 ?? ""} ${isError} ${sha256Hex(result)}`);
          return heard(sha256Hex(call === undefined ? result : withoutWords(result, call.words)), known);
        }
        case "workspace_saved":
          return files(event.data.tree);
        case "steered":
          return steered(event.data.source);
        case "turn_failed":
          if (event.data.code === "stream_stalled") stalls += 1;
          return;
        case "agent_ended":
          stalls = 0;
          return;
        default:
          return;
      }
    },
    files,
    verdict: () => stallVerdict(limits, stalls, stallNudged) ?? turnsVerdict(limits, withOpenTurn()),
  };
}

function openTurn({ content, stopReason }: Extract<AgentEvent, { kind: "turn_completed" }>["data"]): OpenTurn {
  const calls = new Map(toolCalls(content, stopReason).map(({ id, name, input }) => [id, { sha256: sha256Hex(canonicalJson([name, input])), words: wordsOf(input) }]));
  return { calls, answered: [], said: calls.size === 0 ? sha256Hex(canonicalJson(content)) : "", news: false };
}

/**
 * Dates, times of day, durations with their unit, percentages, names below the directory of temporary files. Repeats are bounded, so that
 * no output makes it slow (attack 20).
 */
const PASSING =
  /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z?|\d\d:\d\d:\d\d(?:[.,]\d{1,9})?|\bduration_ms:? ?\d{1,12}(?:\.\d{1,9})?|\d{1,12}(?:\.\d{1,9})? ?(?:[mnuµ]?s|secs?|seconds?|mins?|minutes?|%)(?!\w)|\/tmp\/[\w./-]{1,200}/g;

const WORD = /[^\s"'`(),;:/]{2,}/g;
/** Longer arguments hold a text, not what is looked for. */
const MOST_CHARS = 1_000;

function wordsOf(input: JsonObject): readonly string[] {
  const text = canonicalJson(input);
  return text.length > MOST_CHARS ? [] : [...new Set(text.match(WORD))].toSorted((a, b) => b.length - a.length);
}

const withoutWords = (text: string, words: readonly string[]): string => words.reduce((rest, word) => rest.replaceAll(word, ""), text);

function stallVerdict(limits: ProgressLimits, stalls: number, nudged: boolean): Verdict | null {
  if (stalls >= limits.stalls) {
    return { kind: "end", code: "stalled", message: `The model fell silent in ${stalls} requests in a row.` };
  }
  if (stalls === 0 || nudged) return null;
  return { kind: "nudge", text: "Your last answer did not arrive: nothing came for too long, so it was cut off. Answer sooner, in smaller steps." };
}

function turnsVerdict(limits: ProgressLimits, { states, nudgedAt }: { readonly states: readonly string[]; readonly nudgedAt: number | null }): Verdict {
  const counted = nudgedAt === null ? states : states.slice(nudgedAt);
  const same = sameAtEnd(counted);
  const alternating = alternatingAtEnd(counted);
  // The first state is the turn that brought news.
  const idle = nudgedAt === null ? counted.length - 1 : counted.length;
  const pattern =
    same >= limits.sameTurns
      ? { code: "stuck" as const, what: `the same call with the same result ${same} times in a row` }
      : alternating >= limits.pingPongTurns
        ? { code: "stuck" as const, what: `a back and forth between the same two states for ${alternating} turns` }
        : idle >= limits.idleTurns
          ? { code: "no_progress" as const, what: `nothing new for ${idle} turns: no file changed, no tool said anything it had not said before` }
          : null;
  if (pattern === null) return { kind: "fine" };
  if (nudgedAt === null) {
    return { kind: "nudge", text: `This was ${pattern.what}. Doing it again changes nothing. Read what you have, take another way, or hand over what there is and say what stands in the way.` };
  }
  return { kind: "end", code: pattern.code, message: `There was ${pattern.what}, once more after the model was told.` };
}

function sameAtEnd(states: readonly string[]): number {
  const last = states.at(-1);
  return states.length - 1 - states.findLastIndex((state) => state !== last);
}

function alternatingAtEnd(states: readonly string[]): number {
  if (states.at(-1) === states.at(-2)) return 0;
  const broken = states.findLastIndex((state, index) => index < states.length - 2 && state !== states[index + 2]);
  return states.length - 1 - broken;
}
