import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { readCommit, readRefHead, readTexts } from "../read/index.ts";
import { hasStatus } from "../request-error.ts";
import type { Effect } from "./effect.ts";
import { createCommit } from "./refs.ts";
import { z } from "zod";

export interface AddedFiles {
  readonly branch: string;
  /** Where the branch begins when it is not there yet. */
  readonly from: string;
  /** Texts by path; a path that the branch has already keeps what it holds. */
  readonly files: ReadonlyMap<string, string>;
  readonly message: string;
}

const treeSchema = z.object({ sha: z.string() });

/**
 * Puts files on a branch, on top of what is there: the branch is made where it is missing, only ever goes forward, and no file is
 * overwritten.
 */
export function addedFilesEffect(github: GitHub, repository: Repository, { branch, from, files, message }: AddedFiles): Effect {
  const missingAt = async (commit: string): Promise<ReadonlyMap<string, string>> => {
    const present = await readTexts(github, repository, { commit, paths: [...files.keys()] });
    return new Map([...files].filter(([path]) => present.get(path) === null));
  };
  return {
    key: `files:${branch}:${[...files.keys()].join(",")}`,
    description: `branch ${branch} of ${repository.owner}/${repository.repo}`,
    async lookUp() {
      const head = await readRefHead(github, repository, `refs/heads/${branch}`);
      return head !== null && (await missingAt(head)).size === 0 ? { id: head, url: null } : null;
    },
    async write() {
      const head = await readRefHead(github, repository, `refs/heads/${branch}`);
      const missing = head === null ? files : await missingAt(head);
      const sha = await commitOn(github, repository, { parent: head ?? from, files: missing, message });
      if (head === null) await github.request("POST /repos/{owner}/{repo}/git/refs", { ...repository, ref: `refs/heads/${branch}`, sha });
      else await github.request("PATCH /repos/{owner}/{repo}/git/refs/{ref}", { ...repository, ref: `heads/${branch}`, sha, force: false });
      return { id: sha, url: null };
    },
    cures: { 403: "Give the App the permission `contents: write`, and for workflow files `workflows: write`; see whether a rule of the repository forbids the branch.", 422: "The branch was changed at the same time. Ask again." },
  };
}

async function commitOn(github: GitHub, repository: Repository, { parent, files, message }: { readonly parent: string; readonly files: ReadonlyMap<string, string>; readonly message: string }): Promise<string> {
  const base = await readCommit(github, repository, parent);
  const route = "POST /repos/{owner}/{repo}/git/trees";
  const tree = [...files].map(([path, content]) => ({ path, mode: "100644", type: "blob", content }));
  const { data } = await github.request(route, { ...repository, ...(base === null ? {} : { base_tree: base.tree }), tree });
  return (await createCommit(github, repository, { message, tree: parseAnswer(treeSchema, data, route).sha, parents: [parent] })).sha;
}

/** Where a branch stands; null when there is none, or the repository has no commit (GitHub answers 409 to that). */
export async function readBranchHead(github: GitHub, repository: Repository, branch: string): Promise<string | null> {
  try {
    return await readRefHead(github, repository, `refs/heads/${branch}`);
  } catch (error) {
    if (hasStatus(error, 409)) return null;
    throw error;
  }
}
