import { z } from "zod";

/** The version of the record this code writes. A reader refuses a newer one and never acts on it. */
export const RECORD_VERSION = 1;

/** `prev` of the first line of a stream. */
export const GENESIS_HASH = "0".repeat(64);

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);
/** A git object name: SHA-1 today, SHA-256 in repositories made with it. */
export const gitOidSchema = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/);

/** `item/<repository id>/<subject>/<attempt>` or `session/<id>`. */
export const streamNameSchema = z.string().max(200).regex(/^(?:item\/(?:\d+\/(?:issue|pr)-\d+\/\d+|0\/local-[a-z0-9]{1,40}\/\d+)|session\/[a-z0-9-]{1,64})$/);

/**
 * One line of the log. `prev` is the SHA-256 of the previous line of the same stream, newline included; order is `seq`;
 * `at` is for people only. `epoch` is one higher than any its writer had seen when it opened the log.
 */
export const envelopeSchema = z.strictObject({
  v: z.literal(RECORD_VERSION),
  stream: streamNameSchema,
  seq: z.int().min(1),
  epoch: z.int().min(1),
  prev: sha256Schema,
  at: z.iso.datetime(),
  kind: z.string().min(1).max(64),
  data: z.record(z.string(), z.unknown()),
});
export type Envelope = z.infer<typeof envelopeSchema>;

/** The last line of a stream: what a writer must name to append after it. */
export interface Head {
  readonly seq: number;
  /** SHA-256 of that line's bytes, newline included. */
  readonly hash: string;
}

/** One kind of event, as the unions of the streams list them. */
export const eventSchema = <Kind extends string, Shape extends z.ZodRawShape>(kind: Kind, shape: Shape) =>
  z.object({ kind: z.literal(kind), data: z.object(shape) });
