/** The repository in the current directory: its configuration and its workflow file. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CONFIG_PATH, parseConfig } from "../../../config/index.ts";
import type { Repository } from "../../../github/client.ts";
import { systemErrorCode } from "../../../shared/durable-files.ts";
import type { CliWorld } from "../command.ts";
import { good, unknown, wrong, type Finding } from "./finding.ts";

export interface LocalRepository {
  /** Top directory of the clone; null when there is none here. */
  readonly root: string | null;
  /** Where it comes from on GitHub; null when that cannot be told. */
  readonly origin: Repository | null;
}

type Place = Pick<CliWorld, "processes" | "environment" | "workingDirectory">;

export async function lookAtRepository(world: Place): Promise<LocalRepository> {
  const root = await git(world, "rev-parse", "--show-toplevel");
  const url = root === null ? null : await git(world, "remote", "get-url", "origin");
  return { root, origin: url === null ? null : repositoryOf(url) };
}

async function git({ processes, environment, workingDirectory }: Place, ...args: readonly string[]): Promise<string | null> {
  const done = await processes.run("git", args, { cwd: workingDirectory, env: { PATH: environment().path, GIT_TERMINAL_PROMPT: "0", GIT_OPTIONAL_LOCKS: "0" }, timeoutMs: 10_000 });
  return done.exitCode === 0 ? new TextDecoder().decode(done.stdout).trim() : null;
}

/** `https://github.com/acme/shop.git`, `git@github.com:acme/shop.git`; null for anything that does not end so. */
export function repositoryOf(url: string): Repository | null {
  const [, owner, repo] = /[/:]([A-Za-z0-9][A-Za-z0-9-]{0,38})\/([A-Za-z0-9._-]{1,100}?)(?:\.git)?\/?$/.exec(url) ?? [];
  return owner === undefined || repo === undefined ? null : { owner, repo };
}

/** A file of the clone; null when there is none. */
export function fileOf(root: string, path: string): string | null {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return null;
    throw error;
  }
}

/** @param where in words, as the file's place */
export function configFindings(text: string | null, where: string): readonly Finding[] {
  if (text === null) return [good("config", `${where} has no ${CONFIG_PATH}: all defaults hold`)];
  const parsed = parseConfig(text, CONFIG_PATH);
  if (parsed.ok) return [good("config", `${CONFIG_PATH} ${where} is valid`)];
  return parsed.error.map(({ file, line, column, message, fix }) => wrong("config", `${file}:${line}:${column}: ${message}`, fix));
}

export const noRepository = (directory: string): Finding => unknown("repository", `${directory} is in no git clone`, "Run this in a clone, or name the repository with --repository OWNER/NAME.");
