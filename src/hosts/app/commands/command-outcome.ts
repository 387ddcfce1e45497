import type { CommandRole } from "../../../config/index.ts";
import type { StartRole } from "../../../github/trust/index.ts";
import type { CommentEvent } from "../../../intake/index.ts";
import type { CommandAnswer } from "../../../report/command-answer.ts";
import type { Stage } from "../starting/stage.ts";

/** A command by somebody who may give it. */
export interface Asked {
  readonly event: CommentEvent;
  readonly role: CommandRole;
  readonly stage: Stage;
  /** Of our reaction on the comment; null when it could not be set. */
  readonly reactionId: string | null;
}

/** The same by somebody who may make WorkTrain spend and publish. */
export interface StarterAsked extends Asked {
  readonly role: StartRole;
}

/** What carrying out a command came to. */
export interface Outcome {
  /** `passed-on`: a run answers, and reacts as well. */
  readonly kind: "done" | "refused" | "ignored" | "passed-on";
  readonly answer: Pick<CommandAnswer, "refusal" | "said">;
  /** A run to follow. */
  readonly runId: number | null;
}

export const refused = (refusal: Omit<NonNullable<CommandAnswer["refusal"]>, "place">): Outcome => ({ kind: "refused", answer: { refusal: { ...refusal, place: null }, said: null }, runId: null });
export const done = (said: string | null = null): Outcome => ({ kind: "done", answer: { refusal: null, said }, runId: null });
export const IGNORED: Outcome = { kind: "ignored", answer: { refusal: null, said: null }, runId: null };
