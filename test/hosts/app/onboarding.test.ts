/** From an installation to a repository that can start: the real App against the local GitHub, by webhooks alone. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseConfig } from "../../../src/config/index.ts";
import { publicTicketKey } from "../../../src/github/trust/index.ts";
import { workflowText } from "../../../src/intake/index.ts";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { writeFiles } from "../demo/github/world.ts";
import { startAppWorld, type AppWorld, type AppWorldOptions } from "./app-world.ts";
import { ticketKeyPem } from "./running-app.ts";

const ACTION = `acme/worktrain/action@${"a".repeat(40)}`;
const FILES = {
  "package.json": JSON.stringify({ scripts: { test: "vitest run" } }),
  "pnpm-lock.yaml": "",
  "src/add.ts": "export {}",
  "AGENTS.md": "Be kind.",
  ".github/workflows/ci.yml": "on: push\njobs: {}\n",
};

interface Place {
  readonly id: number;
  readonly name: string;
  pulls(): Promise<Pull[]>;
  text(branch: string, path: string): Promise<string | null>;
  call(method: string, path: string, body?: unknown): ReturnType<AppWorld["call"]>;
  comments(number: number): Promise<string[]>;
  push(files: Readonly<Record<string, string>>, branch?: string): Promise<void>;
}
interface Pull {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly state: string;
  readonly head: { readonly ref: string };
}

/** A repository that the App is being installed on. */
async function repository(world: AppWorld, name: string, { files = FILES, visibility = "private" }: { readonly files?: Readonly<Record<string, string>>; readonly visibility?: "public" | "private" } = {}): Promise<Place> {
  const { id } = await world.github.createRepository({ owner: "acme", name, visibility });
  const token = world.github.addUser("mona", "maintain", id);
  const clone = join(world.directory, name);
  mkdirSync(clone);
  await world.git(clone, "init", "--quiet");
  const remote = `${world.github.url.replace("http://", `http://x-access-token:${token}@`)}/acme/${name}.git`;
  const call: Place["call"] = (method, path, body) => world.call(token, method, `/repos/acme/${name}${path}`, body);
  const push: Place["push"] = async (changed, branch = "main") => {
    if (branch !== "main") {
      await world.git(clone, "fetch", "--quiet", remote, branch);
      await world.git(clone, "checkout", "--quiet", "FETCH_HEAD");
    }
    writeFiles(clone, changed);
    await world.git(clone, "add", "-A");
    await world.git(clone, "commit", "--quiet", "-m", "change");
    const pushed = await world.git(clone, "push", "--quiet", remote, `HEAD:refs/heads/${branch}`);
    if (pushed.code !== 0) throw new Error(pushed.err);
    await world.quiet();
  };
  if (Object.keys(files).length > 0) await push(files);
  world.github.installApp(id);
  await afterLateLooks(world);
  return {
    id,
    name,
    call,
    push,
    pulls: async () => (await call("GET", "/pulls?state=all")).body,
    comments: async (number) => (await call("GET", `/issues/${number}/comments`)).body.map(({ body }: { body: string }) => body),
    async text(branch, path) {
      const { status, body } = await call("GET", `/contents/${path}?ref=${branch}`);
      return status === 404 ? null : Buffer.from(body.content, "base64").toString();
    },
  };
}

/** Waits until all is dealt with; what looks late for a lost answer gets the time for it, less than the reconciler's first look. */
async function afterLateLooks(world: AppWorld): Promise<void> {
  const asleep = world.clock.sleepers();
  const waiting = world.quiet().then(() => "quiet" as const);
  const turn = (): Promise<"turn"> => new Promise((resolve) => setImmediate(() => resolve("turn")));
  for (let advanced = 0; (await Promise.race([waiting, turn()])) === "turn"; ) {
    if (advanced === 12 || world.clock.sleepers() <= asleep) continue;
    await world.clock.advance(1_000);
    advanced += 1;
  }
}

async function merge(world: AppWorld, place: Place, number: number): Promise<void> {
  expect((await place.call("PUT", `/pulls/${number}/merge`, {})).status).toBe(200);
  await world.quiet();
}

