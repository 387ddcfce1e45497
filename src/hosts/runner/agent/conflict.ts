/**
 * What was delivered, merged with the base branch as it is by now: what git could not decide is what a session has to answer.
 *
 * I8. The names of files are the repository's; the words around them are ours.
 */
import { changedFiles, type CoordinatorDeps } from "../../../coordinator/index.ts";
import type { ItemState } from "../../../engine/pipeline/index.ts";
import type { Journal } from "../../../journal/index.ts";
import type { MergeConflict } from "../../../record/index.ts";
import { TerminalError, type Refusal } from "../../../shared/errors.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { Workspace } from "../../../workspace/index.ts";

type FollowedUp = NonNullable<CoordinatorDeps["followUp"]>;

/** A session is told no more files one by one. */
const MOST_FILES = 50;
/** In the markers. */
const NAMES = { ours: "delivered", theirs: "base" };

export interface Merging {
  readonly workspace: Workspace;
  readonly journal: Journal;
  readonly delivered: NonNullable<ItemState["delivered"]>["snapshot"];
  /** What the workspace is at. */
  readonly base: { readonly ref: string; readonly sha: string };
}

/** @returns what the item goes on with, and what is to be answered of it; refused where git itself finds nothing to decide */
export async function mergedWithBase({ workspace, journal, delivered, base }: Merging): Promise<Result<Pick<FollowedUp, "findings" | "onto">, Refusal>> {
  if (delivered === null || workspace.mergeOntoBase === undefined) throw new TerminalError("There is nothing to merge the moved base with.", "Please report this with the run's log.");
  const merged = await workspace.mergeOntoBase({ snapshot: delivered, names: NAMES }, { get: (sha256) => journal.getBlob(sha256), put: (bytes) => journal.putBlob(bytes) });
  if (!merged.ok) return merged;
  const { snapshot, conflicts } = merged.value;
  if (conflicts.length === 0) return err({ kind: "nothing-to-answer", message: `What was delivered merges with ${base.ref} at ${base.sha} without a conflict.`, fix: "There is nothing to do: GitHub merges it." });
  const changed = await changedFiles({ journal }, snapshot);
  return ok({ findings: findingsOf(conflicts, base.ref), onto: { base, snapshot, conflicts: [...conflicts], ...(changed === null ? {} : { changed }) } });
}

function findingsOf(conflicts: readonly MergeConflict[], ref: string): JsonObject[] {
  const told = conflicts.slice(0, MOST_FILES).map((conflict) => findingOf(conflict, ref));
  const more = conflicts.length - told.length;
  return more === 0 ? told : [...told, { severity: "major", findingCategory: "correctness", summary: `${more} more files conflict with ${ref}`, evidence: "They hold the same marks; search the whole tree for them.", remediation: REMEDY }];
}

const REMEDY = "Ask what each side was made for, and write the text that does both; where they cannot both hold, the task decides, and the handoff says what was lost. No line of the marks stays. What does not conflict stays as it is.";

const findingOf = ({ path, kind }: MergeConflict, ref: string): JsonObject => ({
  severity: "major",
  findingCategory: "correctness",
  summary: `${path}: the change conflicts with what ${ref} holds by now`,
  file: path,
  evidence: kind === "markers" ? `Both sides stand in the file between markers: \`${NAMES.ours}\` is this change, \`${NAMES.theirs}\` is what ${ref} holds by now.` : `Lines cannot be told apart: the file holds one side whole, or was kept though the other side deleted it. The base's own text is what \`git show HEAD:\` gives.`,
  remediation: REMEDY,
});
