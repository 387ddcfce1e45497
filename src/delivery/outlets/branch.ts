/**
 * The reviewed tree as one commit on a branch of its own.
 *
 * I2. The branch is created, or moved from the commit that the item's last delivery left, together with the item's record: whoever is
 *     there first stays. Ours is adopted, anything else refused (fault 50).
 * I7. Nothing points to a tree that is not the journal's: GitHub names the tree it built, and the names are compared.
 */
import { z } from "zod";
import type { GitHub, Repository } from "../../github/client.ts";
import { parseAnswer } from "../../github/parse-answer.ts";
import type { DeliveryState } from "../../github/read/index.ts";
import { createCommit, type Confirmed } from "../../github/write/index.ts";
import type { Ticket } from "../../github/trust/index.ts";
import { readTrailers } from "../../record/index.ts";
import type { ChangedFile } from "../change.ts";
import { effectKey, type BranchIntent } from "../intents.ts";
import { commitRefs, isCommitted } from "./commit-refs.ts";
import { applyEffect, stopEffect, type Outlet, type OutletContext } from "./outlet.ts";

/** Text goes inside the tree request up to this size a file and in all; the rest as blobs of its own. */
const INLINE_FILE_BYTES = 256 * 1024;
const INLINE_ALL_BYTES = 4 * 1024 * 1024;

const objectSchema = z.object({ sha: z.string() });
type Commit = NonNullable<DeliveryState["branch"]>;

export const branchOutlet: Outlet<"branch"> = {
  async apply(intent, context) {
    // Another deliver job may create the branch between our look and our write: then its commit counts as found.
    let foundLate = false;
    let seen: DeliveryState | null = null;
    const look = async (): Promise<Confirmed | null> => {
      const state = seen === null ? context.state : await context.look();
      seen = state;
      const ours = delivered(intent, context, state);
      return isCommitted(context, state) && ours !== null ? { id: ours.sha, url: ours.url } : null;
    };
    const applied = await applyEffect(context.runner, {
      key: effectKey("branch", context.ticket.key),
      description: `branch ${intent.branch}`,
      lookUp: look,
      async write() {
        const shown = seen ?? context.state;
        const there = delivered(intent, context, shown);
        const commit = there ?? (await makeCommit(intent, context));
        foundLate = there !== null;
        const committing = await commitRefs(context, shown, { record: intent.record, oidLength: commit.sha.length, branch: { ref: `refs/heads/${intent.branch}`, sha: commit.sha, from: intent.from?.sha ?? null } });
        if (committing.kind === "moved") return { id: commit.sha, url: commit.url };
        foundLate = true;
        return (await look()) ?? stopEffect(refusedName(intent, committing.said));
      },
      cures: { 403: `Give the App or the job the permission that GitHub names. ${rulesCure}`, 422: rulesCure },
    });
    return applied.ok && foundLate ? { ok: true, value: { ...applied.value, adopted: true } } : applied;
  },
};

/** The branch's commit if it is this delivery's; null if it is still to be made. Stops at a branch of somebody else, and where the one to go on from is gone. */
function delivered(intent: BranchIntent, { ticket }: OutletContext, { branch }: DeliveryState): Commit | null {
  if (branch === null) return intent.from === null ? null : stopEffect(gone(intent));
  if (isOurs(branch, intent, ticket)) return branch;
  return isLastDelivery(branch, intent, ticket) ? null : stopEffect(taken(intent, branch, ticket));
}

/** This item's very files after what they come after. The key may be an earlier run's, which made the commit and broke off before the rest (fault 56). */
const isOurs = (commit: Commit, intent: BranchIntent, ticket: Ticket): boolean =>
  readTrailers(commit.message)?.item === ticket.item && commit.tree === intent.change.tree && commit.parents.join(" ") === parentsOf(intent).join(" ");

/** What the commit comes after; of a merge with the moved base both, so that GitHub knows what is merged already. */
const parentsOf = ({ change, from, onto }: BranchIntent): readonly string[] => (from === null ? [change.base] : onto === null ? [from.sha] : [from.sha, onto]);

/** Where the item's last delivery left the branch: nobody has pushed since. */
const isLastDelivery = (commit: Commit, { from }: BranchIntent, ticket: Ticket): boolean =>
  from !== null && commit.sha === from.sha && commit.tree === from.tree && readTrailers(commit.message)?.item === ticket.item;

const gone = ({ branch }: BranchIntent) => ({
  kind: "branch-taken" as const,
  message: `Branch ${branch}, which this work goes on from, was deleted while it went on.`,
  fix: "Restore the branch on the pull request's page, or label the issue again for a new attempt.",
});

function taken({ branch }: BranchIntent, commit: Commit, ticket: Ticket) {
  const trailers = readTrailers(commit.message);
  const whose = trailers === null ? "a commit that is not WorkTrain's" : trailers.key === ticket.key ? "other files than this run's" : "the result of another run of this item";
  return {
    kind: "branch-taken" as const,
    message: `Branch ${branch} is there already and holds ${whose} (${commit.sha}). It is left as it is.`,
    fix: "Keep it and close the issue, or delete the branch and label the issue again.",
  };
}

/** GitHub's own words name the rule. */
const refusedName = ({ branch, from }: BranchIntent, said: string | undefined) => ({
  kind: "branch-taken" as const,
  message: `GitHub does not let branch ${branch} be ${from === null ? "created, and does not show one" : "moved"}${said === undefined ? "." : ` (${said.trim().replaceAll(/\s+/g, " ")}).`}`,
  fix: `A branch called \`worktrain\` has to be renamed. ${rulesCure}`,
});

const rulesCure =
  "Where a rule stands against it (Settings, Rules, Rulesets, or those of the organisation), take `worktrain/**` out of what it applies to, or put the App (`github-actions` where the workflow publishes without it) on its bypass list. Then write `/worktrain resume` in a new comment on the issue.";

async function makeCommit(intent: BranchIntent, context: OutletContext): Promise<{ readonly sha: string; readonly url: string }> {
  const { github, repository } = context;
  const tree = await createTree(intent, context);
  if (tree !== intent.change.tree) {
    stopEffect({
      kind: "tree-mismatch",
      message: `GitHub built tree ${tree} from the delivered files; the reviewed tree is ${intent.change.tree}.`,
      fix: "Nothing is published. Label the issue again; if it happens again, please report it.",
    });
  }
  return createCommit(github, repository, { message: intent.message, tree, parents: parentsOf(intent) });
}

async function createTree({ change, baseTree }: BranchIntent, { github, repository }: OutletContext): Promise<string> {
  const tree = await treeEntries(change.files, (bytes) => createBlob(github, repository, bytes));
  const route = "POST /repos/{owner}/{repo}/git/trees";
  const { data } = await github.request(route, { ...repository, base_tree: baseTree, tree });
  return parseAnswer(objectSchema, data, route).sha;
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
