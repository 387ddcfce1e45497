/** A model's API that sends whatever events a test says, right or wrong, over real HTTP. */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { afterEach } from "vitest";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

export interface RawModel {
  readonly url: string;
  /** Bodies of the requests so far. */
  readonly bodies: readonly string[];
}

export type RawEvent = Readonly<Record<string, unknown>> & { readonly type: string };

/** @param answer writes the n-th answer, from 0, and ends it or not */
export async function openRaw(answer: (send: (...events: readonly RawEvent[]) => Promise<void>, count: number, response: ServerResponse) => Promise<void> | void): Promise<RawModel> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const count = bodies.push(Buffer.concat(chunks).toString()) - 1;
      response.writeHead(200, { "content-type": "text/event-stream", "request-id": `req_${count}` });
      const send = async (...events: readonly RawEvent[]): Promise<void> => {
        const text = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
        await new Promise<void>((resolve) => response.write(text, () => resolve()));
      };
      void answer(send, count, response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  closers.push(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`, bodies };
}

export const START: RawEvent = { type: "message_start", message: { id: "msg_1", usage: { input_tokens: 100, output_tokens: 1 } } };
export const stop = (reason: string): readonly RawEvent[] => [{ type: "message_delta", delta: { stop_reason: reason }, usage: { output_tokens: 20 } }, { type: "message_stop" }];
export const block = (index: number, content: RawEvent, ...deltas: readonly RawEvent[]): readonly RawEvent[] => [
  { type: "content_block_start", index, content_block: content },
  ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
  { type: "content_block_stop", index },
];
/** A whole answer that calls a tool. */
export const calling = (name: string, id: string): readonly RawEvent[] => [START, ...block(0, { type: "tool_use", id, name, input: {} }), ...stop("tool_use")];
