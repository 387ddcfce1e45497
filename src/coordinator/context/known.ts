/** What is known of an item before a session of it begins. */
import type { ItemSession, ItemState } from "../../engine/pipeline/index.ts";

/** What an agent asked to be remembered. */
export interface RememberedFact {
  readonly kind: "decision" | "constraint" | "dead end";
  readonly text: string;
  readonly sessionId: string;
}

/** What a session's own log holds that its results do not. */
export interface SessionTrail {
  readonly sessionId: string;
  readonly gates: readonly { readonly question: string; readonly verdict: "approved" | "rejected"; readonly reason: string; readonly by: string }[];
  readonly gaps: readonly { readonly code: string; readonly message: string }[];
  /** Work that did not count, and why: attempts that were blocked, steps that were sent back. */
  readonly blocked: readonly { readonly stepId: string; readonly notes: string; readonly blockers: readonly string[] }[];
}

export interface PriorWork {
  readonly sessions: readonly ItemSession[];
  readonly facts: readonly RememberedFact[];
  readonly trails: readonly SessionTrail[];
  /** How the pipeline was chosen and what a person said to it. */
  readonly choice: Pick<ItemState, "mode" | "why" | "answer">;
}

export const NOTHING_BEFORE: PriorWork = { sessions: [], facts: [], trails: [], choice: { mode: null, why: [], answer: null } };
