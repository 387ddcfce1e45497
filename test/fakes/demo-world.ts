/** The demo's box as tests use it: in this process, with a scenario of their own, removed when it is closed. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { LocalActionsEvent } from "../../src/hosts/demo/actions/events.ts";
import { availableSandbox } from "../../src/hosts/demo/available-sandbox.ts";
import type { Comment, Run } from "../../src/hosts/demo/github/records.ts";
import type { Scenario } from "../../src/hosts/demo/model/index.ts";
import { labelIssue, openIssue, untilOver } from "../../src/hosts/demo/play.ts";
import { SYSTEM_PATH } from "../../src/hosts/demo/program-path.ts";
import { smallBug } from "../../src/hosts/demo/scenario/small-bug/scenario.ts";
import type { DemoRepository } from "../../src/hosts/demo/scenario/scenario.ts";
import { git, startWorld, type World } from "../../src/hosts/demo/world.ts";
import { PROGRAM_ENVIRONMENT } from "./program-environment.ts";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface DemoWorld extends World {
  readonly directory: string;
  /** Everything the local Actions told so far. */
  readonly events: readonly LocalActionsEvent[];
  /** Is called with each of them, and nothing goes on before it returns. */
  watch(listener: (event: LocalActionsEvent) => void): void;
  /** A request to the API; `path` begins after the repository's own, e.g. `/issues/1`. */
  call(token: string, method: string, path: string, body?: unknown): Promise<Answer>;
  /** Commits files to main as the maintainer; null deletes one. */
  commit(files: Readonly<Record<string, string | null>>): Promise<void>;
  read(path: string): Promise<string>;
  /** Opens an issue, labels it, waits for the end that its status comment tells. Returns its number. */
  play(issue: { readonly title: string; readonly body?: string }): Promise<number>;
  comments(issueNumber: number): readonly Comment[];
  /** The App's own comments on an issue. */
  statusComments(issueNumber: number): readonly string[];
  /** Runs of an issue, oldest first. */
  runs(issueNumber: number): readonly Run[];
  /** What a job wrote to its log. */
  log(runId: number, job: string): string;
}

export interface DemoWorldOptions {
  /** That of the small bug unless one is named. */
  readonly repository?: DemoRepository;
  /** Of the repository, as its workflows see them. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Without WorkTrain's files, and the App not installed yet. */
  readonly bare?: boolean;
  readonly visibility?: "public";
  /** Without an App: the repository's own workflow decides. */
  readonly actionOnly?: boolean;
  /** What the App may do beyond its manifest. */
  readonly morePermissions?: Readonly<Record<string, "read" | "write">>;
  /** Whether the deliver job publishes with tokens of the App. */
  readonly exchange?: boolean;
}

/** Starts a box. @param model what the model does */
export async function startDemoWorld(model: Scenario, { repository = smallBug.repository, variables = {}, ...more }: DemoWorldOptions = {}): Promise<DemoWorld> {
  const directory = await mkdtemp(join(tmpdir(), "worktrain-e2e-"));
  const events: LocalActionsEvent[] = [];
  const listeners: ((event: LocalActionsEvent) => void)[] = [];
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  const world = await startWorld({
    directory,
    packageRoot: join(import.meta.dirname, "..", ".."),
    nodePath: process.execPath,
    path: SYSTEM_PATH,
    repository,
    model,
    sandbox: await availableSandbox(),
    compileCache: PROGRAM_ENVIRONMENT.NODE_COMPILE_CACHE,
    variables,
    ...more,
    onEvent(event) {
      events.push(event);
      for (const listener of listeners) listener(event);
    },
  }).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  return {
    ...world,
    ...viewsOf(world),
    directory,
    events,
    watch: (listener) => void listeners.push(listener),
    commit: (files) => commit(world, join(directory, "checkout"), files),
    read: (path) => git(join(directory, "repo.git"), ["show", `main:${path}`]),
    log: (runId, job) => events.flatMap((event) => (event.kind === "log" && event.runId === runId && event.job === job ? [event.text] : [])).join("\n"),
    async play({ title, body = "" }) {
      const issueNumber = await openIssue(world, { title, body });
      await labelIssue(world, issueNumber);
      await untilOver(world, issueNumber, new AbortController().signal);
      return issueNumber;
    },
    async close() {
      await world.close();
      await remove();
    },
  };
}

function viewsOf(world: World): Pick<DemoWorld, "call" | "comments" | "statusComments" | "runs"> {
  const comments: DemoWorld["comments"] = (issueNumber) => {
    const state = world.github.state();
    const issue = [...state.issues.values()].find((each) => each.number === issueNumber);
    return [...state.comments.values()].filter((comment) => comment.issueId === issue?.id);
  };
  return {
    comments,
    statusComments: (issueNumber) => comments(issueNumber).flatMap(({ author, body }) => (author === "worktrain[bot]" || (world.appUrl === "" && body.startsWith("<!-- worktrain:status ")) ? [body] : [])),
    runs: (issueNumber) => [...world.github.state().runs.values()].filter((run) => run.displayTitle.includes(`/issue-${issueNumber}/`)),
    async call(token, method, path, body) {
      const { owner, name } = world.repository;
      const response = await fetch(`${world.github.url}/repos/${owner}/${name}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json", accept: "application/vnd.github+json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === "" ? null : JSON.parse(text) };
    },
  };
}

async function commit(world: World, checkout: string, files: Readonly<Record<string, string | null>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    if (text === null) await git(checkout, ["rm", "--quiet", "--", path]);
    else {
      await mkdir(dirname(join(checkout, path)), { recursive: true });
      await writeFile(join(checkout, path), text);
    }
  }
  const url = new URL(world.repository.gitUrl);
  url.username = "x-access-token";
  url.password = world.maintainerToken;
  await git(checkout, ["add", "--all"]);
  await git(checkout, ["commit", "--quiet", "--message", `Change ${Object.keys(files).join(", ")}`]);
  await git(checkout, ["push", "--quiet", "--", url.href, "main"]);
}
