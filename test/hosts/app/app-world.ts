/** The real App (Probot, HTTP) against the local GitHub: a repository that is ready for WorkTrain, a maintainer, signed webhooks. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publicTicketKey } from "../../../src/github/trust/index.ts";
import type { RunProgress } from "../../../src/hosts/demo/github/index.ts";
import type { AppLog, LogFields } from "../../../src/hosts/app/app-log.ts";
import { startApp } from "../../../src/hosts/app/server.ts";
import { readSettings } from "../../../src/hosts/app/settings.ts";
import type { Fetch } from "../../../src/shared/ports.ts";
import { fakeClock, type FakeClock } from "../../fakes/clock.ts";
import { startWorld, WEBHOOK_SECRET, writeFiles, type World } from "../demo/github/world.ts";
import { environment, ticketKeyPem } from "./running-app.ts";

export interface AppWorld extends World {
  /** Where webhooks go. */
  readonly hookUrl: string;
  /** Nobody hears of what happens, which is what is left of an App that is ended once it has taken the webhook. */
  unheard<T>(happens: () => Promise<T>): Promise<T>;
  /** The App's clock: advancing it makes the App poll. */
  readonly clock: FakeClock;
  /** Lets this much time pass on GitHub. */
  later(ms: number): void;
  appUrl(): string;
  /** What the App said to its operator. */
  readonly logged: { readonly msg: string; readonly fields: LogFields }[];
  /** Ends the App and starts another. */
  restart(): Promise<void>;
  /** Resolves when every webhook is delivered and dealt with, and no look that a poll began is under way. */
  quiet(): Promise<void>;
  /** Commits files to main (null removes one). */
  commit(files: Readonly<Record<string, string | null>>): Promise<void>;
  openIssue(title: string, body: string): Promise<number>;
  label(issue: number, token?: string): Promise<void>;
  unlabel(issue: number): Promise<void>;
  comments(issue: number): Promise<{ id: number; body: string; user: { login: string } }[]>;
  /** Runs of an issue, oldest first. */
  runs(issue: number): { id: number; displayTitle: string; inputs: Readonly<Record<string, string>> }[];
  updateRun(runId: number, progress: RunProgress): Promise<void>;
  saveArtifact(runId: number, name: string): void;
}

export const CONFIG_TEXT = "commands: { test: npm test }\n";
export const WORKFLOW_TEXT = readFileSync("templates/worktrain.yml", "utf8").replaceAll("__ACTION__", `acme/worktrain/action@${"a".repeat(40)}`).replaceAll("__PUBLIC_KEY__", publicTicketKey(ticketKeyPem));

/** A connection of its own for each request: one that the server has just let go would look like an outage, and wait on a clock that stands still. */
const fetchOnce: Fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set("connection", "close");
  return fetch(input, { ...init, headers });
};

export interface AppWorldOptions {
  readonly morePermissions?: Readonly<Record<string, "read" | "write">>;
  readonly environment?: Readonly<Record<string, string>>;
}

export async function startAppWorld(options: AppWorldOptions = {}): Promise<AppWorld> {
  const logged: AppWorld["logged"] = [];
  const say = (fields: LogFields, msg: string): void => void logged.push({ msg, fields });
  const log: AppLog = { info: (msg, fields) => say(fields, msg), warn: (msg, fields) => say(fields, msg), error: (error, msg, fields) => say({ ...fields, reason: String(error) }, msg) };
  let skewMs = 0;
  const first = { ".github/workflows/worktrain.yml": WORKFLOW_TEXT, ".github/worktrain.yml": CONFIG_TEXT };
  const world = await startWorld({ files: first, clock: { nowMs: () => Date.now() + skewMs }, ...(options.morePermissions === undefined ? {} : { morePermissions: options.morePermissions }) });
  const clock = fakeClock(Date.now());
  const start = (port = "0") => startApp(readSettings(environment({ PRIVATE_KEY: world.privateKeyPem, WEBHOOK_SECRET, GITHUB_API_URL: world.github.url, PORT: port, ...options.environment })), { clock, fetch: fetchOnce, log });
  let app = await start();
  const hookUrl = `${app.url}/api/github/webhooks`;
  world.github.setWebhookUrl(hookUrl);
  world.github.actions.onDispatch((run) => world.github.actions.setRunName(run.id, `WorkTrain ${run.inputs["item"]} ${run.inputs["key"]}`));

  const clone = join(world.directory, "first-clone");
  const issuesPath = "/repos/acme/calc/issues";
  const quiet = async (): Promise<void> => {
    for (let before = -1; before !== world.github.deliveries.length; ) {
      before = world.github.deliveries.length;
      await world.github.settled();
      await app.idle();
    }
  };
  const expectStatus = (status: number, wanted: number): void => {
    if (status !== wanted) throw new Error(`GitHub answered ${status}, not ${wanted}`);
  };
  const commit: AppWorld["commit"] = async (files) => {
    for (const [path, text] of Object.entries(files)) {
      if (text === null) await world.git(clone, "rm", "--quiet", path);
      else writeFiles(clone, { [path]: text });
    }
    await world.git(clone, "add", "-A");
    await world.git(clone, "commit", "--quiet", "-m", "change");
    const pushed = await world.git(clone, "push", "--quiet", world.remote(world.maintainer), "main");
    if (pushed.code !== 0) throw new Error(pushed.err);
  };

  return {
    ...world,
    hookUrl,
    async unheard(happens) {
      world.github.setWebhookUrl(null);
      const result = await happens();
      await world.github.settled();
      world.github.setWebhookUrl(hookUrl);
      return result;
    },
    appUrl: () => app.url,
    logged,
    clock,
    later: (ms) => (skewMs += ms),
    quiet,
    async restart() {
      await app.close();
      app = await start(new URL(app.url).port);
    },
    commit,
    async openIssue(title, body) {
      const opened = await world.call(world.maintainer, "POST", issuesPath, { title, body });
      expectStatus(opened.status, 201);
      return opened.body.number;
    },
    async label(issue, token = world.maintainer) {
      expectStatus((await world.call(token, "POST", `${issuesPath}/${issue}/labels`, { labels: ["worktrain:ready"] })).status, 200);
    },
    async unlabel(issue) {
      expectStatus((await world.call(world.maintainer, "DELETE", `${issuesPath}/${issue}/labels/worktrain:ready`)).status, 200);
    },
    comments: async (issue) => (await world.call(world.maintainer, "GET", `${issuesPath}/${issue}/comments?per_page=100`)).body,
    runs: (issue) => [...world.github.state().runs.values()].filter((run) => run.displayTitle.includes(`/issue-${issue}/`)),
    async updateRun(runId, progress) {
      world.github.actions.updateRun(runId, progress);
      await quiet();
    },
    saveArtifact(runId, name) {
      const bytesPath = join(world.directory, "segment");
      writeFileSync(bytesPath, "x");
      world.github.actions.addArtifact(runId, { name, size: 1, digest: `sha256:${"0".repeat(64)}`, bytesPath });
    },
    async close() {
      await app.close();
      await world.close();
    },
  };
}
