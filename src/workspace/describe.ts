import type { SnapshotRef } from "../record/index.ts";
import type { PrivateGit } from "./private-git.ts";

/** Patch text given whole to a reader; half of what a session's context holds. */
const PATCH_LIMIT_BYTES = 128 * 1024;
const NAMES_LIMIT = 1_000;

/** The change from base to snapshot for a reader: every file with its added and deleted lines, then the patch, cut at a file's end and saying so. */
export async function describeChange(git: PrivateGit, { base, tree }: SnapshotRef): Promise<string> {
  const from = [base, tree];
  const names = (await git.text(["diff-tree", "-r", "-M", "--numstat", ...from])).split("\n").filter((line) => line !== "");
  const patch = await git.run(["diff-tree", "-r", "-M", "-p", "--no-ext-diff", "--no-textconv", "--no-color", ...from], { maxOutputBytes: 64 * 1024 * 1024 });
  const files = splitPatch(new TextDecoder().decode(patch));
  const shown: string[] = [];
  let bytes = 0;
  for (const file of files) {
    const size = Buffer.byteLength(file);
    if (bytes + size > PATCH_LIMIT_BYTES) continue;
    bytes += size;
    shown.push(file);
  }
  const lists = [`Files changed: ${names.length} (lines added, lines deleted, name)`, ...names.slice(0, NAMES_LIMIT)];
  if (names.length > NAMES_LIMIT) lists.push(`[${names.length - NAMES_LIMIT} more files]`);
  const left = files.length - shown.length;
  if (left > 0) lists.push(`[The patch of ${left} files is too long to be shown here; read those files.]`);
  return `${lists.join("\n")}\n\n${shown.join("")}`.trimEnd();
}

const splitPatch = (patch: string): readonly string[] => patch.split(/^(?=diff --git )/m).filter((part) => part !== "");
