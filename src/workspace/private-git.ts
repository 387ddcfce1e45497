/**
 * Git on the workspace's files with a repository of our own.
 * G1. No configuration, hook, filter, attribute or monitor of the workspace, the user or the system takes effect: content is
 *     kept byte for byte and nothing of the workspace is executed.
 * G2. Git reads files that an adversary wrote, so it runs behind the same walls as the tools: no network, the workspace
 *     read-only unless it is being restored, and nothing else but the private directory.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TerminalError } from "../shared/errors.ts";
import type { Processes, ProcessResult } from "../shared/ports.ts";
import { behindWalls, INNER_HOME, writeParts, type Bubblewrap, type Mount } from "./bubblewrap.ts";
import { HOST_PATH } from "./search-path.ts";

export interface GitPlaces {
  /** Real path of the workspace. */
  readonly workspace: string;
  /** Real path of a directory outside every mount, emptied when the workspace is opened. */
  readonly directory: string;
  readonly readOnlyPaths: readonly string[];
}

export interface GitRun {
  readonly input?: Uint8Array | string;
  /** Index file in the private directory; default `worktree`. */
  readonly index?: IndexName;
  /** What git may do with the workspace; default `read-only`. `own` also opens its `.git` for writing. */
  readonly access?: "read-only" | "read-write" | "own";
  /** Works on a linked worktree of the workspace's repository instead, which lies in the private directory. */
  readonly worktree?: { readonly directory: string; readonly name: string };
  readonly maxOutputBytes?: number;
  readonly timeoutMs?: number;
}

/** `worktree` follows the workspace's files; `scratch` builds trees. */
export type IndexName = "worktree" | "scratch";

const TIMEOUT_MS = 15 * 60_000;
const DEFAULT_OUTPUT_BYTES = 256 * 1024 * 1024;

/** Highest in precedence of all attribute files, so what the workspace's own say about content is void (G1). */
const ATTRIBUTES = "* -text -filter -ident !eol !working-tree-encoding !diff !merge !conflict-marker-size !export-subst\n";

const CONFIG = `[core]
	bare = false
	fileMode = true
	symlinks = true
	ignoreCase = false
	precomposeUnicode = false
	autocrlf = false
	safecrlf = false
	quotePath = false
	hooksPath = /dev/null
	fsmonitor = false
	untrackedCache = false
	sparseCheckout = false
	attributesFile = /dev/null
[submodule]
	recurse = false
[gc]
	auto = 0
[index]
	threads = true
`;

export class PrivateGit {
  readonly places: GitPlaces;
  readonly #processes: Processes;
  readonly #bubblewrap: Bubblewrap | null;

  /** @param bubblewrap null for the weak mode: git runs without walls */
  constructor(places: GitPlaces, processes: Processes, bubblewrap: Bubblewrap | null) {
    this.places = places;
    this.#processes = processes;
    this.#bubblewrap = bubblewrap;
    for (const name of ["repository", "parts"]) rmSync(join(places.directory, name), { recursive: true, force: true });
    writeParts(this.#parts);
  }

  get #parts(): string {
    return join(this.places.directory, "parts");
  }

  get repository(): string {
    return join(this.places.directory, "repository");
  }

  /** Makes the private repository, which sees the workspace's objects without copying them and ignores what its exclude file names. */
  async initialise(from: { readonly objects: string; readonly objectFormat: string; readonly exclude: string }): Promise<void> {
    await this.#checked(["init", "--quiet", "--bare", "--template=", `--object-format=${from.objectFormat}`, this.repository], {});
    const extensions = from.objectFormat === "sha1" ? "\trepositoryFormatVersion = 0\n" : `\trepositoryFormatVersion = 1\n[extensions]\n\tobjectFormat = ${from.objectFormat}\n`;
    writeFileSync(join(this.repository, "config"), `${CONFIG}[core]\n\texcludesFile = ${quoted(from.exclude)}\n${extensions}`);
    mkdirSync(join(this.repository, "info"), { recursive: true });
    mkdirSync(join(this.repository, "objects", "info"), { recursive: true });
    writeFileSync(join(this.repository, "objects", "info", "alternates"), `${from.objects}\n`);
    writeFileSync(join(this.repository, "info", "attributes"), ATTRIBUTES);
  }

  /** Runs git with the private repository over the workspace's files. @throws TerminalError when it fails */
  run(args: readonly string[], options: GitRun = {}): Promise<Uint8Array> {
    return this.#checked(this.#onWorkspace(args), { index: "worktree", ...options });
  }

