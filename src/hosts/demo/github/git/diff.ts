import type { FileChange } from "./git.ts";

/** Files changed between two commits, renames found, with patches, as `GET /pulls/{n}/files` lists them. */
export async function diffCommits(git: (args: readonly string[]) => Promise<string>, from: string, to: string): Promise<readonly FileChange[]> {
  const range = ["-M", "--full-index", from, to];
  const raw = parseRaw(await git(["diff-tree", "-r", "-z", "--raw", ...range]));
  const counts = parseNumstat(await git(["diff-tree", "-r", "-z", "--numstat", ...range]));
  const changes: FileChange[] = [];
  for (const entry of raw) {
    const count = counts.get(entry.path);
    const text = await git([
      "--literal-pathspecs",
      "diff",
      "-M",
      "--no-color",
      "--no-ext-diff",
      "--no-textconv",
      from,
      to,
      "--",
      ...(entry.previousPath === null ? [] : [entry.previousPath]),
      entry.path,
    ]);
    const hunks = text.indexOf("\n@@");
    changes.push({
      ...entry,
      additions: count?.additions ?? 0,
      deletions: count?.deletions ?? 0,
      patch: hunks === -1 ? null : text.slice(hunks + 1),
    });
  }
  return changes;
}

type RawEntry = Pick<FileChange, "path" | "previousPath" | "status" | "id">;

/** `:<mode> <mode> <id> <id> <status>` NUL path NUL, with a second path for a rename. */
function parseRaw(text: string): readonly RawEntry[] {
  const fields = text.split("\0").filter((field) => field !== "");
  const entries: RawEntry[] = [];
  for (let index = 0; index < fields.length;) {
    const [, , before = "", after = "", status = ""] = (fields[index] ?? "").split(" ");
    const first = fields[index + 1] ?? "";
    if (status.startsWith("R")) {
      entries.push({ path: fields[index + 2] ?? "", previousPath: first, status: "renamed", id: after });
      index += 3;
    } else {
      const removed = status === "D";
      entries.push({
        path: first,
        previousPath: null,
        status: removed ? "removed" : status === "A" ? "added" : "modified",
        id: removed ? before : after,
      });
      index += 2;
    }
  }
  return entries;
}

/** `<additions> TAB <deletions> TAB <path>` NUL; a rename has an empty path and then both names. Binary files count `-`. */
function parseNumstat(text: string): ReadonlyMap<string, { readonly additions: number; readonly deletions: number }> {
  const fields = text.split("\0").filter((field) => field !== "");
  const counts = new Map<string, { additions: number; deletions: number }>();
  for (let index = 0; index < fields.length;) {
    const [additions = "", deletions = "", path = ""] = (fields[index] ?? "").split("\t");
    const renamed = path === "";
    counts.set(renamed ? (fields[index + 2] ?? "") : path, { additions: Number(additions) || 0, deletions: Number(deletions) || 0 });
    index += renamed ? 3 : 1;
  }
  return counts;
}
