/** Looks into the base commit's content and history. Bounded in time and output: what is not found in that is not waited for. */
import type { ProcessResult } from "../shared/ports.ts";

export interface BaseMatch {
  readonly path: string;
  /** The part of the line that matched. */
  readonly text: string;
}

export interface PastCommit {
  readonly sha: string;
  /** Day it was committed on, as YYYY-MM-DD. */
  readonly day: string;
  /** As its author wrote it, trailers included. */
  readonly message: string;
  /** Those of the paths asked for that it changed. */
  readonly paths: readonly string[];
}

export interface BaseSearch {
  /**
   * Whole words of the commit's text files that match a POSIX extended regular expression.
   * @returns null when it took longer or found more than is of use
   */
  search(pattern: string, options: { readonly ignoreCase: boolean }): Promise<readonly BaseMatch[] | null>;
  /**
   * Commits up to the base that changed one of the paths and have a line that begins so in their message, newest first, `LOG_LIMIT` at most.
   * @returns null when the history is not all there or took too long to walk
   */
  history(paths: readonly string[], lineBegins: string): Promise<readonly PastCommit[] | null>;
}

export interface GitBounds {
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
}

/** A session waits for it before its first turn. */
const BOUNDS: GitBounds = { timeoutMs: 15_000, maxOutputBytes: 4 * 1024 * 1024 };
export const LOG_LIMIT = 30;

/** @param git runs git on the repository that holds the commit */
export function openBaseSearch(git: (args: readonly string[], bounds: GitBounds) => Promise<ProcessResult>, commit: string): BaseSearch {
  const ask = async (args: readonly string[], alsoFine: number | null = null): Promise<string | null> => {
    const done = await git(args, BOUNDS);
    const fine = (done.exitCode === 0 || (done.exitCode !== null && done.exitCode === alsoFine)) && !done.truncated && !done.timedOut;
    return fine ? new TextDecoder().decode(done.stdout) : null;
  };
  return {
    async search(pattern, { ignoreCase }) {
      // 1: nothing was found.
      const found = await ask(["grep", "--full-name", "--no-color", "-I", "-E", "-w", "-o", "-z", ...(ignoreCase ? ["-i"] : []), "-e", pattern, commit], 1);
      return found === null ? null : found.split("\n").flatMap((line) => matchOf(line, commit));
    },
    async history(paths, lineBegins) {
      if (paths.length === 0) return [];
      // A path is never empty and a message holds no NUL, so two empty fields begin a commit.
      const format = "--format=%x00%x00%H%x00%cs%x00%B%x00";
      const logged = await ask(["log", "-z", "--no-color", "--no-show-signature", "--no-ext-diff", "--no-renames", "--name-only", "--fixed-strings", `--max-count=${LOG_LIMIT}`, `--grep=${lineBegins}`, format, commit, "--", ...paths]);
      return logged === null ? null : commitsOf(logged.split("\0")).filter(({ message }) => message.split("\n").some((line) => line.startsWith(lineBegins)));
    },
  };
}

/** `COMMIT:PATH NUL TEXT`. */
function matchOf(line: string, commit: string): readonly BaseMatch[] {
  const at = line.indexOf("\0");
  return at === -1 || !line.startsWith(`${commit}:`) ? [] : [{ path: line.slice(commit.length + 1, at), text: line.slice(at + 1) }];
}

function commitsOf(fields: readonly string[]): readonly PastCommit[] {
  const commits: PastCommit[] = [];
  for (let at = 0; at + 4 < fields.length; ) {
    const [first, second, sha = "", day = "", message = ""] = fields.slice(at, at + 5);
    if (first !== "" || second !== "" || !/^[0-9a-f]{40,64}$/.test(sha)) return commits;
    at += 6;
    const paths: string[] = [];
    for (; at < fields.length && fields[at] !== ""; at += 1) paths.push((fields[at] ?? "").replace(/^\n/, ""));
    commits.push({ sha, day, message, paths });
  }
  return commits;
}
