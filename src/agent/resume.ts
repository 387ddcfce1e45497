/** Goes on with the session's last conversation, or starts a new one at a journaled boundary. */
import type { AgentEndCode, AgentEvent } from "../record/index.ts";
import { sha256Hex } from "../shared/hash.ts";
import { evolve, type Conversation } from "./conversation.ts";
import type { Ledger } from "./ledger.ts";
import type { OpeningMessage } from "./options.ts";
import { promptSha256, requestBody, toolListText, type Frame } from "./request.ts";

type Cause = Extract<AgentEvent, { kind: "conversation_started" }>["data"]["cause"];

/** Ends that going on would only repeat; the others (a limit, an outage, a cancel) leave the conversation open. */
const CLOSING: ReadonlySet<AgentEndCode> = new Set(["stopped_without_completing", "malformed_turns", "refused", "context_full", "stuck", "no_progress"]);

/**
 * Why the last conversation cannot go on; null if it can. It can when model, system prompt and tools are the recorded ones and the
 * log gives back the very bytes that were sent: thinking is bound to its model and conversation, and the API refuses altered blocks (P-model-thinking).
 */
export function boundaryCause(history: readonly AgentEvent[], conversation: Conversation | null, frame: Frame): Cause | null {
  if (conversation === null) return "start";
  if (conversation.redacted) return "redacted";
  if (conversation.ended === "context_full") return "compacted";
  if (conversation.ended !== null && CLOSING.has(conversation.ended)) return "changed";
  if (conversation.model !== frame.model || conversation.system !== sha256Hex(frame.system)) return "changed";
  if (conversation.tools !== sha256Hex(toolListText(frame.tools)) || !replaysExactly(history, frame)) return "changed";
  return null;
}

/** Builds the last request of the log anew and compares it with the hash of what was sent. */
function replaysExactly(history: readonly AgentEvent[], frame: Frame): boolean {
  const start = history.findLastIndex((event) => event.kind === "conversation_started");
  const asked = history.findLastIndex((event) => event.kind === "turn_requested");
  const request = history[asked];
  if (asked < start || request?.kind !== "turn_requested") return true;
  const conversation = history.slice(start, asked).reduce<Conversation | null>(evolve, null);
  return conversation !== null && promptSha256(requestBody(frame, conversation, request.data.maxTokens)) === request.data.promptSha256;
}

export interface Opening {
  readonly frame: Frame;
  readonly firstMessage: string | OpeningMessage;
  putBlob(bytes: Uint8Array): Promise<string>;
}

/** Makes the ledger's conversation one that can be asked: the recorded one, or a new one that opens with `firstMessage`. */
export async function resumeOrStart(ledger: Ledger, history: readonly AgentEvent[], opening: Opening): Promise<void> {
  const cause = boundaryCause(history, ledger.conversation(), opening.frame);
  if (cause !== null) await startConversation(ledger, opening, cause);
}

/** Closes what conversation there is at a journaled boundary and opens a new one. */
export async function startConversation(ledger: Ledger, { frame, firstMessage, putBlob }: Opening, cause: Cause): Promise<void> {
  const system = await putBlob(Buffer.from(frame.system));
  const tools = await putBlob(Buffer.from(toolListText(frame.tools)));
  const conversation = (ledger.conversation()?.number ?? 0) + 1;
  const { text, context } = messageOf(firstMessage);
  await ledger.record({ kind: "conversation_started", data: { conversation, model: frame.model, system, tools, firstMessage: text.toWellFormed(), cause, ...(context === undefined ? {} : { context }) } });
}

export const messageOf = (opening: string | OpeningMessage): OpeningMessage => (typeof opening === "string" ? { text: opening } : opening);
