/**
 * Whether a decision may still be delivered. Pure.
 *
 * I2. Deliveries of one item are totally ordered by its record ref: each goes on from the one before it. Whoever finds the ref
 *     moved on is fenced (faults 22 and 23) and changes nothing; who finds its own delivery there goes on with it.
 */
import { parseCommitted, sameHeads, type Head } from "../record/index.ts";
import type { Refusal } from "../shared/errors.ts";

/** What is to be delivered: by which run, from where, and how far the streams go. */
export interface Decision {
  readonly item: string;
  readonly key: string;
  readonly runId: number;
  /** Every stream of the journal as the agent job handed it over. */
  readonly heads: Readonly<Record<string, Head>>;
  /** The record commit the run began from, as its journal says; null: there was none; undefined: the journal does not say. */
  readonly startedFrom: string | null | undefined;
  /** Whether the journal has this line of this stream. */
  readonly holds: (stream: string, head: Head) => boolean;
}

export type Fence =
  /** Nobody was faster. `before` is what the ref must still be when it is moved. */
  | { readonly kind: "free"; readonly before: string | null }
  /** This very decision is committed already. */
  | { readonly kind: "committed" }
  | { readonly kind: "fenced"; readonly refusal: Refusal<"fenced"> };

export function fenceOf(decision: Decision, record: { readonly sha: string; readonly message: string } | null): Fence {
  const { startedFrom } = decision;
  const committed = record === null ? null : parseCommitted(record.message);
  if (committed !== null && committed.item === decision.item && committed.key === decision.key && sameHeads(committed.heads, decision.heads)) return { kind: "committed" };
  const now = record?.sha ?? null;
  if (startedFrom !== undefined && startedFrom !== now) return fenced(now === null ? "The record of what was delivered was removed while this run worked." : `${committed === null ? "Somebody" : `Run ${committed.run}`} delivered this item while this run worked (${now}).`);
  if (now === null) return { kind: "free", before: null };
  // The journal's word about where it began is the agent job's: what was delivered must be in it.
  const goesOn = committed !== null && committed.item === decision.item && Object.entries(committed.heads).every(([stream, head]) => decision.holds(stream, head));
  return goesOn ? { kind: "free", before: now } : fenced(`This run's journal does not go on from what was delivered last (${now}).`);
}

const fenced = (message: string): Fence => ({
  kind: "fenced",
  refusal: { kind: "fenced", message: `${message} This run publishes nothing.`, fix: "A later run goes on from the newest state. Remove the label and add it again, if the work is still wanted and none is going." },
});
