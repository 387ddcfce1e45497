import { z } from "zod";
import type { Envelope, Head } from "./envelope.ts";
import { itemEventSchema, type ItemEvent } from "./item-events.ts";
import { sessionEventSchema, type SessionEvent } from "./session-events.ts";

export * from "./committed.ts";
export * from "./envelope.ts";
export * from "./finding-identity.ts";
export * from "./finding-mark.ts";
export * from "./item-events.ts";
export * from "./limits.ts";
export * from "./names.ts";
export * from "./proof.ts";
export * from "./session-events.ts";
export * from "./snapshot.ts";
export * from "./trailers.ts";
export { parseVerified, type VerifiedClaim } from "./verified.ts";

/** Any event of any stream, without its envelope. */
export type RecordEvent = SessionEvent | ItemEvent;

/** An event as it stands in the log: its envelope's order and time, and the typed kind and data. */
export type Recorded<E extends RecordEvent = RecordEvent> = E & Pick<Envelope, "stream" | "seq" | "epoch" | "at">;

type Option = z.ZodType<RecordEvent>;
type Options = ReadonlyMap<string, Option>;

const optionsOf = (schema: typeof sessionEventSchema | typeof itemEventSchema): Options => new Map(schema.options.map((option) => [option.shape.kind.value, option]));
const sessionOptions = optionsOf(sessionEventSchema);
const itemOptions = optionsOf(itemEventSchema);
const compiled = new Map<Option, Option>();

/** One kind's schema as generated code, made when the first event of the kind comes. It parses as the schema does, twenty times as fast. */
function compiledOption(option: Option): Option {
  const known = compiled.get(option);
  if (known !== undefined) return known;
  const made = z.compile(option);
  compiled.set(option, made);
  return made;
}

/** Parses kind and data of one envelope by the kind of its stream; zod's error says what does not fit. */
export function parseRecordEvent({ stream, kind, data }: Pick<Envelope, "stream" | "kind" | "data">): z.ZodSafeParseResult<RecordEvent> {
  const ofItem = stream.startsWith("item/");
  const option = (ofItem ? itemOptions : sessionOptions).get(kind);
  if (option !== undefined) return compiledOption(option).safeParse({ kind, data });
  const schema: z.ZodType<RecordEvent> = ofItem ? itemEventSchema : sessionEventSchema;
  return schema.safeParse({ kind, data });
}

export type { Head };
