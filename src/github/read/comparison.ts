import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { hasStatus } from "../request-error.ts";

const comparisonSchema = z.object({
  merge_base_commit: z.object({ sha: z.string() }),
  files: z.array(z.object({ filename: z.string(), status: z.string().optional(), previous_filename: z.string().optional(), patch: z.string().optional() })).default([]),
});

/** REST docs, "Compare two commits". */
export const MAX_COMPARED_FILES = 300;

export interface Comparison {
  readonly mergeBase: string;
  /** What the merge base and the head differ in, at most `MAX_COMPARED_FILES` files; no patch of a binary or very large one. */
  readonly files: readonly { readonly path: string; readonly patch: string | null; /** The head has it no more. */ readonly removed?: boolean; /** Where it stood before, if it was moved. */ readonly from?: string }[];
}

/** What the head has over the commit at which it left the base; null when one is gone or they have no history in common. */
export async function readComparison(github: GitHub, repository: Repository, { base, head }: { readonly base: string; readonly head: string }): Promise<Comparison | null> {
  const route = "GET /repos/{owner}/{repo}/compare/{basehead}";
  try {
    const { data } = await github.request(route, { ...repository, basehead: `${base}...${head}`, per_page: 1 });
    const { merge_base_commit: mergeBase, files } = parseAnswer(comparisonSchema, data, route);
    return { mergeBase: mergeBase.sha, files: files.map(({ filename: path, status, previous_filename: from, patch }) => ({ path, patch: patch ?? null, ...(status === "removed" ? { removed: true } : {}), ...(from === undefined ? {} : { from }) })) };
  } catch (error) {
    // A commit that is in no branch any more is not found; of some GitHub says that it cannot make out the name.
    if (hasStatus(error, 404, 422)) return null;
    throw error;
  }
}
