/**
 * The record ref of a work item: what of its streams was delivered, in order. It points to an empty commit whose parent is the
 * delivery before it and whose message this file reads and writes. The format is for ever.
 */
import { z } from "zod";
import { canonicalJson } from "../shared/json.ts";
import { sha256Schema, streamNameSchema, type Head } from "./envelope.ts";
import { itemIdSchema } from "./names.ts";

/** `refs/worktrain/100003/issue-12/1`. An item's id has only digits, letters, `-` and single slashes: git takes each as a ref's name. */
export function recordRefOf(itemId: string): string {
  if (!itemIdSchema.safeParse(itemId).success) throw new TypeError(`${itemId} is not a work item`);
  return `refs/worktrain/${itemId}`;
}

const committedSchema = z.object({
  v: z.literal(1),
  item: itemIdSchema,
  /** Dispatch key of the trigger that this delivery served. */
  key: z.string(),
  run: z.int().min(1),
  /** The last line of every stream that was delivered, by stream name. */
  heads: z.record(streamNameSchema, z.object({ seq: z.int().min(1), hash: sha256Schema })),
});
export type Committed = z.infer<typeof committedSchema>;

/** The message of the commit that a record ref points to. */
export const formatCommitted = (committed: Omit<Committed, "v">): string => `WorkTrain's record of ${committed.item}\n\n${canonicalJson({ v: 1, ...committed })}\n`;

/** Null for a commit that is no record: somebody else moved the ref. */
export function parseCommitted(message: string): Committed | null {
  const line = message.trimEnd().split("\n").at(-1) ?? "";
  return committedSchema.safeParse(parseJson(line)).data ?? null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export const sameHeads = (a: Readonly<Record<string, Head>>, b: Readonly<Record<string, Head>>): boolean => {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name]?.seq === b[name]?.seq && a[name]?.hash === b[name]?.hash);
};
