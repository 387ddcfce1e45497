import { z } from "zod";
import type { Envelope, Head } from "./envelope.ts";
import { itemEventSchema, type ItemEvent } from "./item-events.ts";
import { sessionEventSchema, type SessionEvent } from "./session-events.ts";

export * from "./envelope.ts";
export * from "./item-events.ts";
export * from "./limits.ts";
export * from "./names.ts";
export * from "./session-events.ts";

/** Any event of any stream, without its envelope. */
export type RecordEvent = SessionEvent | ItemEvent;

/** An event as it stands in the log: its envelope's order and time, and the typed kind and data. */
export type Recorded<E extends RecordEvent = RecordEvent> = E & Pick<Envelope, "stream" | "seq" | "epoch" | "at">;

/** Parses kind and data of one envelope by the kind of its stream; zod's error says what does not fit. */
export function parseRecordEvent(envelope: Envelope): z.ZodSafeParseResult<RecordEvent> {
  const schema: z.ZodType<RecordEvent> = envelope.stream.startsWith("item/") ? itemEventSchema : sessionEventSchema;
  return schema.safeParse({ kind: envelope.kind, data: envelope.data });
}

export type { Head };
