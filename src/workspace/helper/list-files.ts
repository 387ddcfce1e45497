import { promises as fs } from "node:fs";
import { join, relative } from "node:path";
import { GIT_SAFE, isInstalled, runSearch } from "./search.ts";
import type { ToolSetting } from "./tool.ts";

const WALK_LIMIT = 100_000;

/** Files of the workspace that git tracks or would track, relative, unordered: by git, else by ripgrep, else by walking. */
export async function listFiles(setting: ToolSetting): Promise<readonly string[]> {
  const git = await runSearch("git", [...GIT_SAFE, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"], setting);
  if (git.exitCode === 0) return names(git.stdout);
  if (isInstalled("rg")) {
    const rg = await runSearch("rg", ["--files", "--hidden", "--null", "--no-require-git", "--no-config", "--glob", "!.git"], setting);
    if (rg.exitCode === 0) return names(rg.stdout);
  }
  return walk(setting.workspace, setting.signal);
}

const names = (stdout: string): readonly string[] => stdout.split("\0").filter((name) => name !== "" && !name.endsWith("/"));

/** Without git's ignore rules only the usual bulk is left out. */
async function walk(root: string, signal: AbortSignal): Promise<readonly string[]> {
  const files: string[] = [];
  const pending = [root];
  for (let directory = pending.pop(); directory !== undefined && files.length < WALK_LIMIT; directory = pending.pop()) {
    signal.throwIfAborted();
    for (const entry of await fs.readdir(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory() && entry.name !== ".git" && entry.name !== "node_modules") pending.push(path);
      if (entry.isFile()) files.push(relative(root, path));
    }
  }
  return files;
}
