import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import type { Processes, ProcessResult } from "../../../../shared/ports.ts";

/** What every git process of the server gets: no configuration but the repository's own, no prompt, no hooks. */
export const GIT_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin",
  HOME: "/nonexistent",
  LC_ALL: "C.UTF-8",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_CONFIG_COUNT: "2",
  GIT_CONFIG_KEY_0: "core.hooksPath",
  GIT_CONFIG_VALUE_0: "/dev/null",
  GIT_CONFIG_KEY_1: "core.fsmonitor",
  GIT_CONFIG_VALUE_1: "false",
};

const GIT_TIMEOUT_MS = 60_000;
/** The largest pack or blob served; GitHub refuses blobs over 100 MB. */
export const MAX_GIT_OUTPUT_BYTES = 512 * 1024 * 1024;

export interface GitCall {
  readonly input?: Uint8Array | string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs git on one bare repository, to the end. */
export async function runGit(processes: Processes, gitDirectory: string, args: readonly string[], call: GitCall = {}): Promise<ProcessResult> {
  const result = await processes.run("git", ["--git-dir", gitDirectory, ...args], {
    env: { ...GIT_ENVIRONMENT, ...call.env },
    timeoutMs: GIT_TIMEOUT_MS,
    maxOutputBytes: MAX_GIT_OUTPUT_BYTES,
    ...(call.input === undefined ? {} : { input: call.input }),
  });
  if (result.timedOut || result.truncated || result.exitCode === null || result.exitCode === 127) {
    throw new Error(`git ${args[0] ?? ""} on ${gitDirectory} did not finish: ${result.timedOut ? "timed out" : textOf(result.stderr)}`);
  }
  return result;
}

export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

const CONFIG = `[http]
	receivepack = true
[receive]
	hideRefs = refs/pull
	autogc = false
[uploadpack]
	allowAnySHA1InWant = true
	allowFilter = true
[gc]
	auto = 0
`;

/**
 * Makes an empty bare repository that can be cloned and pushed to over HTTP, and fetched from by commit id as on GitHub.
 * `refs/pull` is the server's: pushes cannot write it.
 */
export async function initRepository(processes: Processes, gitDirectory: string, defaultBranch: string): Promise<void> {
  const result = await runGit(processes, gitDirectory, ["init", "--quiet", "--bare", "--template=", `--initial-branch=${defaultBranch}`, gitDirectory]);
  if (result.exitCode !== 0) throw new Error(`git init failed: ${textOf(result.stderr)}`);
  await appendFile(join(gitDirectory, "config"), CONFIG);
}

export interface ForkPlace {
  /** Of the repository that is forked. */
  readonly from: string;
  /** Where the fork is to be. */
  readonly to: string;
  readonly defaultBranch: string;
  readonly only: "default branch" | "all";
}

/** Makes a fork: branches and tags are copied, and what is pushed to it can be had from the repository that it is of by its id, as on GitHub, where both are one network. */
export async function forkRepository(processes: Processes, { from, to, defaultBranch, only }: ForkPlace): Promise<void> {
  await initRepository(processes, to, defaultBranch);
  const copied = await runGit(processes, to, ["fetch", "--quiet", "--", from, ...(only === "all" ? ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"] : [`+refs/heads/${defaultBranch}:refs/heads/${defaultBranch}`])]);
  if (copied.exitCode !== 0) throw new Error(`${from} could not be copied: ${textOf(copied.stderr)}`);
  await appendFile(join(from, "objects/info/alternates"), `${join(to, "objects")}\n`);
}
