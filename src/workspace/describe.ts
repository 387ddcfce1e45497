import type { SnapshotRef } from "../record/index.ts";
import { hunkId, hunksOf, type PatchedFile } from "../shared/patch.ts";
import type { PrivateGit } from "./private-git.ts";

/** Patch text given whole to a reader; half of what a session's context holds. */
const PATCH_LIMIT_BYTES = 128 * 1024;
const NAMES_LIMIT = 1_000;

/** The change from base to snapshot for a reader: every file with its added and deleted lines, then the patch, cut at a file's end and saying so. Of `seen` hunks only the number is told. */
export async function describeChange(git: PrivateGit, { base, tree }: SnapshotRef, seen: ReadonlySet<string> = new Set()): Promise<string> {
  const from = [base, tree];
  const names = (await git.text(["diff-tree", "-r", "-M", "--numstat", ...from])).split("\n").filter((line) => line !== "");
  const patch = await git.run(["diff-tree", "-r", "-M", "-p", "--no-ext-diff", "--no-textconv", "--no-color", ...from], { maxOutputBytes: 64 * 1024 * 1024 });
  const all = splitPatch(new TextDecoder().decode(patch));
  const files = seen.size === 0 ? all : all.flatMap((file) => unseen(file, seen) ?? []);
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
  if (seen.size > 0) lists.push(files.length === 0 ? "[All of it was reviewed before and is the same.]" : `[What was reviewed before and is the same is left out: ${all.length - files.length} whole files, and parts of others.]`);
  const left = files.length - shown.length;
  if (left > 0) lists.push(`[The patch of ${left} files is too long to be shown here; read those files.]`);
  return `${lists.join("\n")}\n\n${shown.join("")}`.trimEnd();
}

/** A file's patch without the hunks that were seen; null where nothing else is in it. */
function unseen(file: string, seen: ReadonlySet<string>): string | null {
  const parts = file.split(/(?<=\n)(?=@@ -)/);
  const [head = ""] = parts;
  const hunks = hunksOf(file);
  // A line of the file that looks like a hunk's head makes more parts than hunks: then all is shown.
  const patched = patchedFile(head);
  if (patched === null || parts.length !== hunks.length + 1) return file;
  const fresh = parts.slice(1).filter((_, index) => hunks[index] === undefined || !seen.has(hunkId(patched, hunks[index])));
  return fresh.length === 0 && !MODES.test(head) ? null : [head, ...fresh].join("");
}

/** What no hunk tells of a file: it is shown each time. */
const MODES = /^(?:old mode|new file mode (?!100644)|deleted file mode (?!100644)|rename from)/m;

/** Whose hunks follow upon git's own lines; null where it prints the name in quotes, or none. */
function patchedFile(head: string): PatchedFile | null {
  const lines = head.split("\n");
  const named = (before: string): string | undefined => lines.find((line) => line.startsWith(before))?.slice(before.length).replace(/\t$/, "");
  const [from, to] = [named("--- a/"), named("+++ b/")];
  if (to !== undefined) return { path: to, from: from ?? to };
  return from !== undefined && lines.includes("+++ /dev/null") ? { path: from, removed: true } : null;
}

/** At line feeds alone: a carriage return within a file begins no line. */
const splitPatch = (patch: string): readonly string[] => patch.split(/(?<=\n)(?=diff --git )/).filter((part) => part !== "");