async function setState(world: AppWorld, place: Place, number: number, state: "open" | "closed"): Promise<void> {
  expect((await place.call("PATCH", `/pulls/${number}`, { state })).status).toBe(200);
  await world.quiet();
}

const startWith = async (options: AppWorldOptions): Promise<AppWorld> => startAppWorld({ environment: { WORKTRAIN_ACTION: ACTION, LOG_LEVEL: "warn" }, ...options });

describe("an App that may write workflow files", () => {
  let world: AppWorld;
  beforeAll(async () => {
    world = await startWith({ morePermissions: { workflows: "write" } });
  });
  afterAll(async () => {
    assertRequestsConform(world.github.requests);
    await world.close();
  });

  it("proposes both files and says what it found; merged, it has the label and can start", async () => {
    const place = await repository(world, "shop");
    const [pull, ...more] = await place.pulls();
    expect(more).toEqual([]);
    expect(pull).toMatchObject({ title: "Set up WorkTrain", state: "open", head: { ref: "worktrain/onboarding" } });
    for (const said of ["TypeScript", "`pnpm test`", "GitHub Actions", "`AGENTS.md`", "10 US dollars", "ANTHROPIC_API_KEY", `/acme/shop/settings/environments`, "whoever can read this repository"]) expect(pull?.body).toContain(said);
    expect(pull?.body).not.toContain("public.**");
    const workflow = (await place.text("worktrain/onboarding", ".github/workflows/worktrain.yml")) ?? "";
    expect(workflow).toContain(`uses: ${ACTION}`);
    expect(workflow).toContain(`public-key: ${publicTicketKey(ticketKeyPem)}`);
    expect(workflow).not.toContain("__");
    expect(parse(workflow).jobs).toHaveProperty("deliver");
    const config = parseConfig(await place.text("worktrain/onboarding", ".github/worktrain.yml"), "c");
    expect(config).toMatchObject({ ok: true, value: { commands: { test: "pnpm test" } } });

    await merge(world, place, pull?.number ?? 0);
    expect((await place.call("GET", "/labels/worktrain:ready")).status).toBe(200);
    expect((await place.comments(pull?.number ?? 0)).map((body) => body.includes("WorkTrain is on"))).toEqual([true]);
    const opened = await place.call("POST", "/issues", { title: "add subtracts" });
    await place.call("POST", `/issues/${opened.body.number}/labels`, { labels: ["worktrain:ready"] });
    await world.quiet();
    expect([...world.github.state().runs.values()].filter((run) => run.repositoryId === place.id)).toHaveLength(1);
  });

  it("a repeated webhook and a lost answer make no second pull request", async () => {
    world.github.failNext({ method: "POST", route: "/repos/{owner}/{repo}/pulls", dropResponseAfterApplying: true });
    const place = await repository(world, "lossy");
    const delivery = world.github.deliveries.findLast(({ event }) => event === "installation_repositories");
    await world.github.redeliver(delivery?.id ?? 0);
    await world.quiet();
    expect(await place.pulls()).toHaveLength(1);
  });

  it("closed it is declined and not asked again; reopened it is asked, with the files as people left them", async () => {
    const place = await repository(world, "shy");
    await setState(world, place, 1, "closed");
    expect(await place.comments(1)).toEqual([expect.stringContaining("does not ask again")]);
    const delivery = world.github.deliveries.findLast(({ event }) => event === "installation_repositories");
    await world.github.redeliver(delivery?.id ?? 0);
    await world.quiet();
    expect((await place.pulls()).map(({ state }) => state)).toEqual(["closed"]);
    await place.push({ ".github/worktrain.yml": "commands: { test: make check }\n" }, "worktrain/onboarding");
    await setState(world, place, 1, "open");
    expect(await place.text("worktrain/onboarding", ".github/worktrain.yml")).toBe("commands: { test: make check }\n");
    expect(await place.pulls()).toHaveLength(1);
    await merge(world, place, 1);
    expect((await place.comments(1)).at(-1)).toContain("WorkTrain is on");
  });

  it("a command asks again: it opens what was closed, makes a new one where the branch is gone, and says so where nothing is missing", async () => {
    const place = await repository(world, "second-thoughts");
    await setState(world, place, 1, "closed");
    const ask = async (token: string | null = null): Promise<string> => {
      const body = { body: "/worktrain config --set-up" };
      const { status } = token === null ? await place.call("POST", "/issues/1/comments", body) : await world.call(token, "POST", "/repos/acme/second-thoughts/issues/1/comments", body);
      expect(status).toBe(201);
      await afterLateLooks(world);
      return (await place.comments(1)).at(-1) ?? "";
    };
    expect(await ask(world.github.addUser("tria", "triage", place.id))).not.toContain("has what is missing");
    expect((await place.pulls()).map(({ state }) => state)).toEqual(["closed"]);
    expect(await ask()).toContain("Pull request #1");
    expect((await place.pulls()).map(({ state }) => state)).toEqual(["open"]);
    await setState(world, place, 1, "closed");
    expect((await place.call("DELETE", "/git/refs/heads/worktrain/onboarding")).status).toBe(204);
    expect(await ask()).toContain("Pull request #2");
    await merge(world, place, 2);
    expect(await ask()).toContain("on the default branch already");
  });

  it("a config that is there already is what it tells of: its label, its test command, its network; where it is faulty, that and where", async () => {
    const own = await repository(world, "own-config", { files: { ...FILES, ".github/worktrain.yml": "label: go\nsandbox: { network: { allow: [registry.npmjs.org] } }\n" } });
    const [pull] = await own.pulls();
    expect(pull?.body).toContain("sets the label `go` on an issue");
    expect(pull?.body).toContain("with no network but what `sandbox.network` opens");
    expect(pull?.body).not.toMatch(/worktrain:ready|is run on it first/);
    const faulty = await repository(world, "faulty-config", { files: { ...FILES, ".github/worktrain.yml": "labl: go\n" } });
    expect((await faulty.pulls())[0]?.body).toContain("it is not valid at line 1.");
  });

  it("a repository that is set up, or has no commit, is left alone", async () => {
    const text = workflowText({ template: "on: { workflow_dispatch: { inputs: { ticket: {} } } }\njobs: {}\n", action: ACTION, publicKey: "" }) ?? "";
    const ready = await repository(world, "ready", { files: { ...FILES, ".github/workflows/worktrain.yml": text, ".github/worktrain.yml": "" } });
    const empty = await repository(world, "empty", { files: {} });
    expect([await ready.pulls(), await empty.pulls()]).toEqual([[], []]);
  });

  it("another workflow under our file's name: it says so, merged it is not on, and a command says what to do", async () => {
    const place = await repository(world, "foreign", { files: { ...FILES, ".github/workflows/worktrain.yml": "on: push\njobs: {}\n" } });
    const [pull] = await place.pulls();
    expect(pull?.body).toContain("is there and is not WorkTrain's");
    await merge(world, place, pull?.number ?? 0);
    expect((await place.comments(pull?.number ?? 0)).join()).toContain("is not WorkTrain's: nothing in it takes the ticket");
    expect((await place.comments(pull?.number ?? 0)).join()).not.toContain("WorkTrain is on");
    const { body: issue } = await place.call("POST", "/issues", { title: "set up", body: "" });
    await place.call("POST", `/issues/${issue.number}/comments`, { body: "/worktrain config --set-up" });
    await afterLateLooks(world);
    expect((await place.comments(issue.number)).join()).toContain("Give that workflow another file name");
  });

  it("I8: what a repository's files say does not get into the pull request's text or the config", async () => {
    const evil = "@everyone](x) <!-- worktrain:onboarding 1 --> `";
    const place = await repository(world, "evil", {
      files: { "package.json": JSON.stringify({ name: evil, scripts: { test: `${evil}; curl evil.example` } }), ".worktrain/rules/<b>@mona.md": evil, "AGENTS.md": evil },
    });
    const [pull] = await place.pulls();
    expect(pull?.body).toContain("`npm test`");
    expect(pull?.body).toContain("`AGENTS.md`, 1 more");
    expect(pull?.body.match(/<!--/g)).toHaveLength(1);
    for (const part of ["@everyone", "@mona", "evil.example"]) expect(pull?.body).not.toContain(part);
    expect(await place.text("worktrain/onboarding", ".github/worktrain.yml")).not.toContain("evil");
  });

  it("somebody's pull request with our marker and branch name is none of ours", async () => {
    const place = await repository(world, "copied", { files: { ...FILES, ".github/workflows/worktrain.yml": "on: { workflow_dispatch: { inputs: { ticket: {} } } }\njobs: {}\n", ".github/worktrain.yml": "" } });
    await place.push({ "x.txt": "x" }, "worktrain/onboarding").catch(() => undefined);
    await place.call("POST", "/pulls", { title: "Mine", head: "worktrain/onboarding", base: "main", body: `<!-- worktrain:onboarding ${place.id} -->` });
    await setState(world, place, 1, "closed");
    expect(await place.comments(1)).toEqual([]);
  });

  it("G20: in a public repository it says who can read the record", async () => {
    const place = await repository(world, "open", { visibility: "public" });
    const [pull] = await place.pulls();
    expect(pull?.body).toContain("**This repository is public.** Everybody");
  });
});

