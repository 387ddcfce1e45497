/**
 * Signs thinking blocks and checks them when they come back. A signature is bound to the model and to how the conversation began,
 * as the API's are: a block that was altered, or moved to another model or conversation, is refused.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { sha256Hex } from "../../../shared/hash.ts";
import { canonicalJson } from "../../../shared/json.ts";
import { blocksOf, systemText, type MessagesRequest } from "./request-schema.ts";

export interface Thinking {
  sign(thinking: string): string;
  verify(thinking: string, signature: string): boolean;
}

export function thinkingOf(key: string, request: MessagesRequest): Thinking {
  const first = request.messages[0];
  const opening = first === undefined ? [] : blocksOf(first).map((block) => (block.type === "text" ? block.text : ""));
  const bound = sha256Hex(canonicalJson([request.model, systemText(request), opening]));
  const mac = (thinking: string): Buffer => createHmac("sha256", key).update(canonicalJson([bound, thinking])).digest();
  return {
    sign: (thinking) => mac(thinking).toString("base64"),
    verify: (thinking, signature) => {
      const given = Buffer.from(signature, "base64");
      const right = mac(thinking);
      return given.length === right.length && timingSafeEqual(given, right);
    },
  };
}
