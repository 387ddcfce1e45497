import type { EndingCode, Phase, Reason, SessionOutcome, SnapshotRef } from "../../record/index.ts";
import type { ItemEvent, Usage } from "../../record/index.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { unreachable } from "../../shared/unreachable.ts";

/** One session of the item: scheduled, and after it ended what it left. */
export interface ItemSession {
  readonly phase: Phase;
  readonly round: number;
  readonly sessionId: string;
  readonly workflowId: string;
  readonly goal: string;
  readonly context: JsonObject;
  readonly result: SessionResult | null;
}

export interface SessionResult {
  readonly outcome: SessionOutcome;
  readonly reason: { readonly code: string; readonly message: string } | null;
  readonly artifacts: readonly { readonly contractRef: string; readonly value: Json }[];
  readonly head: { readonly seq: number; readonly hash: string };
  readonly turns: number;
  readonly usage: Usage;
  readonly costMicroUsd: number;
  readonly unansweredMicroUsd?: number | undefined;
  readonly tokens?: number | undefined;
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly workedMs?: number | undefined;
  readonly toolMs?: number | undefined;
  readonly snapshot: SnapshotRef | null;
}

export interface ItemOpening {
  readonly itemId: string;
  readonly task: { readonly title: string; readonly body: string; readonly sha256: string };
  readonly base: { readonly ref: string; readonly sha: string };
  readonly maxReviewRounds: number;
  readonly workflowId?: string | undefined;
}

export interface ItemEndingState {
  readonly outcome: "deliver" | "stopped" | "parked";
  readonly ending: EndingCode;
  readonly reason: Reason | null;
  readonly snapshot: SnapshotRef | null;
}

/** State of a work item: the fold of its stream and nothing else (I3). */
export interface ItemState {
  readonly opening: ItemOpening | null;
  readonly sessions: readonly ItemSession[];
  /** The files as the last completed code or fix session left them: only completed sessions change what is delivered (I7). */
  readonly snapshot: SnapshotRef | null;
  readonly ended: ItemEndingState | null;
}

const initialItem: ItemState = { opening: null, sessions: [], snapshot: null, ended: null };

export const foldItem = (events: readonly ItemEvent[]): ItemState => events.reduce(evolveItem, initialItem);

/** Folds one event into the state; `foldItem([])` is where it begins. Events of the deliver job leave the pipeline's state as it is. */
export function evolveItem(state: ItemState, event: ItemEvent): ItemState {
  switch (event.kind) {
    case "item_opened":
      return state.opening === null ? { ...state, opening: event.data } : state;
    case "session_scheduled":
      return { ...state, sessions: [...state.sessions, { ...event.data, result: null }] };
    case "session_concluded":
      return concluded(state, event.data);
    case "item_ended":
      return { ...state, ended: event.data };
    case "run_opened":
    case "effect_confirmed":
    case "delivery_ended":
      return state;
    default:
      return unreachable(event);
  }
}

type Conclusion = Extract<ItemEvent, { kind: "session_concluded" }>["data"];

function concluded(state: ItemState, data: Conclusion): ItemState {
  const { phase, sessionId, outcome } = data;
  const sessions = state.sessions.map((session) => (session.sessionId === sessionId && session.result === null ? { ...session, result: data } : session));
  const changes = outcome === "completed" && (phase === "code" || phase === "fix");
  return { ...state, sessions, snapshot: changes && data.snapshot !== null ? data.snapshot : state.snapshot };
}
