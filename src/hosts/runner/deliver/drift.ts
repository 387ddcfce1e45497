/**
 * What the base branch changed since the work began, where the work changed the same files: told on the pull request before somebody finds out at
 * the merge. Texts are read and compared; nothing of the repository is run.
 */
import type { Change } from "../../../delivery/index.ts";
import { conflictingLine } from "../../../delivery/merge/three-way.ts";
import type { GitHub, Repository } from "../../../github/client.ts";
import { readTexts } from "../../../github/read/index.ts";
import { code } from "../../../report/index.ts";

export interface Moved {
  readonly ref: string;
  /** Where the branch is now. */
  readonly head: string;
  /** What it changed since; GitHub lists the first 300 (REST docs, "Compare two commits"). */
  readonly files: readonly { readonly path: string; readonly before: string | null }[];
}

const MOST_LISTED = 300;
/** Files compared line by line, at two requests for each fifty. */
const MOST_COMPARED = 100;
const MOST_NAMED = 30;

type Outcome = { readonly path: string; readonly conflict: string | null };

/** Lines of Markdown for who reads the pull request. */
export async function driftNotes(github: GitHub, repository: Repository, { change, moved }: { readonly change: Change; readonly moved: Moved }): Promise<readonly string[]> {
  const ref = code(moved.ref);
  const mine = new Map(change.files.map((file) => [file.path, file]));
  const both = moved.files.filter(({ path, before }) => mine.has(path) || (before !== null && mine.has(before)));
  const compared = both.slice(0, MOST_COMPARED);
  const paths = compared.map(({ path }) => path).filter((path) => mine.has(path));
  const [base, theirs] = [await readTexts(github, repository, { commit: change.base, paths }), await readTexts(github, repository, { commit: moved.head, paths })];
  const outcomes = compared.map((file): Outcome => {
    const { path, before } = file;
    const renamed = before !== null && mine.has(before) ? before : null;
    if (renamed !== null) return { path: renamed, conflict: `${ref} renamed it to ${code(path)}` };
    return { path, conflict: between({ mine: mine.get(path), base: base.get(path), theirs: theirs.get(path) }, ref) };
  });
  const [conflicts, merged] = [outcomes.filter(({ conflict }) => conflict !== null), outcomes.filter(({ conflict }) => conflict === null)];
  const unseen = moved.files.length >= MOST_LISTED || both.length > compared.length;
  return [
    `${ref} has moved on since the work began; the checks above are about the work's own base.`,
    ...(conflicts.length === 0 ? [] : [`**This conflicts with ${ref}** in ${named(conflicts)}. Merge ${ref} into this branch and solve it there; or close this pull request, remove the label from the issue and add it again: a new attempt starts from the present state.`]),
    ...(merged.length === 0 ? [] : [`${ref} changed ${named(merged)} as well, in other places: merged line by line the two do not conflict. Nothing has tested them together yet.`]),
    ...(unseen ? [`${ref} changed more files than were compared here.`] : []),
  ];
}

function named(outcomes: readonly Outcome[]): string {
  const shown = outcomes.slice(0, MOST_NAMED).map(({ path, conflict }) => `${code(path)}${conflict === null ? "" : ` (${conflict})`}`);
  return `${shown.join(", ")}${outcomes.length > shown.length ? ` and ${outcomes.length - shown.length} more` : ""}`;
}

type TextShown = string | null | { readonly unread: true } | undefined;

/** Why the two do not merge; null where they do. */
function between({ mine, base, theirs }: { readonly mine: Change["files"][number] | undefined; readonly base: TextShown; readonly theirs: TextShown }, ref: string): string | null {
  if (mine === undefined) return null;
  if (mine.kind === "deleted") return theirs === null ? null : `${ref} changed it, here it is deleted`;
  if (theirs === null) return `${ref} deleted it`;
  const ours = mine.bytes.includes(0) ? null : Buffer.from(mine.bytes).toString("utf8");
  if (ours === null || typeof theirs !== "string" || (typeof base === "object" && base !== null)) return "it is no text that could be compared";
  if (ours === theirs) return null;
  if (typeof base !== "string") return `${ref} added another one`;
  const line = conflictingLine({ base, ours, theirs });
  return line === null ? null : `both changed what was line ${line}`;
}
