/**
 * The hash of a request as journaled, without going over the whole conversation again for each turn: what can no longer change has
 * been hashed once, and only the rest is added.
 */
import { createHash, type Hash } from "node:crypto";
import { canonicalJson } from "../shared/json.ts";
import type { Conversation } from "./conversation.ts";
import { settledMessages, type RequestBody } from "./request.ts";

export interface PromptHasher {
  /** Equals `promptSha256(body)`. @param body of this conversation as it stands */
  sha256(body: RequestBody, conversation: Conversation): string;
}

export function openPromptHasher(): PromptHasher {
  /** The canonical JSON up to and including so many messages, of one conversation with one `max_tokens`. */
  let begun: { readonly conversation: number; readonly maxTokens: number; readonly messages: number; readonly hash: Hash } | null = null;
  return {
    sha256(body, { number }) {
      const { messages, max_tokens: maxTokens, ...rest } = body;
      const settled = settledMessages(messages);
      if (begun === null || begun.conversation !== number || begun.maxTokens !== maxTokens || begun.messages > settled) {
        begun = { conversation: number, maxTokens, messages: 0, hash: createHash("sha256").update(`{"max_tokens":${maxTokens},"messages":[`) };
      }
      const { hash } = begun;
      const text = (from: number, to: number): string => messages.slice(from, to).map((message, index) => `${from + index === 0 ? "" : ","}${canonicalJson(message)}`).join("");
      hash.update(text(begun.messages, settled));
      begun = { ...begun, messages: settled };
      // The other keys come after "messages" in canonical order.
      const tail = `]${canonicalJson(rest).replace("{", ",")}`;
      return hash.copy().update(text(settled, messages.length)).update(tail).digest("hex");
    },
  };
}
