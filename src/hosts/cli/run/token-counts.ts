/** How many tokens each part of a request has. */
import { countTokens, type AgentEndpoint } from "../../../agent/index.ts";
import type { FirstRequest, Rehearsed } from "./rehearsal.ts";

export interface TokenCounts {
  /** Of each layer, in order. */
  readonly layers: readonly number[];
  readonly tools: number;
  /** Of the whole request. */
  readonly total: number;
  /** By whom they were counted, or how they were estimated and why. */
  readonly how: string;
}

/** Claude's tokens of English and code have 3 to 4 characters; measured counts differ by a fifth either way. */
const CHARS_PER_TOKEN = 3.5;

const estimated = (text: string): number => Math.ceil(text.length / CHARS_PER_TOKEN);

/** Counts by the endpoint where there is a key for it; else, and where it does not count, by estimate. */
export async function countLayers(endpoint: AgentEndpoint, rehearsed: Pick<Rehearsed, "prompt" | "request">): Promise<TokenCounts> {
  const { prompt, request } = rehearsed;
  const texts = [...prompt.system, ...prompt.opening].map(({ text }) => text);
  const estimate = (why: string): TokenCounts => {
    const layers = texts.map(estimated);
    const tools = estimated(JSON.stringify(request.tools));
    return { layers, tools, total: layers.reduce((sum, count) => sum + count, tools), how: `estimated at ${CHARS_PER_TOKEN} characters a token, since ${why}` };
  };
  if (endpoint.apiKey === "" && endpoint.provider === undefined) return estimate("ANTHROPIC_API_KEY is not set");
  const total = await countTokens(endpoint, request);
  if (!total.ok) return estimate(`the API did not count them (${total.error})`);
  const counts = await Promise.all([...texts.map((text) => alone(endpoint, request, text)), alone(endpoint, request, ".")]);
  const [empty = 0] = counts.splice(-1);
  const layers = counts.map((count) => Math.max(0, count - empty));
  return { layers, tools: Math.max(0, total.value - layers.reduce((sum, count) => sum + count, empty)), total: total.value, how: "counted by the API (count_tokens); each layer as a message of its own, tools as what remains" };
}

/** Zero where the API does not say: the total does. */
async function alone(endpoint: AgentEndpoint, { model }: Pick<FirstRequest, "model">, text: string): Promise<number> {
  const counted = await countTokens(endpoint, { model, messages: [{ role: "user", content: [{ type: "text", text }] }] });
  return counted.ok ? counted.value : 0;
}
