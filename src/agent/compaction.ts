/**
 * When a conversation is closed because the model's context fills, and how the next one opens.
 *
 * Before it is closed the model is told once, so that it can write down with its own tools what must not be lost: facts that it
 * remembers are typed, in the log, and shown to people. No summary is asked of it: prose that a later turn takes for truth is
 * checked by nobody (routing is code, the record is the truth), and it would be paid for once more with the whole prompt.
 */
import { steersOf, type Conversation } from "./conversation.ts";

/**
 * The share of the model's context at which a conversation is full: by what the last turn's usage proved. What is left, 200,000 of
 * 1,000,000 tokens, holds the answer to the notice (32,000 at most) and the results of its calls.
 */
const FULL_SHARE = 0.8;
/** So full that not even the notice is put in any more. */
const BRIM_SHARE = 0.95;
/** A conversation that is full after fewer turns than these would be full again as soon: nothing is gained by a new one. */
const MIN_TURNS = 2;

const NOTICE =
  "This conversation is nearly full and is closed after your next answer. You go on in a new one that holds your step, what was remembered and the files as they are, but nothing that was said or read here. Write down now, with the tools you have for it, the decisions, constraints and dead ends that must not be lost.";

const REOPENED = "The conversation before this one was full and is closed. The files are as it left them; look at them before you go on.";

export const reopeningMessage = (message: string): string => `${REOPENED}\n\n${message}`;

export type WindowState = { readonly kind: "room" | "close" } | { readonly kind: "notice"; readonly text: string };

/**
 * What the size of the conversation asks for before the next request.
 * @param sizeTokens what the last turn proved; null before the first
 */
export function windowState(conversation: Conversation, sizeTokens: number | null, contextTokens: number): WindowState {
  if (conversation.turns.at(-1)?.steers.includes(NOTICE)) return { kind: "room" };
  if (steersOf(conversation).includes(NOTICE)) return { kind: "close" };
  if (sizeTokens === null || sizeTokens < contextTokens * FULL_SHARE || !isWorthClosing(conversation)) return { kind: "room" };
  return sizeTokens >= contextTokens * BRIM_SHARE ? { kind: "close" } : { kind: "notice", text: NOTICE };
}

/** Whether a new conversation would have more room than this one. */
export const isWorthClosing = (conversation: Conversation): boolean => {
  const whole = conversation.turns.filter((turn) => turn.stopReason !== "model_context_window_exceeded");
  return whole.length >= MIN_TURNS;
};
