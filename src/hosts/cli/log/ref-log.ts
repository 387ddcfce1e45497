/**
 * A log on a ref of a clone, `refs/worktrain-journal/<item>`: what carries a local item to another clone by `git push` and `git fetch`.
 *
 * G1. A put of a log is one segment with all of it; a run at work adds what it gained, linked to what is there (ref-saving.ts). The
 *     newest whole chain is all that is read.
 * G2. A log with a secret of this environment in it is not put: whoever can read the repository reads the ref.
 */
import { resolve } from "node:path";
import { assembleSegments, createGitRefSegmentStore, encodeSegment, journalRef, localGit, newestChain, wholeDirectory, type GitRefSegmentStore, type NamedPart, type SegmentPart, type SegmentRef, type WholeLog } from "../../../journal/index.ts";
import { formatSegmentName, parseItemId, type ItemName } from "../../../record/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import { createRedactor } from "../../../shared/redact.ts";
import { gitDirectoryOf } from "../../../workspace/index.ts";
import type { CliWorld } from "../command.ts";

export const REFS = "refs/worktrain-journal/";

type RefWorld = Pick<CliWorld, "fs" | "processes">;

export interface PutOnRef {
  readonly itemId: string;
  /** The item's journal directory. */
  readonly journal: string;
  readonly clone: string;
  /** Values that are secrets of this environment. */
  readonly secrets: readonly string[];
}

/** What is on a ref of an item's log. */
export interface RefChain {
  readonly ref: string;
  /** In the order they were appended, without newlines. */
  readonly lines: readonly string[];
  /** The segments that hold them, in chain order. */
  readonly refs: readonly SegmentRef[];
  /** Higher than that of any segment on the ref. */
  readonly nextIndex: number;
}

/** @returns what is on the ref then; a log without a line is not put. @throws TerminalError when the log is not whole, holds a secret, or git refuses; RetryableError when others are faster */
export async function putOnRef({ itemId, journal, clone, secrets }: PutOnRef, world: RefWorld): Promise<RefChain> {
  const { store, item } = await openRef(itemId, clone, world);
  const { lines, blobs, epoch } = await wholeDirectory({ directory: journal, fs: world.fs });
  const leak = holdsSecret(itemId, { lines, blobs }, secrets);
  if (leak !== null) throw leak;
  const stored = await store.stored();
  const ref = journalRef(item);
  const index = Math.max(0, ...stored.map(({ id }) => id)) + 1;
  const chain = newestChain(stored);
  if (holdsAll(chain, lines)) return { ref, lines, refs: stored.filter(({ digest }) => chain.some((part) => part.digest === digest)), nextIndex: index };
  if (lines.length === 0) return { ref, lines, refs: [], nextIndex: index };
  const bytes = encodeSegment({ item: itemId, runId: 0, runAttempt: 1, epoch, index, previous: null, lines, blobs });
  const put = await store.put(formatSegmentName({ item, runId: 0, runAttempt: 1, index, phase: "deliver", step: "whole", costMilliUsd: 0, ending: null }), bytes);
  return { ref, lines, refs: [put], nextIndex: index + 1 };
}

export async function openRef(itemId: string, clone: string, { processes }: Pick<RefWorld, "processes">): Promise<{ readonly store: GitRefSegmentStore; readonly item: ItemName }> {
  const item = itemOf(itemId, itemId);
  return { item, store: createGitRefSegmentStore({ git: localGit({ directory: await gitDirectoryOf(clone, processes), processes }), item, runId: 0 }) };
}

/** Why this part of a log must not be put on a ref (G2); null where nothing stands against it. */
export function holdsSecret(itemId: string, { lines, blobs }: Pick<WholeLog, "lines" | "blobs">, secrets: readonly string[]): TerminalError | null {
  const redact = createRedactor(secrets);
  const isSecret = (text: string): boolean => redact(text) !== text;
  if (!lines.some(isSecret) && !blobs.some(({ bytes }) => isSecret(Buffer.from(bytes).toString("utf8")))) return null;
  return new TerminalError(`The log of ${itemId} holds a secret of this environment, or what looks like one; it was not put on a ref.`, "What stands in a journal is a leak: change that secret. `worktrain export -o FILE` writes a copy without it.");
}

/** Nothing new is nothing to put. */
function holdsAll(chain: readonly SegmentPart[], lines: readonly string[]): boolean {
  const joined = assembleSegments(chain);
  return joined.ok && joined.value.lines.length === lines.length && joined.value.lines.every(({ text }, index) => text === lines[index]);
}

/** The newest log on the ref, as a file that was named (G1). @throws TerminalError when there is none */
export async function partsOfRef(ref: string, clone: string, { processes }: Pick<CliWorld, "processes">): Promise<readonly NamedPart[]> {
  const { store } = await openRef(ref.slice(REFS.length), clone, { processes });
  const stored = await store.stored();
  if (stored.length === 0) throw new TerminalError(`${resolve(clone)} has no ${ref}.`, `Fetch it first, e.g. git -C ${clone} fetch origin ${ref}:${ref}`);
  const chain = newestChain(stored);
  // Where no chain is whole, all of it is told, and refused with the reason.
  const parts = chain.length === 0 ? stored : stored.filter(({ digest }) => chain.some((part) => part.digest === digest));
  return parts.map(({ name, bytes, digest }) => ({ file: `${ref}:${name}`, bytes, digest }));
}

function itemOf(id: string, said: string): ItemName {
  const item = parseItemId(id);
  if (item === null) throw new TerminalError(`${said} names no work item.`, `A record's ref is ${REFS}0/local-NAME/1.`);
  return item;
}
