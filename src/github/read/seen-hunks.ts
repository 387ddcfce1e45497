/** Which parts of a change were part of an earlier one already: by what each hunk does, so that neither a rebase nor a force-push hides it. */
import { err, ok, type Result } from "../../shared/result.ts";
import { hunkId, hunksOf } from "../../shared/patch.ts";
import { MAX_COMPARED_FILES, type Comparison } from "./comparison.ts";

/** Why a change is looked at whole; in a reader's words only where it is told, since a journal's words are the agent job's (I8). */
export type WhyWhole = "change-not-shown" | "commit-gone" | "too-many-files" | "too-many-parts";

/** More the record does not take; a change of that size is looked at whole. */
const MOST_SEEN_HUNKS = 5_000;

/** Ids of the hunks that both changes have; why they cannot be told where one of them is not shown whole. @param now null where GitHub does not show it */
export function seenHunks(earlier: Comparison | null, now: Comparison | null): Result<readonly string[], WhyWhole> {
  if (now === null) return err("change-not-shown");
  if (earlier === null) return err("commit-gone");
  if (earlier.files.length >= MAX_COMPARED_FILES || now.files.length >= MAX_COMPARED_FILES) return err("too-many-files");
  const before = new Set(earlier.files.flatMap(idsOf));
  const seen = [...new Set(now.files.flatMap(idsOf))].filter((id) => before.has(id));
  return seen.length > MOST_SEEN_HUNKS ? err("too-many-parts") : ok(seen);
}

const idsOf = ({ path, patch }: Comparison["files"][number]): readonly string[] => (patch === null ? [] : hunksOf(patch).map((hunk) => hunkId(path, hunk)));
