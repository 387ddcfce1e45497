import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { parseConfig } from "../../../src/config/index.ts";
import { workflowFindings } from "../../../src/hosts/cli/doctor/workflow-file.ts";
import { publicTicketKey } from "../../../src/github/trust/index.ts";
import { ticketKeyPem } from "../app/running-app.ts";
import { shell, type Shell } from "./in-process.ts";

const ACTION = `acme/worktrain/action@${"b".repeat(40)}`;
const KEY = publicTicketKey(ticketKeyPem);
const WORKFLOW = ".github/workflows/worktrain.yml";

let clone: string;
let cli: Shell;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "worktrain-init-"));
  execFileSync("git", ["init", "--quiet", clone]);
  execFileSync("git", ["-C", clone, "remote", "add", "origin", "https://github.com/acme/shop.git"]);
  cli = shell({ data: clone });
});
afterEach(() => rmSync(clone, { recursive: true }));

const add = (files: Readonly<Record<string, string>>): void => {
  for (const [path, text] of Object.entries(files)) writeFileSync(join(clone, path), text);
  execFileSync("git", ["-C", clone, "add", "--all"]);
};
const read = (path: string): string => readFileSync(join(clone, path), "utf8");

test("it writes both files as the doctor wants them, and says what is left and where to click", async () => {
  add({ "go.mod": "module shop", "main.go": "package main", "CLAUDE.md": "x" });
  const { exitCode, text, data } = await cli.run("init", "--action", ACTION, "--public-key", KEY);
  expect(exitCode).toBe(0);
  expect(data.files.map(({ state }: { state: string }) => state)).toEqual(["written", "written"]);
  expect(workflowFindings(read(WORKFLOW), readFileSync("templates/worktrain.yml", "utf8"), KEY).filter(({ ok }) => ok !== true)).toEqual([]);
  expect(parseConfig(read(".github/worktrain.yml"), "c")).toMatchObject({ ok: true, value: { commands: { test: "go test ./..." } } });
  for (const said of ["Go; tests: go test ./...", "CLAUDE.md", "https://github.com/acme/shop/settings/environments", "ANTHROPIC_API_KEY"]) expect(text).toContain(said);
});

test("it overwrites nothing, and a second time changes nothing", async () => {
  mkdirSync(join(clone, ".github"));
  add({ ".github/worktrain.yml": "label: go\n" });
  await cli.run("init", "--action", ACTION, "--public-key", KEY);
  writeFileSync(join(clone, WORKFLOW), "mine");
  const { data } = await cli.run("init", "--action", ACTION, "--public-key", KEY);
  expect(data.files.map(({ state }: { state: string }) => state)).toEqual(["kept", "kept"]);
  expect([read(".github/worktrain.yml"), read(WORKFLOW)]).toEqual(["label: go\n", "mine"]);
});

test("without the action or the key no workflow file with a placeholder is left behind; what is missing is named", async () => {
  const { exitCode, text } = await cli.run("init", "--action", ACTION);
  expect(exitCode).toBe(1);
  expect(existsSync(join(clone, WORKFLOW))).toBe(false);
  expect(text).toContain("MISSING  .github/workflows/worktrain.yml");
  expect(text).toContain("Run this again with --public-key");
  const own = shell({ data: clone, environment: { app: { id: null, privateKey: null, privateKeyPath: null, ticketKey: ticketKeyPem } } });
  expect((await own.run("init", "--action", ACTION)).exitCode).toBe(0);
  expect(read(WORKFLOW)).toContain(`public-key: ${KEY}`);
});

test("an action that is not pinned, a key that is none, and a place that is no clone are refused", async () => {
  expect(await cli.refusal("init", "--action", "acme/worktrain/action@v1")).toContain("no action pinned by commit");
  expect(await cli.refusal("init", "--public-key", "hello")).toContain("--public-key");
  expect(await shell({ data: tmpdir() }).refusal("init")).toContain("is in no git clone");
});

test("attack: a repository's link leads nothing out of the clone", async () => {
  const outside = mkdtempSync(join(tmpdir(), "worktrain-outside-"));
  writeFileSync(join(outside, "package.json"), JSON.stringify({ scripts: { test: "x" } }));
  symlinkSync(outside, join(clone, ".github"));
  symlinkSync(join(outside, "package.json"), join(clone, "package.json"));
  execFileSync("git", ["-C", clone, "add", "--all"]);
  expect(await cli.refusal("init", "--action", ACTION, "--public-key", KEY)).toContain("outside of the clone");
  expect(existsSync(join(outside, "workflows"))).toBe(false);
  rmSync(outside, { recursive: true });
});

test("without the App: three files that fit together, a key outside of the clone that is shown to nobody, and a second time the same", async () => {
  const data = mkdtempSync(join(tmpdir(), "worktrain-data-"));
  const own = shell({ data: clone, environment: { dataDirectory: data } });
  const { text, data: said } = await own.run("init", "--action-only", "--action", ACTION);
  const keyFile = join(data, "keys", "acme-shop.pem");
  const pem = readFileSync(keyFile, "utf8");
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  expect(read(WORKFLOW)).toContain(`public-key: ${publicTicketKey(pem)}`);
  expect(workflowFindings(read(WORKFLOW), readFileSync("templates/worktrain.yml", "utf8"), publicTicketKey(pem)).filter(({ ok }) => ok !== true)).toEqual([]);
  const pinned = ACTION.replace("@", "/intake@");
  const [tell, intake] = [parse(read(WORKFLOW)).jobs.tell, parse(read(".github/workflows/worktrain-intake.yml"))];
  expect([tell.steps[0].uses, intake.jobs.intake.steps[0].uses]).toEqual([pinned, pinned]);
  expect(`${read(WORKFLOW)}${read(".github/workflows/worktrain-intake.yml")}`).not.toContain("__");
  expect(text).toContain(`gh secret set WORKTRAIN_TICKET_KEY --env worktrain-intake < ${keyFile}`);
  expect(text).not.toContain("Install the App");
  expect(text + JSON.stringify(said)).not.toContain(pem.split("\n")[1]);
  const again = await own.run("init", "--action-only", "--action", ACTION);
  expect(again.data.files.map(({ state }: { state: string }) => state)).toEqual(["kept", "kept", "kept"]);
  expect(readFileSync(keyFile, "utf8")).toBe(pem);
  rmSync(data, { recursive: true });
});

test("without the App and without the action: nothing is written that would start nothing, and no key is made", async () => {
  const { exitCode, text } = await cli.run("init", "--action-only");
  expect(exitCode).toBe(1);
  expect(text).toContain("Run this again with --action");
  expect([existsSync(join(clone, WORKFLOW)), existsSync(join(clone, ".github/workflows/worktrain-intake.yml")), existsSync(join(clone, "keys"))]).toEqual([false, false, false]);
});
