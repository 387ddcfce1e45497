/** The API's own count of a request's input tokens: free, and no model runs (`POST /v1/messages/count_tokens`). */
import { AnthropicError } from "@anthropic-ai/sdk/error";
import type { MessageCountTokensParams } from "@anthropic-ai/sdk/resources/messages/messages";
import type { RequestBody } from "./request.ts";
import { openClient, type AgentEndpoint } from "./provider.ts";
import { err, ok, type Result } from "../shared/result.ts";

const TIMEOUT_MS = 15_000;

/** Input tokens of a request, or why the endpoint does not say. */
export async function countTokens(endpoint: AgentEndpoint, { model, system, tools, messages }: Pick<RequestBody, "model" | "messages"> & Partial<RequestBody>): Promise<Result<number, string>> {
  const client = await openClient(endpoint);
  const params = { model: client.nameOf(model), messages, ...(system === undefined ? {} : { system }), ...(tools === undefined ? {} : { tools }) };
  if (!client.counts) return err("the provider counts none");
  try {
    // Our content is typed as the JSON that is sent, which is wider than the SDK's closed unions (see request.ts).
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const counted = await client.messages.countTokens(params as unknown as MessageCountTokensParams, { timeout: TIMEOUT_MS });
    return ok(counted.input_tokens);
  } catch (error) {
    if (error instanceof AnthropicError) return err(error.message);
    throw error;
  }
}