  async text(args: readonly string[], options: GitRun = {}): Promise<string> {
    return new TextDecoder().decode(await this.run(args, options)).trim();
  }

  /** As `run`, for a command whose failure is an answer. */
  try(args: readonly string[], options: GitRun = {}): Promise<ProcessResult> {
    return this.#start(this.#onWorkspace(args), { index: "worktree", ...options });
  }

  #onWorkspace(args: readonly string[]): readonly string[] {
    return [`--git-dir=${this.repository}`, `--work-tree=${this.places.workspace}`, ...args];
  }

  /** Runs git on the workspace's own repository: only before the agent begins, hooks and monitor off. */
  own(args: readonly string[], options: GitRun = {}): Promise<ProcessResult> {
    const off = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "submodule.recurse=false"];
    const own = join(this.places.workspace, ".git");
    const { worktree } = options;
    const [gitDirectory, workTree] = worktree === undefined ? [own, this.places.workspace] : [join(own, "worktrees", worktree.name), worktree.directory];
    return this.#start([`--git-dir=${gitDirectory}`, `--work-tree=${workTree}`, ...off, ...args], options);
  }

  /** Runs a program of the system, no git, behind the same walls. */
  program(name: "find" | "sh", args: readonly string[], access: NonNullable<GitRun["access"]>): Promise<ProcessResult> {
    return this.#walled([name, ...args], { access });
  }

  async #checked(args: readonly string[], options: GitRun): Promise<Uint8Array> {
    const result = await this.#start(args, options);
    if (result.exitCode === 0 && !result.truncated) return result.stdout;
    const command = args.find((arg) => !arg.startsWith("-")) ?? "";
    const how = result.truncated ? "its output is over the limit" : result.timedOut ? "it took too long" : errorText(result);
    throw new TerminalError(`git ${command} failed on ${this.places.workspace}: ${how}`, "Check that the disk is not full and that git 2.34 or later is installed; then run again.");
  }

  #start(args: readonly string[], options: GitRun): Promise<ProcessResult> {
    return this.#walled(["git", ...args], options);
  }

  #walled([program = "git", ...args]: readonly string[], options: GitRun): Promise<ProcessResult> {
    const run = { ...(options.input === undefined ? {} : { input: options.input }), timeoutMs: options.timeoutMs ?? TIMEOUT_MS, maxOutputBytes: options.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES };
    const environment = this.#environment(options.index);
    if (this.#bubblewrap === null) return this.#processes.run(program, args, { ...run, cwd: this.places.workspace, env: environment });
    const walls = {
      bubblewrap: this.#bubblewrap,
      parts: this.#parts,
      directory: this.places.workspace,
      environment,
      temporaryBytes: 256 * 1024 * 1024,
      mounts: this.#mounts(options.access ?? "read-only"),
    };
    const { program: starter, args: walled } = behindWalls(walls, [program, ...args]);
    return this.#processes.run(starter, walled, { ...run, env: { PATH: HOST_PATH } });
  }

  #mounts(access: "read-only" | "read-write" | "own"): readonly Mount[] {
    const { workspace, directory, readOnlyPaths } = this.places;
    return [
      { kind: access === "read-only" ? "read-only" : "read-write", path: workspace },
      ...(access === "read-write" ? [{ kind: "read-only" as const, path: join(workspace, ".git") }] : []),
      { kind: "read-write", path: directory },
      { kind: "read-only", path: this.#parts },
      ...readOnlyPaths.map((path) => ({ kind: "read-only" as const, path })),
    ];
  }

  #environment(index: IndexName | undefined): Readonly<Record<string, string>> {
    const home = this.#bubblewrap === null ? join(this.places.directory, "home") : INNER_HOME;
    return {
      PATH: HOST_PATH,
      HOME: home,
      XDG_CONFIG_HOME: join(home, "none"),
      LC_ALL: "C",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_ATTR_NOSYSTEM: "1",
      GIT_TERMINAL_PROMPT: "0",
      GIT_NO_LAZY_FETCH: "1",
      GIT_LITERAL_PATHSPECS: "1",
      ...(index === undefined ? {} : { GIT_INDEX_FILE: join(this.places.directory, `${index}.index`) }),
    };
  }
}

/** A value in a git config file. */
const quoted = (value: string): string => `"${value.replaceAll(/["\\]/g, "\\$&")}"`;

/** The end of what git said on stderr. */
export const errorText = (result: ProcessResult): string => new TextDecoder().decode(result.stderr.slice(-2_000)).trim();
