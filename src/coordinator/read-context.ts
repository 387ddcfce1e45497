/** Sources of context-gather steps in a run: files of the session's snapshot or of the base commit, and the item's own task. */
import { posix } from "node:path";
import { parseItemId, type SnapshotRef } from "../record/index.ts";
import { readManifest } from "../record/manifest.ts";
import type { SessionDeps } from "../session/index.ts";
import type { CoordinatorDeps } from "./deps.ts";
import type { TreeRun } from "./tree.ts";

type ReadContext = NonNullable<SessionDeps["readContext"]>;
type ContextAnswer = Awaited<ReturnType<ReadContext>>;

/** Bytes of a file that become context: half of what a session's whole context may take. */
const SOURCE_LIMIT_BYTES = 128 * 1024;

const missed = (reason: string | null): ContextAnswer => ({ value: null, reason });

/** @param files the files as they are now; what is ignored by git is in no snapshot and is not found */
export const readContextOf =
  (deps: CoordinatorDeps, run: TreeRun, files: () => SnapshotRef | null): ReadContext =>
  async (source) =>
    source.kind === "local_path" ? readPath(deps, files(), source.path) : readTask(deps, run, source.url);

async function readPath(deps: CoordinatorDeps, snapshot: SnapshotRef | null, given: string): Promise<ContextAnswer> {
  const path = posix.normalize(given);
  if (posix.isAbsolute(path) || path === ".." || path.startsWith("../")) return missed("it lies outside the workspace");
  const changed = snapshot === null ? undefined : await changedFile(deps, snapshot, path);
  if (changed !== undefined) return changed;
  const [file] = (await deps.workspace.baseFiles.find([path])).filter((each) => each.path === path);
  if (file === undefined) return missed(null);
  if (file.kind === "link") return missed("it is a symbolic link");
  if (file.sizeBytes > SOURCE_LIMIT_BYTES) return tooLarge(file.sizeBytes);
  const text = await deps.workspace.baseFiles.read(file);
  return text === null ? missed("it is not UTF-8 text") : textAnswer(text);
}

/** The file as the snapshot has it; undefined when it is as in the base commit. */
async function changedFile({ journal }: CoordinatorDeps, snapshot: SnapshotRef, path: string): Promise<ContextAnswer | undefined> {
  const bytes = await journal.getBlob(snapshot.manifest);
  const manifest = bytes === null ? null : readManifest(bytes);
  if (manifest === null || !manifest.ok) return undefined;
  const entry = manifest.value.entries.find((each) => each.path === path);
  if (entry === undefined) return undefined;
  if ("deleted" in entry) return missed("it was deleted");
  if (entry.mode === "120000") return missed("it is a symbolic link");
  if (entry.size > SOURCE_LIMIT_BYTES) return tooLarge(entry.size);
  const content = await journal.getBlob(entry.sha256);
  if (content === null) return missed("the journal does not hold it");
  try {
    return textAnswer(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch (error) {
    if (error instanceof TypeError) return missed("it is not UTF-8 text");
    throw error;
  }
}

const textAnswer = (text: string): ContextAnswer => (text === "" ? missed("it is empty") : { value: text });
const tooLarge = (bytes: number): ContextAnswer => missed(`it has ${bytes} bytes; the limit is ${SOURCE_LIMIT_BYTES}`);

/** The item's own issue or pull request was read when it was labelled; a run reads no other address. */
function readTask({ repository }: CoordinatorDeps, { itemId, task }: TreeRun, url: string): ContextAnswer {
  const number = /^(?:issue|pr)-(\d+)$/.exec(parseItemId(itemId)?.subject ?? "")?.[1];
  const [, name, named] = /^https?:\/\/[^/]+\/([^/]+\/[^/]+)\/(?:issues|pull)\/(\d+)(?:[/?#]|$)/.exec(url) ?? [];
  const own = repository !== null && number !== undefined && named === number && name?.toLowerCase() === repository.toLowerCase();
  return own ? { value: task } : missed("a run reads the task of its own work item only");
}
