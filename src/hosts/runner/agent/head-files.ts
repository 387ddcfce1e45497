/**
 * The files of a pull request's head as a snapshot over its merge base, read through the API by their object names: data that is
 * never checked out by git, set up or run.
 */
import { z } from "zod";
import type { GitHub, Repository } from "../../../github/client.ts";
import { parseAnswer } from "../../../github/parse-answer.ts";
import { readTree, type TreeFacts } from "../../../github/read/index.ts";
import { hasStatus } from "../../../github/request-error.ts";
import { BLOB_LIMIT_BYTES, type SnapshotRef } from "../../../record/index.ts";
import { fileModeSchema, pathFault, type ManifestEntry } from "../../../record/manifest.ts";
import type { Refusal } from "../../../shared/errors.ts";
import { sha256Hex } from "../../../shared/hash.ts";
import { canonicalJson } from "../../../shared/json.ts";
import { err, ok, type Result } from "../../../shared/result.ts";

/** A comparison shows no more (REST docs, "Compare two commits"), and each is a request of a token that has 1,000 an hour. */
const MOST_FILES = 300;
/** All contents together. */
const MOST_BYTES = 32 * 1024 * 1024;

export interface Head {
  readonly mergeBase: string;
  readonly headSha: string;
}

/** Null where a commit is in no branch and no pull request any more: GitHub answers 404, or that it cannot make out the name. */
async function orGone<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (hasStatus(error, 404, 422)) return null;
    throw error;
  }
}

type Entry = TreeFacts["entries"][number];

/** @param putBlob into the journal: a later run of the item reviews the very same files */
export async function readHeadFiles(github: GitHub, repository: Repository, { mergeBase, headSha }: Head, putBlob: (bytes: Uint8Array) => Promise<string>): Promise<Result<SnapshotRef, Refusal<"head-not-readable">>> {
  const trees = await orGone(async () => [await readTree(github, repository, { sha: mergeBase, recursive: true }), await readTree(github, repository, { sha: headSha, recursive: true })] as const);
  if (trees === null) return refuse(`GitHub does not have the commit ${headSha} any more: somebody force-pushed over it.`, "There is nothing to do where it was pushed to a labelled pull request: its present head is reviewed next.");
  const [base, head] = trees;
  if (base.truncated || head.truncated) return refuse("GitHub does not list all files of the repository at once, so what changed cannot be told.");
  const changed = changedEntries(base.entries, head.entries);
  if (changed.length > MOST_FILES) return refuse(`It changes ${changed.length} files; at most ${MOST_FILES} are reviewed.`);
  const bytesInAll = changed.reduce((sum, { entry }) => sum + (entry?.size ?? 0), 0);
  if (bytesInAll > MOST_BYTES) return refuse(`The files it changes have ${bytesInAll} bytes; at most ${MOST_BYTES} are read.`);
  const entries: ManifestEntry[] = [];
  for (const { path, entry } of changed) {
    const taken = await take(github, repository, { path, entry, putBlob });
    if (!taken.ok) return taken;
    entries.push(taken.value);
  }
  const manifest = await putBlob(new TextEncoder().encode(canonicalJson({ v: 1, base: mergeBase, tree: head.sha, entries: entries.map((entry) => ({ ...entry })), unsupported: [] })));
  return ok({ base: mergeBase, tree: head.sha, manifest, changedFiles: entries.length });
}

/** In the manifest's order; `entry` is null where the head has none. */
function changedEntries(base: readonly Entry[], head: readonly Entry[]): readonly { readonly path: string; readonly entry: Entry | null }[] {
  const files = (entries: readonly Entry[]): ReadonlyMap<string, Entry> => new Map(entries.flatMap((entry) => (entry.type === "tree" ? [] : [[entry.path, entry] as const])));
  const [before, after] = [files(base), files(head)];
  const added = [...after].filter(([path, { sha, mode }]) => before.get(path)?.sha !== sha || before.get(path)?.mode !== mode).map(([path, entry]) => ({ path, entry }));
  const gone = [...before.keys()].filter((path) => !after.has(path)).map((path) => ({ path, entry: null }));
  return [...added, ...gone].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

const blobSchema = z.object({ content: z.string(), encoding: z.literal("base64") });

async function take(github: GitHub, repository: Repository, { path, entry, putBlob }: { readonly path: string; readonly entry: Entry | null; readonly putBlob: (bytes: Uint8Array) => Promise<string> }): Promise<Result<ManifestEntry, Refusal<"head-not-readable">>> {
  const fault = pathFault(path);
  if (fault !== null) return refuse(`One of its files cannot be held: ${fault}.`);
  if (entry === null) return ok({ path, deleted: true });
  const mode = fileModeSchema.safeParse(entry.mode).data;
  if (mode === undefined) return refuse(`${path} is a submodule or of a kind (mode ${entry.mode}) that is not read.`);
  if ((entry.size ?? 0) > BLOB_LIMIT_BYTES) return refuse(`${path} has ${entry.size} bytes; a file may have ${BLOB_LIMIT_BYTES}.`);
  const route = "GET /repos/{owner}/{repo}/git/blobs/{file_sha}";
  const { data } = await github.request(route, { ...repository, file_sha: entry.sha });
  const bytes = new Uint8Array(Buffer.from(parseAnswer(blobSchema, data, route).content, "base64"));
  const sha256 = await putBlob(bytes);
  return sha256 === sha256Hex(bytes) ? ok({ path, mode, oid: entry.sha, size: bytes.length, sha256 }) : refuse(`${path} holds a secret of this job, so it cannot be kept as it is.`);
}

const refuse = (message: string, fix = "Split it or leave that out, then remove the label and add it again."): Result<never, Refusal<"head-not-readable">> =>
  err({ kind: "head-not-readable", message: `The pull request is not reviewed. ${message}`, fix });
