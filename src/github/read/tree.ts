import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";

const treeSchema = z.object({
  sha: z.string(),
  truncated: z.boolean(),
  tree: z.array(z.object({ path: z.string(), mode: z.string(), type: z.string(), sha: z.string(), size: z.int().optional() })),
});

export interface TreeFacts {
  readonly sha: string;
  /** `blob`, `tree`, or `commit` for a submodule; paths from this tree on. */
  readonly entries: readonly { readonly path: string; readonly mode: string; readonly type: string; readonly sha: string; readonly size?: number | undefined }[];
  /** GitHub left entries out: a recursive list ends at 100,000 entries or 7 MB (REST docs, "Get a tree"). */
  readonly truncated: boolean;
}

/** What a tree, or a commit's tree, holds. @param recursive the trees in it as well */
export async function readTree(github: GitHub, repository: Repository, tree: { readonly sha: string; readonly recursive: boolean }): Promise<TreeFacts> {
  const route = "GET /repos/{owner}/{repo}/git/trees/{tree_sha}";
  const { data } = await github.request(route, { ...repository, tree_sha: tree.sha, ...(tree.recursive ? { recursive: "1" } : {}) });
  const { sha, truncated, tree: entries } = parseAnswer(treeSchema, data, route);
  return { sha, truncated, entries };
}
