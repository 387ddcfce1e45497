/**
 * One request to the model: sent, streamed, and told apart by what came of it.
 *
 * A turn happened only when `message_stop` came (P-model-stream). The stream is read raw, not through the SDK's message helper: that one completes
 * cut-off arguments silently and reports undecodable ones as a broken stream.
 */
import { classifyFailure, type TurnFailure } from "./failure.ts";
import { credentialProblem, type ModelClient } from "./provider.ts";
import { asSdkParams, type RequestBody } from "./request.ts";
import type { Silence } from "./silence.ts";
import { assembleMessage, type ReceivedMessage } from "./stream.ts";

export type TurnOutcome =
  | { readonly kind: "completed"; readonly message: ReceivedMessage; readonly requestId: string | null }
  | TurnFailure;

/**
 * Sends one request. Never throws on what the model, the network or the signal does: that is the outcome.
 * @param silence heard by the client's fetch as well
 */
export async function askModel(client: ModelClient, body: RequestBody, { signal: outer, silence }: { readonly signal: AbortSignal; readonly silence: Silence }): Promise<TurnOutcome> {
  return silence.during(outer, async ({ signal, onEvent, stalled }) => {
    let connected = false;
    const cancelled = { kind: "cancelled", code: "cancelled", message: "The request was cancelled." } as const;
    const aborted = (): TurnFailure | null => {
      const words = stalled();
      if (outer.aborted) return cancelled;
      return words === null ? null : { kind: "retry", code: "stream_stalled", message: words, retryAfterMs: null };
    };
    try {
      const { data, request_id: requestId } = await client.messages.create(asSdkParams({ ...body, model: client.nameOf(body.model) }), { signal }).withResponse();
      connected = true;
      const assembler = assembleMessage();
      for await (const event of data) {
        onEvent();
        assembler.add(event);
      }
      const message = assembler.message();
      if (message !== null) return { kind: "completed", message, requestId: requestId ?? null };
      // The SDK ends an aborted stream like one that is over.
      return aborted() ?? { kind: "retry", code: "stream_cut", message: "The model's stream ended before the message did.", retryAfterMs: null };
    } catch (error) {
      const credentials = connected ? null : credentialProblem(error);
      if (credentials !== null) return aborted() ?? { kind: "end", code: "model_rejected", message: credentials };
      return aborted() ?? classifyFailure(error, { connected, model: body.model });
    }
  });
}
