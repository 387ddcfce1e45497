/** What a session left of a conflict that it was to resolve: looked at by the host, on what the journal holds. */
import type { SliceConflict } from "../engine/pipeline/index.ts";
import { CHANGED_PATHS_LIMIT, type MergeConflict, type SnapshotRef } from "../record/index.ts";
import { readManifest, type ManifestEntry } from "../record/manifest.ts";
import { TerminalError } from "../shared/errors.ts";
import { leavesMarkers } from "../workspace/index.ts";
import type { CoordinatorDeps } from "./deps.ts";

type Files = Pick<CoordinatorDeps, "journal" | "workspace">;

/** Files that hold marks of a conflict which neither side had, wherever they stand now. */
export async function unresolvedFiles(files: Files, { ours, theirs }: Pick<SliceConflict, "ours" | "theirs">, left: SnapshotRef): Promise<MergeConflict[]> {
  const result = await entriesOf(files, left);
  const sides = await Promise.all([ours, theirs].map((each) => entriesOf(files, each)));
  const unresolved: MergeConflict[] = [];
  for (const entry of result.values()) {
    if ("deleted" in entry || entry.mode === "120000" || sides.some((side) => sameContent(side.get(entry.path), entry))) continue;
    const text = await textOf(files, entry.sha256);
    if (leavesMarkers(text, await Promise.all(sides.map((side) => sideText(files, side.get(entry.path), entry.path))))) unresolved.push({ path: entry.path, kind: "markers" });
  }
  return unresolved.slice(0, CHANGED_PATHS_LIMIT);
}

const sameContent = (a: ManifestEntry | undefined, b: ManifestEntry): boolean => a !== undefined && !("deleted" in a) && !("deleted" in b) && a.oid === b.oid;

/** By path; none for the base commit itself. */
async function entriesOf({ journal }: Files, snapshot: SnapshotRef | null): Promise<ReadonlyMap<string, ManifestEntry>> {
  if (snapshot === null) return new Map();
  const bytes = await journal.getBlob(snapshot.manifest);
  const manifest = bytes === null ? null : readManifest(bytes);
  if (manifest?.ok === true) return new Map(manifest.value.entries.map((entry) => [entry.path, entry]));
  throw new TerminalError(`The journal does not hold the saved files ${snapshot.tree} of a merge.`, "Start the work item again; they cannot be rebuilt.");
}

async function textOf({ journal }: Files, sha256: string): Promise<string> {
  const bytes = await journal.getBlob(sha256);
  if (bytes === null) throw new TerminalError(`The journal does not hold the content ${sha256} of a merged file.`, "Start the work item again; it cannot be rebuilt.");
  return new TextDecoder().decode(bytes);
}

/** A file of one side; one that the side did not change is as the base commit has it. */
async function sideText(files: Files, entry: ManifestEntry | undefined, path: string): Promise<string> {
  if (entry !== undefined) return "deleted" in entry ? "" : textOf(files, entry.sha256);
  const [base] = await files.workspace.baseFiles.find([path]);
  return base === undefined ? "" : ((await files.workspace.baseFiles.read(base)) ?? "");
}
