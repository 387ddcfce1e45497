/**
 * Which parts of a change were part of an earlier one already: by what each hunk does and where, so that neither a rebase nor a force-push
 * hides what is new.
 *
 * H1. The same is what changes the same lines of the base at the same place: code that was reviewed where it does no harm is read anew where
 *     it is moved to or repeated (attack 5).
 * H2. What was harmless beside something that is changed or gone by now is read anew: where one hunk of a file is not the same any more none
 *     of that file's is, and where a file shows nothing any more nothing is, since no hunk would tell of it (attack 5).
 * H3. Over a later base the place is carried along by what the base changed; where that is not plain, the hunk is read anew.
 */
import type { GitHub, Repository } from "../client.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { hunkId, hunksOf, type Hunk } from "../../shared/patch.ts";
import { MAX_COMPARED_FILES, readComparison, type Comparison } from "./comparison.ts";

/** Why a change is looked at whole; in a reader's words only where it is told, since a journal's words are the agent job's (I8). */
export type WhyWhole = "change-not-shown" | "commit-gone" | "other-base" | "taken-back" | "too-many-files" | "too-many-parts";

/** More the record does not take; a change of that size is looked at whole. */
const MOST_SEEN_HUNKS = 5_000;

/** Reads what was reviewed and compares it. @param now what the head changes; null where GitHub does not show it */
export async function readSeenHunks(github: GitHub, repository: Repository, { since, now }: { readonly since: { readonly headSha: string; readonly mergeBase: string }; readonly now: Comparison | null }): Promise<Result<readonly string[], WhyWhole>> {
  const earlier = await readComparison(github, repository, { base: since.mergeBase, head: since.headSha });
  const between = earlier === null || now === null || earlier.mergeBase === now.mergeBase ? null : await readComparison(github, repository, { base: earlier.mergeBase, head: now.mergeBase });
  return seenHunks({ earlier, now, between });
}

/**
 * Ids of the hunks that both changes have; why they cannot be told where one of them is not shown whole.
 * @param between what the base of `now` has over that of `earlier`; read only where they differ
 */
export function seenHunks({ earlier, now, between }: { readonly earlier: Comparison | null; readonly now: Comparison | null; readonly between: Comparison | null }): Result<readonly string[], WhyWhole> {
  if (now === null) return err("change-not-shown");
  if (earlier === null) return err("commit-gone");
  const isSameBase = earlier.mergeBase === now.mergeBase;
  if (!isSameBase && between?.mergeBase !== earlier.mergeBase) return err("other-base");
  const based = isSameBase ? [] : (between?.files ?? []);
  if ([earlier.files, now.files, based].some(({ length }) => length >= MAX_COMPARED_FILES)) return err("too-many-files");
  const shown = new Map(now.files.map((file) => [nameOf(file), idsOf(file, ({ oldStart }) => oldStart)]));
  const same = new Set<string | null>();
  for (const file of earlier.files) {
    const [before, after] = [idsOf(file, placesOver(file, based)), shown.get(nameOf(file))];
    if (after === undefined || (before.length > 0 && after.length === 0)) return err("taken-back");
    if (before.every((id) => id !== null && after.includes(id))) for (const id of before) same.add(id);
  }
  const seen = [...shown.values()].flatMap((ids) => ids.flatMap((id) => (id !== null && same.has(id) ? [id] : [])));
  return seen.length > MOST_SEEN_HUNKS ? err("too-many-parts") : ok(seen);
}

type File = Comparison["files"][number];
type Place = (hunk: Hunk) => number | null;

const nameOf = ({ path, from = path }: File): string => `${from}\0${path}`;

/** Null for a hunk that has no place. */
const idsOf = (file: File, place: Place): readonly (string | null)[] =>
  file.patch === null
    ? []
    : hunksOf(file.patch).map((hunk) => {
        const oldStart = place(hunk);
        return oldStart === null ? null : hunkId(file, { ...hunk, oldStart });
      });

/** Where a hunk on a file of the base begins in a later base; null where that base changed those lines, or what it did to the file is not shown. */
function placesOver({ path, from = path }: File, based: Comparison["files"]): Place {
  const touching = based.filter((file) => file.path === from || file.from === from);
  const [only] = touching;
  if (only === undefined) return ({ oldStart }) => oldStart;
  if (touching.length > 1 || only.patch === null || only.from !== undefined) return () => null;
  const moves = hunksOf(only.patch);
  return ({ oldStart, oldCount }) => {
    const isOver = oldCount === 0 || moves.some((move) => move.oldStart < oldStart + oldCount && oldStart < move.oldStart + move.oldCount);
    return isOver ? null : moves.filter((move) => move.oldStart < oldStart).reduce((at, move) => at + move.count - move.oldCount, oldStart);
  };
}