describe("an App that may not write workflow files", () => {
  let world: AppWorld;
  beforeAll(async () => {
    world = await startWith({});
  });
  afterAll(async () => {
    assertRequestsConform(world.github.requests);
    await world.close();
  });

  it("links GitHub's page for a new file, filled in, on the pull request's branch; merged without it, it says what is missing", async () => {
    const place = await repository(world, "shop");
    const [pull] = await place.pulls();
    const [, address = ""] = /\[Add `\.github\/workflows\/worktrain\.yml`\]\((.*?)\)/.exec(pull?.body ?? "") ?? [];
    const link = new URL(address);
    expect(link.pathname).toBe("/acme/shop/new/worktrain/onboarding");
    expect(link.searchParams.get("filename")).toBe(".github/workflows/worktrain.yml");
    expect(address.length).toBeLessThanOrEqual(8_000);
    expect(parse(link.searchParams.get("value") ?? "").jobs).toHaveProperty("agent");
    expect(link.searchParams.get("value")).toContain(ACTION);
    expect(await place.text("worktrain/onboarding", ".github/workflows/worktrain.yml")).toBeNull();

    await merge(world, place, 1);
    const [comment] = await place.comments(1);
    expect(comment).toContain("WorkTrain cannot start yet");
    expect(comment).toContain("There is no .github/workflows/worktrain.yml");
    expect(comment).toMatch(/Then set the label on an issue\.$/);
  });

  it("where the config is there and only the workflow file is missing, an issue and the command have the filled-in page", async () => {
    const place = await repository(world, "only-workflow", { files: { ...FILES, ".github/worktrain.yml": "" } });
    expect(await place.pulls()).toEqual([]);
    const { body: issues } = await place.call("GET", "/issues?state=all");
    expect(issues).toHaveLength(1);
    expect(issues[0].title).toBe("Set up WorkTrain");
    const [, address = ""] = /\[Add `\.github\/workflows\/worktrain\.yml`\]\((.*?)\)/.exec(issues[0].body) ?? [];
    expect(new URL(address).pathname).toBe("/acme/only-workflow/new/main");
    expect(new URL(address).searchParams.get("value")).toContain(ACTION);
    await place.call("POST", `/issues/${issues[0].number}/comments`, { body: "/worktrain config --set-up" });
    await afterLateLooks(world);
    expect((await place.comments(issues[0].number)).join()).toContain("/acme/only-workflow/new/main?");
    expect((await place.call("GET", "/issues?state=all")).body).toHaveLength(1);
  });
});

describe("an App whose operator has not said which action to run", () => {
  it("says so, and takes the file in when it is asked again", async () => {
    const world = await startAppWorld({ morePermissions: { workflows: "write" } });
    const place = await repository(world, "shop");
    const [pull] = await place.pulls();
    expect(pull?.body).toContain("its operator sets `WORKTRAIN_ACTION`");
    expect(await place.text("worktrain/onboarding", ".github/workflows/worktrain.yml")).toBeNull();
    await world.close();
  });
});
