/** A session's turns with their tool calls and all else that happened, in the order of its log. */
import type { Recorded, SessionEvent } from "../record/index.ts";
import { canonicalJson, type JsonObject } from "../shared/json.ts";
import { totalTokens } from "./money.ts";
import { sessionTimeline } from "./session-timeline.ts";

export interface ToolCall {
  readonly name: string;
  /** What it was called for, in a line: the command, the path, the pattern; else its whole input. */
  readonly about: string;
  readonly input: JsonObject;
  /** Null when no result is in the log: its run was lost, or the session ended while it ran. */
  readonly result: { readonly isError: boolean; readonly content: string; readonly durationMs: number } | null;
}

export interface Turn {
  readonly kind: "turn";
  readonly seq: number;
  readonly at: string;
  readonly turn: number;
  /** The step that was out. */
  readonly stepId: string | null;
  readonly thinking: string;
  readonly says: string;
  readonly tokens: number;
  readonly costMicroUsd: number;
  readonly tools: readonly ToolCall[];
}

/** Anything else that is told of a session, as `session show` tells it; a request to the model that failed. */
export interface Happening {
  readonly kind: "happening";
  readonly seq: number;
  readonly at: string;
  readonly event: SessionEvent["kind"];
  readonly text: string;
}

export type Activity = Turn | Happening;

type ToolResult = NonNullable<ToolCall["result"]>;
type TurnEvent = Extract<Recorded<SessionEvent>, { kind: "turn_completed" }>;

export function sessionActivity(events: readonly Recorded<SessionEvent>[]): readonly Activity[] {
  const results = new Map<string, ToolResult>();
  for (const event of events) if (event.kind === "tool_completed") results.set(event.data.toolUseId, event.data);
  const told = new Map(sessionTimeline(events).map((entry) => [entry.seq, entry]));
  let stepId: string | null = null;
  return events.flatMap((event): readonly Activity[] => {
    const { seq, at } = event;
    if (event.kind === "step_offered") stepId = event.data.stepId;
    if (event.kind === "turn_completed") return [turnOf(event, stepId, results)];
    if (event.kind === "turn_failed") return [{ kind: "happening", seq, at, event: event.kind, text: `turn ${event.data.turn} failed (${event.data.code}): ${event.data.message}` }];
    const entry = told.get(seq);
    return entry === undefined ? [] : [{ kind: "happening", seq, at, event: entry.kind, text: entry.text }];
  });
}

function turnOf({ seq, at, data }: TurnEvent, stepId: string | null, results: ReadonlyMap<string, ToolResult>): Turn {
  const texts = (type: string, field: string): string => data.content.flatMap((block) => (block["type"] === type && typeof block[field] === "string" ? [block[field]] : [])).join("\n\n");
  const tools = data.content.flatMap((block): readonly ToolCall[] => {
    const { type, id, name, input } = block;
    if (type !== "tool_use" || typeof name !== "string" || typeof id !== "string") return [];
    const given = input !== null && typeof input === "object" && !Array.isArray(input) ? input : {};
    return [{ name, about: aboutOf(given), input: given, result: results.get(id) ?? null }];
  });
  return { kind: "turn", seq, at, turn: data.turn, stepId, thinking: texts("thinking", "thinking"), says: texts("text", "text"), tokens: totalTokens(data.usage), costMicroUsd: data.costMicroUsd, tools };
}

/** Fields that say in a line what a call is for, the most telling first. */
const TELLING = ["command", "path", "pattern", "goal", "summary", "text", "notes", "question"] as const;

function aboutOf(input: JsonObject): string {
  for (const field of TELLING) {
    const value = input[field];
    if (typeof value === "string" && value.trim() !== "") return value.trim();
  }
  return Object.keys(input).length === 0 ? "" : canonicalJson(input);
}
