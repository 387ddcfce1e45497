/**
 * The reviewed tree as one commit on a branch of its own.
 *
 * I2. The branch is created, never moved: whoever is there first stays. Ours is adopted, anything else refused (fault 50).
 * I7. Nothing points to a tree that is not the journal's: GitHub names the tree it built, and the names are compared.
 */
import { z } from "zod";
import type { GitHub, Repository } from "../../github/client.ts";
import { parseAnswer } from "../../github/parse-answer.ts";
import { readBranchHead } from "../../github/read/index.ts";
import { hasStatus } from "../../github/request-error.ts";
import type { Confirmed } from "../../github/write/index.ts";
import type { Ticket } from "../../github/trust/index.ts";
import type { ChangedFile } from "../change.ts";
import { effectKey, type BranchIntent } from "../intents.ts";
import { readTrailers } from "../names.ts";
import { applyEffect, stopEffect, type Outlet, type OutletContext } from "./outlet.ts";

/** Text goes inside the tree request up to this size a file and in all; the rest as blobs of its own. */
const INLINE_FILE_BYTES = 256 * 1024;
const INLINE_ALL_BYTES = 4 * 1024 * 1024;

const objectSchema = z.object({ sha: z.string() });
const commitSchema = z.object({ sha: z.string(), html_url: z.string(), message: z.string(), tree: objectSchema, parents: z.array(objectSchema) });
type Commit = z.infer<typeof commitSchema>;

export const branchOutlet: Outlet<"branch"> = {
  async apply(intent, context) {
    // Another deliver job may create the branch between our look and our write: then its commit counts as found.
    let foundLate = false;
    const applied = await applyEffect(context.runner, {
      key: effectKey("branch", context.ticket.key),
      description: `branch ${intent.branch}`,
      lookUp: () => findOurs(intent, context),
      async write() {
        const commit = await createCommit(intent, context);
        const created = await createBranch(context, intent.branch, commit.sha);
        if (created) return confirmed(commit);
        foundLate = true;
        return (await findOurs(intent, context)) ?? stopEffect(refusedName(intent));
      },
    });
    return applied.ok && foundLate ? { ok: true, value: { ...applied.value, adopted: true } } : applied;
  },
};

const confirmed = (commit: Commit): Confirmed => ({ id: commit.sha, url: commit.html_url });

/** The branch's commit if it is this delivery's; null if there is no such branch. Stops at a branch of somebody else. */
async function findOurs(intent: BranchIntent, context: OutletContext): Promise<Confirmed | null> {
  const head = await readBranchHead(context.github, context.repository, intent.branch);
  if (head === null) return null;
  const commit = await readCommit(context.github, context.repository, head);
  return isOurs(commit, intent, context.ticket) ? confirmed(commit) : stopEffect(taken(intent, commit, context.ticket));
}

/** This item's very files on their base. The key may be an earlier run's, which made the branch and broke off before the rest (fault 56). */
function isOurs(commit: Commit, { change }: BranchIntent, ticket: Ticket): boolean {
  const parents = commit.parents.map((parent) => parent.sha);
  return readTrailers(commit.message)?.item === ticket.item && commit.tree.sha === change.tree && parents.length === 1 && parents[0] === change.base;
}

function taken({ branch }: BranchIntent, commit: Commit, ticket: Ticket) {
  const trailers = readTrailers(commit.message);
  const whose = trailers === null ? "a commit that is not WorkTrain's" : trailers.key === ticket.key ? "other files than this run's" : "the result of another run of this item";
  return {
    kind: "branch-taken" as const,
    message: `Branch ${branch} is there already and holds ${whose} (${commit.sha}). It is left as it is.`,
    fix: "Keep it and close the issue, or delete the branch and label the issue again.",
  };
}

const refusedName = ({ branch }: BranchIntent) => ({
  kind: "branch-taken" as const,
  message: `GitHub does not let branch ${branch} be created and does not show one: a rule or a branch called worktrain stands against it.`,
  fix: "Rename a branch called `worktrain`, or let the rules of the repository allow `worktrain/**`, then label the issue again.",
});

