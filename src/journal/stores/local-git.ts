import { RetryableError, TerminalError } from "../../shared/errors.ts";
import type { GitData, GitFile, GitHead, Processes, ProcessResult } from "../../shared/ports.ts";

export interface LocalGitOptions {
  /** Absolute path of a bare repository, or of a clone's `.git`. */
  readonly directory: string;
  readonly processes: Processes;
}

/** Above the largest segment. */
const MAX_OUTPUT_BYTES = 320 * 1024 * 1024;
const TIMEOUT_MS = 60_000;
/** What git said that a person needs. */
const SAID_CHARS = 500;
const WHERE_GIT_IS = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin";

/**
 * Nothing of the user's or the system's configuration, no hook and no monitor of the repository; no object is fetched. Objects and
 * refs are synced as they are written (git-config(1), core.fsync: git 2.36 or later).
 */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: WHERE_GIT_IS,
  HOME: "/nonexistent",
  LC_ALL: "C",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_NO_LAZY_FETCH: "1",
  GIT_NO_REPLACE_OBJECTS: "1",
  GIT_AUTHOR_NAME: "WorkTrain",
  GIT_AUTHOR_EMAIL: "worktrain@localhost",
  GIT_COMMITTER_NAME: "WorkTrain",
  GIT_COMMITTER_EMAIL: "worktrain@localhost",
};
const SETTINGS = ["core.hooksPath=/dev/null", "core.fsmonitor=false", "core.fsync=all", "core.logAllRefUpdates=false", "gc.auto=0"].flatMap((setting) => ["-c", setting]);

/** Git data of a repository on this machine, through git's plumbing commands. */
export function localGit({ directory, processes }: LocalGitOptions): GitData {
  const run = (args: readonly string[], input?: Uint8Array | string): Promise<ProcessResult> =>
    processes.run("git", [`--git-dir=${directory}`, ...SETTINGS, ...args], { env: ENVIRONMENT, timeoutMs: TIMEOUT_MS, maxOutputBytes: MAX_OUTPUT_BYTES, ...(input === undefined ? {} : { input }) });
  const must = async (args: readonly string[], input?: Uint8Array | string): Promise<Uint8Array> => {
    const result = await run(args, input);
    if (result.exitCode === 0 && !result.truncated) return result.stdout;
    throw failure(directory, args, result);
  };
  const text = async (args: readonly string[], input?: Uint8Array | string): Promise<string> => Buffer.from(await must(args, input)).toString("utf8").trimEnd();

  const commitAt = async (ref: string): Promise<string | null> => {
    const found = await text(["for-each-ref", "--format=%(objectname) %(objecttype) %(refname)", "--", ref]);
    const [commit = "", type, name] = found.split("\n", 1)[0]?.split(" ") ?? [];
    if (found === "" || name !== ref) return null;
    if (type === "commit") return commit;
    throw new TerminalError(`${ref} in ${directory} points to a ${type}, not to a commit.`, "Somebody else made this ref. Move it away, then run again.");
  };

  return {
    async readHead(ref): Promise<GitHead | null> {
      const commit = await commitAt(ref);
      if (commit === null) return null;
      const tree = await text(["rev-parse", "--verify", "--quiet", "--end-of-options", `${commit}^{tree}`]);
      return { commit, tree, files: (await entriesOf(tree)).flatMap(({ type, blob, name }) => (type === "blob" ? [{ name, blob }] : [])) };
    },
    readBlob: (blob) => must(["cat-file", "blob", blob]),
    writeBlob: (bytes) => text(["hash-object", "-w", "--stdin"], bytes),
    async writeTree(base, { name, blob }) {
      const entries = base === null ? "" : Buffer.from(await must(["ls-tree", "-z", "--full-tree", "--", base])).toString("utf8");
      return text(["mktree", "-z"], `${entries}100644 blob ${blob}\t${name}\0`);
    },
    writeCommit: ({ tree, parent, message }) => text(["commit-tree", "--no-gpg-sign", ...(parent === null ? [] : ["-p", parent]), "-F", "-", "--", tree], message),
    async moveRef(ref, from, to) {
      const args = ["update-ref", "--no-deref", "--", ref, to, from ?? "0".repeat(to.length)];
      const result = await run(args);
      if (result.exitCode === 0) return true;
      // Git answers 128 for a ref that stands elsewhere and for everything else: where it stands now tells.
      if (result.exitCode === 128 && (await commitAt(ref)) !== from) return false;
      throw failure(directory, args, result);
    },
  };

  async function entriesOf(tree: string): Promise<readonly (GitFile & { readonly type: string })[]> {
    const listing = await must(["ls-tree", "-z", "--full-tree", "--", tree]);
    return Buffer.from(listing)
      .toString("utf8")
      .split("\0")
      .filter((line) => line !== "")
      .map((line) => {
        const tab = line.indexOf("\t");
        const [, type = "", blob = ""] = line.slice(0, tab).split(" ");
        return { type, blob, name: line.slice(tab + 1) };
      });
  }
}

function failure(directory: string, args: readonly string[], result: ProcessResult): RetryableError | TerminalError {
  const said = Buffer.from(result.stderr).toString("utf8").trim().slice(0, SAID_CHARS);
  const how = result.timedOut ? `it did not end within ${TIMEOUT_MS / 1000} s` : result.truncated ? "its output is over the limit" : said === "" ? `it ended by ${result.signal ?? `exit code ${result.exitCode}`}` : said;
  const message = `git ${args[0] ?? ""} on ${directory} failed: ${how}`;
  if (result.exitCode === null || /\.lock'?: File exists/.test(said)) return new RetryableError(message);
  return new TerminalError(message, /no space left|disk quota/i.test(said) ? "Free some space, then run again." : "Check that this is a git repository which this user may write to, and that git 2.34 or later is installed.");
}
