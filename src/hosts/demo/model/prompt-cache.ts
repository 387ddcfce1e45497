/**
 * Prompt caching by the documented rules (platform.claude.com, "Prompt caching"), so that usage figures are honest:
 * - the prompt is tools, then system, then messages; an entry is written at each breakpoint for the exact prefix up to it;
 * - a breakpoint reads the longest entry at it or up to 20 blocks before it; a read renews the entry for its time to live;
 * - 5 minutes to live, or 1 hour where the breakpoint says so; a prefix below the model's minimum is not cached, silently.
 * Tokens are estimated from bytes, 4 to a token: the real tokeniser is not public.
 */
import { sha256Hex } from "../../../shared/hash.ts";
import { canonicalJson } from "../../../shared/json.ts";
import { blocksOf, type MessagesRequest } from "./request-schema.ts";

const BYTES_PER_TOKEN = 4;
const LOOK_BACK_BLOCKS = 20;
const TTL_MS = { "5m": 5 * 60_000, "1h": 60 * 60_000 };
/** 512 for Opus 5 and Fable 5, 1,024 else among the 5.x; not published for the 5.5 models, taken to be the same. */
const minimumTokens = (model: string): number => (/^claude-(?:opus|fable)-5/.test(model) ? 512 : 1_024);

export const estimateTokens = (bytes: number): number => Math.ceil(bytes / BYTES_PER_TOKEN);

/** Input tokens of a request, split as the API reports them. */
export interface InputUsage {
  readonly input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_creation: { readonly ephemeral_5m_input_tokens: number; readonly ephemeral_1h_input_tokens: number };
}

type CacheControl = { readonly ttl?: "5m" | "1h" | undefined } | null | undefined;

interface PromptBlock {
  /** Of the whole prefix up to and including this block. */
  readonly hash: string;
  readonly tokens: number;
  readonly ttl: "5m" | "1h" | null;
}

export interface PromptCache {
  /** Looks the prompt up, writes its entries, and says what it read and wrote. */
  account(request: MessagesRequest, nowMs: number): InputUsage;
}

export function openPromptCache(): PromptCache {
  const entries = new Map<string, { expiresMs: number; ttlMs: number }>();

  const hit = (block: PromptBlock | undefined, nowMs: number): boolean => {
    const entry = block === undefined ? undefined : entries.get(block.hash);
    if (entry === undefined || entry.expiresMs <= nowMs) return false;
    entry.expiresMs = nowMs + entry.ttlMs;
    return true;
  };
  /** The number of blocks of the longest cached prefix that a breakpoint can see. */
  const longestHit = (blocks: readonly PromptBlock[], breakpoints: readonly number[], nowMs: number): number => {
    for (const breakpoint of breakpoints.toReversed()) {
      for (let at = breakpoint; at >= Math.max(0, breakpoint - LOOK_BACK_BLOCKS); at -= 1) if (hit(blocks[at], nowMs)) return at + 1;
    }
    return 0;
  };

  return {
    account(request, nowMs) {
      const blocks = promptBlocks(request);
      const minimum = minimumTokens(request.model);
      const breakpoints = blocks.flatMap((block, at) => (block.ttl !== null && block.tokens >= minimum ? [at] : []));
      const read = tokensAt(blocks, longestHit(blocks, breakpoints, nowMs) - 1);
      const wrote = { "5m": 0, "1h": 0 };
      let covered = read;
      for (const at of breakpoints) {
        const block = blocks[at];
        if (block === undefined || block.ttl === null) continue;
        const ttlMs = TTL_MS[block.ttl];
        entries.set(block.hash, { expiresMs: nowMs + ttlMs, ttlMs });
        wrote[block.ttl] += Math.max(0, block.tokens - covered);
        covered = Math.max(covered, block.tokens);
      }
      return {
        input_tokens: tokensAt(blocks, blocks.length - 1) - covered,
        cache_read_input_tokens: read,
        cache_creation_input_tokens: wrote["5m"] + wrote["1h"],
        cache_creation: { ephemeral_5m_input_tokens: wrote["5m"], ephemeral_1h_input_tokens: wrote["1h"] },
      };
    },
  };
}

const tokensAt = (blocks: readonly PromptBlock[], at: number): number => blocks[at]?.tokens ?? 0;

/** The prompt as blocks in cache order, each with the hash and size of the prefix that ends with it. */
function promptBlocks(request: MessagesRequest): readonly PromptBlock[] {
  const system = typeof request.system === "string" ? [{ type: "text", text: request.system }] : (request.system ?? []);
  const parts: readonly { readonly place: string; readonly value: object }[] = [
    ...(request.tools ?? []).map((value) => ({ place: "tools", value })),
    ...system.map((value) => ({ place: "system", value })),
    ...request.messages.flatMap((message, index) => blocksOf(message).map((value) => ({ place: `${message.role} ${index}`, value }))),
  ];
  let hash = sha256Hex(request.model);
  let bytes = 0;
  return parts.map(({ place, value }) => {
    const { cache_control: control, ...rest } = value as { cache_control?: CacheControl };
    const text = canonicalJson(rest);
    hash = sha256Hex(`${hash} ${place} ${text}`);
    bytes += Buffer.byteLength(text);
    return { hash, tokens: estimateTokens(bytes), ttl: control === null || control === undefined ? null : (control.ttl ?? "5m") };
  });
}
