import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { startLocalActions, type LocalActions, type LocalActionsEvent } from "../../../../src/hosts/demo/actions/index.ts";
import { nodeClock } from "../../../../src/shared/node-ports.ts";
import type { Clock } from "../../../../src/shared/ports.ts";
import { memoryPort, type MemoryPort } from "./memory-port.ts";

export interface World {
  readonly directory: string;
  readonly port: MemoryPort;
  readonly actions: LocalActions;
  readonly events: LocalActionsEvent[];
  readonly headSha: string;
  /** Records and announces a run; the id. */
  dispatch(workflowText: string, inputs?: Readonly<Record<string, string>>): number;
  /** Dispatches and waits until every run is over. */
  play(workflowText: string, inputs?: Readonly<Record<string, string>>): Promise<number>;
  /** Log texts of a job, in order, without the runner's debug lines. */
  log(job: string): readonly string[];
  /** Resolves when an event of this kind and text has come. */
  seen(predicate: (event: LocalActionsEvent) => boolean): Promise<void>;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly secrets?: Readonly<Record<string, string>>;
  readonly extraEnvironment?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

const SHA = /^[0-9a-f]{40}$/;
export const FIXTURES = join(import.meta.dirname, "fixtures");
export const PINNED = "a".repeat(40);

/** Only read by runs, so one does for all tests of a file. */
let repositories: { readonly directory: string; readonly headSha: string } | undefined;
afterAll(() => {
  if (repositories !== undefined) rmSync(repositories.directory, { recursive: true, force: true });
});

/** A repository with two commits, served from disk, and the local Actions over a port in memory. */
export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), "local-actions-"));
  repositories ??= createRepositories();
  const { headSha } = repositories;
  const port = memoryPort(options.secrets);
  const events: LocalActionsEvent[] = [];
  const watchers = new Set<() => void>();
  const actions = await startLocalActions({
    port,
    directory: join(directory, "actions"),
    apiUrl: "http://127.0.0.1:1/api/v3",
    gitUrl: `file://${repositories.directory}`,
    nodePath: process.execPath,
    actions: { "acme/tools/probe": join(FIXTURES, "probe-action"), "acme/tools/broken": join(FIXTURES, "broken-action"), "acme/tools/stubborn": join(FIXTURES, "stubborn-action") },
    extraEnvironment: options.extraEnvironment ?? {},
    clock: options.clock ?? nodeClock,
    onEvent(event) {
      events.push(event);
      for (const watch of watchers) watch();
    },
  });
  let runs = 0;
  const dispatch: World["dispatch"] = (workflowText, inputs = {}) => {
    runs += 1;
    port.dispatch({
      id: runs,
      attempt: 1,
      workflowPath: ".github/workflows/test.yml",
      workflowText,
      headSha,
      headBranch: "main",
      event: "workflow_dispatch",
      inputs,
      actor: "worktrain[bot]",
      actorId: 9,
      createdAt: "2026-01-01T00:00:00Z",
      repository: { id: 42, owner: "acme", ownerId: 7, name: "shop", defaultBranch: "main", private: false },
    });
    return runs;
  };
  return {
    directory,
    port,
    actions,
    events,
    headSha,
    dispatch,
    async play(workflowText, inputs) {
      const id = dispatch(workflowText, inputs);
      await actions.idle();
      return id;
    },
    log: (job) => events.flatMap((event) => (event.kind === "log" && event.job === job && event.level !== "debug" ? [event.text] : [])),
    seen(predicate) {
      return new Promise((resolve) => {
        const watch = (): void => {
          if (!events.some(predicate)) return;
          watchers.delete(watch);
          resolve();
        };
        watchers.add(watch);
        watch();
      });
    },
    async close() {
      await actions.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function createRepositories(): { readonly directory: string; readonly headSha: string } {
  const directory = mkdtempSync(join(tmpdir(), "local-actions-git-"));
  const bare = join(directory, "acme", "shop");
  mkdirSync(bare, { recursive: true });
  const work = `${bare}-work`;
  const env = { PATH: process.env["PATH"] ?? "", HOME: bare, GIT_CONFIG_NOSYSTEM: "1", GIT_AUTHOR_NAME: "A", GIT_AUTHOR_EMAIL: "a@example.com", GIT_COMMITTER_NAME: "A", GIT_COMMITTER_EMAIL: "a@example.com" };
  const git = (...command: readonly string[]): string => execFileSync("git", command, { env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  git("init", "--quiet", "--bare", "-b", "main", bare);
  git("init", "--quiet", "-b", "main", work);
  for (const text of ["one", "two"]) {
    writeFileSync(join(work, "file.txt"), `${text}\n`);
    git("-C", work, "add", ".");
    git("-C", work, "commit", "--quiet", "-m", text);
  }
  git("-C", work, "push", "--quiet", bare, "main");
  const head = git("-C", work, "rev-parse", "HEAD");
  if (!SHA.test(head)) throw new Error(`git said ${head}`);
  return { directory, headSha: head };
}

/** A workflow file with one job `only` on ubuntu, its steps given as YAML list items. */
export function oneJob(steps: string, job = ""): string {
  return workflow(`  only:\n    runs-on: ubuntu-latest\n${indent(job, 4)}    steps:\n${indent(steps, 6)}`);
}

/** A workflow file with the given jobs (YAML, indented by two). */
export function workflow(jobs: string, head = ""): string {
  return `name: Test\non: { workflow_dispatch: { inputs: { word: { type: string } } } }\npermissions: {}\n${head}jobs:\n${jobs}`;
}

const indent = (text: string, by: number): string =>
  text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => `${" ".repeat(by)}${line}\n`)
    .join("");
