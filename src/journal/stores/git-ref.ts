/**
 * Segments on a git ref, for writers that have no artifacts: the App's side, local runs, GitHub Enterprise Server.
 *
 * `refs/worktrain-journal/<item>` points to the newest commit; its tree holds every segment of the item's runs as a file named
 * after it, and each put is one commit more. Clones do not fetch such a ref.
 *
 * R1. A ref only moves from a commit to its child, by compare-and-swap: two writers never lose one another's segments.
 * R2. A name is used once for ever: it is looked for in the very tree that the new commit builds on.
 * R3. Bytes read back have the object id that the tree names, or are refused.
 */
import { hash } from "node:crypto";
import { formatItemId, itemIdSchema, parseSegmentName, type ItemName, type SegmentName } from "../../record/index.ts";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import { sha256Hex } from "../../shared/hash.ts";
import type { GitData, GitFile, GitHead } from "../../shared/ports.ts";
import { NameTakenError, type SegmentRef, type SegmentStore } from "../segment-store.ts";

export interface GitRefSegmentStoreOptions {
  readonly git: GitData;
  readonly item: ItemName;
  /** The run whose segments are put and found. */
  readonly runId: number;
}

export interface GitRefSegmentStore extends SegmentStore {
  find(name: string): Promise<SegmentRef | null>;
  /** Every segment of the item from any run, by run, attempt and index, with its bytes: what `assembleSegments` takes. */
  stored(): Promise<readonly (SegmentRef & { readonly bytes: Uint8Array })[]>;
}

/** How often other writers may be faster in one put; the saver waits before it tries again. */
const ATTEMPTS = 8;

/** The ref of an item's record. An item's id has letters, digits, `-` and two slashes only, which git takes. */
export function journalRef(item: ItemName): string {
  const id = formatItemId(item);
  if (!itemIdSchema.safeParse(id).success) throw new TerminalError(`"${id}" is no id of a work item.`, "This is a bug in WorkTrain; please report it.");
  return `refs/worktrain-journal/${id}`;
}

/** Its guarantee: what the repository's host promises for a ref; in a local one, commit and ref were synced before `put` resolved. */
export function createGitRefSegmentStore({ git, item, runId }: GitRefSegmentStoreOptions): GitRefSegmentStore {
  const ref = journalRef(item);
  const itemId = formatItemId(item);
  /** Where this store's own last put left the ref: good enough to build on, since the swap tells when it is not. */
  let known: GitHead | null = null;

  const ownName = (name: string): SegmentName => {
    const parsed = parseSegmentName(name);
    if (parsed !== null && formatItemId(parsed.item) === itemId && parsed.runId === runId) return parsed;
    throw new TerminalError(`"${name}" is no name of a segment of run ${runId} of ${itemId}.`, "This is a bug in WorkTrain; please report it.");
  };

  const read = async (file: GitFile): Promise<SegmentRef & { readonly bytes: Uint8Array }> => {
    const bytes = await git.readBlob(file.blob);
    if (blobId(bytes, file.blob) !== file.blob) throw changed(ref, file);
    const { runId: ofRun, index } = parseSegmentName(file.name) ?? { runId, index: 0 };
    return { id: index, runId: ofRun, name: file.name, digest: sha256Hex(bytes), bytes };
  };

  return {
    async put(name, bytes) {
      const { index } = ownName(name);
      const blob = await git.writeBlob(bytes);
      for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
        const head = known ?? (await git.readHead(ref));
        known = null;
        if (head?.files.some((file) => file.name === name) === true) throw new NameTakenError(`${ref} holds a segment named ${name} already.`); // R2
        const file = { name, blob };
        const tree = await git.writeTree(head?.tree ?? null, file);
        const commit = await git.writeCommit({ tree, parent: head?.commit ?? null, message: `${name}\n` });
        if (!(await git.moveRef(ref, head?.commit ?? null, commit))) continue; // R1
        known = { commit, tree, files: [...(head?.files ?? []), file] };
        return { id: index, runId, name, digest: sha256Hex(bytes) };
      }
      throw new RetryableError(`${ref} was not where it had just been read, ${ATTEMPTS} times in a row: other writers are faster, or a rule of the repository does not let it be moved.`);
    },
    async find(name) {
      ownName(name);
      known = await git.readHead(ref);
      const file = known?.files.find((each) => each.name === name);
      if (file === undefined) return null;
      const { id, digest } = await read(file);
      return { id, runId, name, digest };
    },
    async stored() {
      const head = await git.readHead(ref);
      const segments = [];
      for (const file of (head?.files ?? []).filter(({ name }) => isOfItem(name, itemId)).toSorted(bySaving)) segments.push(await read(file));
      return segments;
    },
  };
}

function isOfItem(name: string, itemId: string): boolean {
  const parsed = parseSegmentName(name);
  return parsed !== null && formatItemId(parsed.item) === itemId;
}

function bySaving(a: GitFile, b: GitFile): number {
  const [one, two] = [parseSegmentName(a.name), parseSegmentName(b.name)];
  if (one === null || two === null) return 0;
  return one.runId - two.runId || one.runAttempt - two.runAttempt || one.index - two.index;
}

/** The object id of a blob, by the hash its repository uses: SHA-1 has 40 hex digits (gitformat-pack(5), "Object name"). */
function blobId(bytes: Uint8Array, like: string): string {
  return hash(like.length === 40 ? "sha1" : "sha256", Buffer.concat([Buffer.from(`blob ${bytes.byteLength}\0`), bytes]), "hex");
}

const changed = (ref: string, { name, blob }: GitFile): TerminalError =>
  new TerminalError(`${name} on ${ref} does not have the object id ${blob} that its tree names: it was damaged or cut.`, "Read it again. If it stays so, restore the repository from a copy; nothing of the segment is used.");