async function readCommit(github: GitHub, repository: Repository, sha: string): Promise<Commit> {
  const route = "GET /repos/{owner}/{repo}/git/commits/{commit_sha}";
  return parseAnswer(commitSchema, (await github.request(route, { ...repository, commit_sha: sha })).data, route);
}

/** A commit without author, committer and signature: GitHub fills them in and signs it (P-git-data). */
async function createCommit(intent: BranchIntent, context: OutletContext): Promise<Commit> {
  const { github, repository } = context;
  const tree = await createTree(intent, context);
  if (tree !== intent.change.tree) {
    stopEffect({
      kind: "tree-mismatch",
      message: `GitHub built tree ${tree} from the delivered files; the reviewed tree is ${intent.change.tree}.`,
      fix: "Nothing is published. Label the issue again; if it happens again, please report it.",
    });
  }
  const route = "POST /repos/{owner}/{repo}/git/commits";
  const { data } = await github.request(route, { ...repository, message: intent.message, tree, parents: [intent.change.base] });
  return parseAnswer(commitSchema, data, route);
}

async function createTree({ change }: BranchIntent, { github, repository }: OutletContext): Promise<string> {
  const base = await baseCommit(github, repository, change.base);
  const tree = await treeEntries(change.files, (bytes) => createBlob(github, repository, bytes));
  const route = "POST /repos/{owner}/{repo}/git/trees";
  const { data } = await github.request(route, { ...repository, base_tree: base.tree.sha, tree });
  return parseAnswer(objectSchema, data, route).sha;
}

async function baseCommit(github: GitHub, repository: Repository, sha: string): Promise<Commit> {
  try {
    return await readCommit(github, repository, sha);
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
    return stopEffect({ kind: "base-gone", message: `The commit ${sha} that the work builds on is not in the repository any more.`, fix: "Label the issue again: the work starts from the present state." });
  }
}

interface TreeEntry {
  readonly path: string;
  readonly mode: string;
  readonly type: "blob";
  readonly content?: string;
  /** Null deletes the path. */
  readonly sha?: string | null;
}

async function treeEntries(files: readonly ChangedFile[], blob: (bytes: Uint8Array) => Promise<string>): Promise<readonly TreeEntry[]> {
  const entries: TreeEntry[] = [];
  const contents = new Set(files.flatMap((file) => (file.kind === "content" ? [file.path] : [])));
  let inlineBytes = 0;
  for (const file of files) {
    if (file.kind === "deleted") {
      // Went with its directory, in whose place a file is put: GitHub refuses to delete what is not there any more.
      if (liesBelow(file.path, contents)) continue;
      entries.push({ path: file.path, mode: "100644", type: "blob", sha: null });
      continue;
    }
    const { path, mode, bytes } = file;
    const text = inlineBytes + bytes.byteLength <= INLINE_ALL_BYTES ? inlineText(bytes) : null;
    inlineBytes += text === null ? 0 : bytes.byteLength;
    entries.push(text === null ? { path, mode, type: "blob", sha: await blob(bytes) } : { path, mode, type: "blob", content: text });
  }
  return entries;
}

const liesBelow = (path: string, files: ReadonlySet<string>): boolean => path.split("/").some((_, index, parts) => index > 0 && files.has(parts.slice(0, index).join("/")));

/** The content as text that JSON carries without a change; null for binaries, large files and what is not UTF-8. */
function inlineText(bytes: Uint8Array): string | null {
  if (bytes.byteLength > INLINE_FILE_BYTES || bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null; // Not UTF-8.
  }
}

async function createBlob(github: GitHub, repository: Repository, bytes: Uint8Array): Promise<string> {
  const route = "POST /repos/{owner}/{repo}/git/blobs";
  const { data } = await github.request(route, { ...repository, content: Buffer.from(bytes).toString("base64"), encoding: "base64" });
  return parseAnswer(objectSchema, data, route).sha;
}

/** False when GitHub says 422: a branch of that name is there, or one that stands in its way. */
async function createBranch({ github, repository }: OutletContext, branch: string, sha: string): Promise<boolean> {
  try {
    await github.request("POST /repos/{owner}/{repo}/git/refs", { ...repository, ref: `refs/heads/${branch}`, sha });
    return true;
  } catch (error) {
    if (hasStatus(error, 422)) return false;
    throw error;
  }
}
