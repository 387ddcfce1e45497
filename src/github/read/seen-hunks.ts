/** Which parts of a change were part of an earlier one already: by what each hunk does, so that neither a rebase nor a force-push hides it. */
import { err, ok, type Result } from "../../shared/result.ts";
import { hunkId, hunksOf } from "../../shared/patch.ts";
import { MAX_COMPARED_FILES, type Comparison } from "./comparison.ts";

/** More the record does not take; a change of that size is looked at whole. */
const MOST_SEEN_HUNKS = 5_000;

/** Ids of the hunks that both changes have; why they cannot be told where one of them is not shown whole. */
export function seenHunks(earlier: Comparison | null, now: Comparison): Result<readonly string[], string> {
  if (earlier === null) return err("the commit that was reviewed before is not in the repository any more");
  if (earlier.files.length >= MAX_COMPARED_FILES || now.files.length >= MAX_COMPARED_FILES) return err(`GitHub does not show more than ${MAX_COMPARED_FILES} files of a comparison`);
  const before = new Set(earlier.files.flatMap(idsOf));
  const seen = [...new Set(now.files.flatMap(idsOf))].filter((id) => before.has(id));
  return seen.length > MOST_SEEN_HUNKS ? err(`more than ${MOST_SEEN_HUNKS} parts of it are the same`) : ok(seen);
}

const idsOf = ({ path, patch }: Comparison["files"][number]): readonly string[] => (patch === null ? [] : hunksOf(patch).map((hunk) => hunkId(path, hunk)));
