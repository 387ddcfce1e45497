/** What a session left of a conflict that it was to resolve: looked at by the host, on what the journal holds. */
import type { SliceConflict } from "../engine/pipeline/index.ts";
import { CHANGED_PATHS_LIMIT, type MergeConflict, type SnapshotRef } from "../record/index.ts";
import { readManifest, type Manifest } from "../record/manifest.ts";
import { TerminalError } from "../shared/errors.ts";
import { leavesMarkers } from "../workspace/index.ts";
import type { CoordinatorDeps } from "./deps.ts";

type Files = Pick<CoordinatorDeps, "journal" | "workspace">;

/** Files that hold marks of a conflict which neither side had, wherever they stand now. */
export async function unresolvedFiles(files: Files, { ours, theirs }: Pick<SliceConflict, "ours" | "theirs">, left: SnapshotRef): Promise<MergeConflict[]> {
  const [result, ...sides] = await Promise.all([left, ours, theirs].map((each) => manifestOf(files, each)));
  const unresolved: MergeConflict[] = [];
  for (const entry of result?.entries ?? []) {
    if ("deleted" in entry || entry.mode === "120000" || sides.some((side) => side?.entries.some((each) => each.path === entry.path && !("deleted" in each) && each.oid === entry.oid))) continue;
    const text = await textOf(files, entry.sha256);
    if (leavesMarkers(text, await Promise.all(sides.map((side) => sideText(files, side, entry.path))))) unresolved.push({ path: entry.path, kind: "markers" });
  }
  return unresolved.slice(0, CHANGED_PATHS_LIMIT);
}

async function manifestOf({ journal }: Files, snapshot: SnapshotRef | null): Promise<Manifest | null> {
  if (snapshot === null) return null;
  const bytes = await journal.getBlob(snapshot.manifest);
  const manifest = bytes === null ? null : readManifest(bytes);
  if (manifest?.ok === true) return manifest.value;
  throw new TerminalError(`The journal does not hold the saved files ${snapshot.tree} of a merge.`, "Start the work item again; they cannot be rebuilt.");
}

async function textOf({ journal }: Files, sha256: string): Promise<string> {
  const bytes = await journal.getBlob(sha256);
  if (bytes === null) throw new TerminalError(`The journal does not hold the content ${sha256} of a merged file.`, "Start the work item again; it cannot be rebuilt.");
  return new TextDecoder().decode(bytes);
}

/** A file of one side; one that the side did not change is as the base commit has it. */
async function sideText(files: Files, side: Manifest | null | undefined, path: string): Promise<string> {
  const entry = side?.entries.find((each) => each.path === path);
  if (entry !== undefined) return "deleted" in entry ? "" : textOf(files, entry.sha256);
  const [base] = await files.workspace.baseFiles.find([path]);
  return base === undefined ? "" : ((await files.workspace.baseFiles.read(base)) ?? "");
}
