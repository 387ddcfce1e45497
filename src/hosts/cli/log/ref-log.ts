/**
 * A log on a ref of a clone, `refs/worktrain-journal/<item>`: what carries a local item to another clone by `git push` and `git fetch`.
 *
 * G1. Each put is the whole log as one segment, beside those before it: the newest of them is all that is read.
 * G2. A log with a secret of this environment in it is not put: whoever can read the repository reads the ref.
 */
import { resolve } from "node:path";
import { createGitRefSegmentStore, decodeSegment, encodeSegment, journalRef, localGit, newestChain, wholeDirectory, type NamedPart } from "../../../journal/index.ts";
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

/** @returns the ref. @throws TerminalError when the log is not whole, holds a secret, or git refuses; RetryableError when others are faster */
export async function putOnRef({ itemId, journal, clone, secrets }: PutOnRef, world: RefWorld): Promise<string> {
  const item = itemOf(itemId, itemId);
  const { lines, blobs, epoch } = await wholeDirectory({ directory: journal, fs: world.fs });
  const redact = createRedactor(secrets);
  const isSecret = (text: string): boolean => redact(text) !== text;
  if (lines.some(isSecret) || blobs.some(({ bytes }) => isSecret(Buffer.from(bytes).toString("utf8")))) {
    throw new TerminalError(`The log of ${itemId} holds a secret of this environment, or what looks like one; it was not put on a ref.`, "What stands in a journal is a leak: change that secret. `worktrain export -o FILE` writes a copy without it.");
  }
  const store = createGitRefSegmentStore({ git: localGit({ directory: await gitDirectoryOf(clone, world.processes), processes: world.processes }), item, runId: 0 });
  const stored = await store.stored();
  const index = Math.max(0, ...stored.map(({ id }) => id)) + 1;
  const newest = newestChain(stored).at(-1);
  if (newest !== undefined && holdsAll(newest.bytes, lines)) return journalRef(item);
  const bytes = encodeSegment({ item: itemId, runId: 0, runAttempt: 1, epoch, index, previous: null, lines, blobs });
  await store.put(formatSegmentName({ item, runId: 0, runAttempt: 1, index, phase: "deliver", step: "whole", costMilliUsd: 0, ending: null }), bytes);
  return journalRef(item);
}

/** Nothing new is nothing to put. */
function holdsAll(bytes: Uint8Array, lines: readonly string[]): boolean {
  const segment = decodeSegment(bytes);
  return segment.ok && segment.value.lines.length === lines.length && segment.value.lines.every((line, index) => line === lines[index]);
}

/** The newest log on the ref, as a file that was named (G1). @throws TerminalError when there is none */
export async function partsOfRef(ref: string, clone: string, { processes }: Pick<CliWorld, "processes">): Promise<readonly NamedPart[]> {
  const item = itemOf(ref.slice(REFS.length), ref);
  const store = createGitRefSegmentStore({ git: localGit({ directory: await gitDirectoryOf(clone, processes), processes }), item, runId: 0 });
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
