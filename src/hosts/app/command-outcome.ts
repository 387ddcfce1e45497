import type { StartRole } from "../../github/trust/index.ts";
import type { CommentEvent } from "../../intake/index.ts";
import type { CommandAnswer } from "../../report/command-answer.ts";

/** A command by somebody who may give it. */
export interface Asked {
  readonly event: CommentEvent;
  readonly role: StartRole;
  /** Of our reaction on the comment; null when it could not be set. */
  readonly reactionId: string | null;
}

/** What carrying out a command came to. */
export interface Outcome {
  readonly kind: "done" | "refused" | "ignored";
  readonly answer: Pick<CommandAnswer, "refusal" | "said">;
  /** A run to follow. */
  readonly runId: number | null;
}

export const refused = (refusal: Omit<NonNullable<CommandAnswer["refusal"]>, "place">): Outcome => ({ kind: "refused", answer: { refusal: { ...refusal, place: null }, said: null }, runId: null });
