import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { hasStatus } from "../request-error.ts";

const comparisonSchema = z.object({
  merge_base_commit: z.object({ sha: z.string() }),
  files: z.array(z.object({ filename: z.string(), patch: z.string().optional() })).default([]),
});

export interface Comparison {
  readonly mergeBase: string;
  /** What the merge base and the head differ in, at most 300 files (REST docs, "Compare two commits"); no patch of a binary or very large one. */
  readonly files: readonly { readonly path: string; readonly patch: string | null }[];
}

/** What the head has over the commit at which it left the base; null when one is gone or they have no history in common. */
export async function readComparison(github: GitHub, repository: Repository, { base, head }: { readonly base: string; readonly head: string }): Promise<Comparison | null> {
  const route = "GET /repos/{owner}/{repo}/compare/{basehead}";
  try {
    const { data } = await github.request(route, { ...repository, basehead: `${base}...${head}`, per_page: 1 });
    const { merge_base_commit: mergeBase, files } = parseAnswer(comparisonSchema, data, route);
    return { mergeBase: mergeBase.sha, files: files.map(({ filename: path, patch }) => ({ path, patch: patch ?? null })) };
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}
