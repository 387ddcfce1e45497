/** What cleanup removes, and above all what it does not. */
import { existsSync, mkdirSync, mkdtempSync, openSync, closeSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { register, runningDirectory } from "../../../src/hosts/cli/run/running.ts";
import { openDirectoryJournal } from "../../../src/journal/index.ts";
import { nodeFileSystem } from "../../../src/shared/node-ports.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { writeFinishedItem } from "../../fakes/finished-item.ts";
import { makeTicket } from "../../fakes/tickets.ts";
import { shell, type Shell } from "./in-process.ts";

const root = mkdtempSync(join(tmpdir(), "worktrain-cleanup-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const DAY = 24 * 60 * 60;
let data: string;
let cli: Shell;
let count = 0;

beforeEach(() => {
  data = join(root, `data-${(count += 1)}`);
  mkdirSync(data);
  cli = shell({ data });
});

/** An item that ended or stands in the middle, as old as it is said to be. */
async function item(name: string, { lost = false, days = 60 }: { readonly lost?: boolean; readonly days?: number } = {}): Promise<string> {
  const directory = join(data, "items", name);
  const journal = await openDirectoryJournal({ directory: join(directory, "journal"), fs: nodeFileSystem, clock: fakeClock() });
  const { ticket, ticketText } = makeTicket();
  await writeFinishedItem(journal, { ticket, ticketText, runId: 9, tree: "c".repeat(40), files: {}, lost });
  await journal.close();
  mkdirSync(join(directory, "workspace"));
  writeFileSync(join(directory, "workspace", "big"), Buffer.alloc(100_000));
  age(directory, days);
  return directory;
}

function age(directory: string, days: number): void {
  const then = Date.now() / 1_000 - days * DAY;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) utimesSync(join(entry.parentPath, entry.name), then, then);
  utimesSync(directory, then, then);
}

const fates = (said: Awaited<ReturnType<Shell["run"]>>): Readonly<Record<string, string>> => Object.fromEntries(said.data.entries.map(({ name, fate }: { readonly name: string; readonly fate: string }) => [name, fate]));

test("without --yes nothing goes; with it what ended and is old goes, and what can be gone on with stays", async () => {
  const [old, young, open] = [await item("local-old"), await item("local-young", { days: 2 }), await item("local-open", { lost: true })];
  const dry = await cli.run("cleanup", "--older-than", "30d");
  expect(dry).toMatchObject({ exitCode: 0, data: { dryRun: true } });
  expect(fates(dry)).toEqual({ "local-old": "goes", "local-open": "stays" });
  expect(dry.text).toMatch(/would go {2}item local-old {2}1\d\d KB, last used/);
  expect(dry.text).toContain("worktrain resume local-open");
  expect(dry.text).toContain("Nothing was removed yet: --yes does it.");
  expect([old, young, open].every((path) => existsSync(path))).toBe(true);

  const done = await cli.run("cleanup", "--older-than", "30d", "--yes");
  expect(fates(done)).toEqual({ "local-old": "removed", "local-open": "stays" });
  expect([old, young, open].map((path) => existsSync(path))).toEqual([false, true, true]);
  expect(readdirSync(data)).toEqual(["items"]);
  expect(fates(await cli.run("cleanup", "--older-than", "30d", "--yes", "--include-open"))).toEqual({ "local-open": "removed" });
});

test("an age and a size must both hold; sessions count as items do; what cannot be read stays", async () => {
  await item("local-a");
  const begun = await cli.run("session", "start", "wr.classify-task", "--goal", "x", "--workspace", data);
  age(join(data, "sessions", begun.data.sessionId), 90);
  const broken = join(data, "items", "local-broken", "journal", "epochs");
  mkdirSync(broken, { recursive: true });
  writeFileSync(join(broken, "000001.jsonl"), "{}\n");
  age(join(data, "items", "local-broken"), 90);
  expect(fates(await cli.run("cleanup", "--older-than", "8w"))).toEqual({ "local-a": "goes", "local-broken": "stays", [begun.data.sessionId]: "stays" });
  expect(fates(await cli.run("cleanup", "--older-than", "8w", "--larger-than", "50KB"))).toEqual({ "local-a": "goes" });
  expect(fates(await cli.run("cleanup", "--larger-than", "1GB"))).toEqual({});
  expect(fates(await cli.run("cleanup", "--older-than", "8w", "--include-open", "--yes"))).toEqual({ "local-a": "removed", "local-broken": "removed", [begun.data.sessionId]: "removed" });
});

test("what a running process holds stays, whatever is asked for: by the list of runs, by an open file, by where it works", async () => {
  const [listed, opened, worked] = [await item("local-listed"), await item("local-opened"), await item("local-worked")];
  const registration = register(runningDirectory(data), { item: "local-listed", directory: listed });
  const file = openSync(join(opened, "workspace", "big"), "r");
  const child = spawn(process.execPath, ["-e", "process.stdin.resume(); process.stdout.write('up')"], { cwd: join(worked, "workspace"), stdio: ["pipe", "pipe", file] });
  closeSync(file);
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("The child has no pipes.");
  await once(stdout, "data");
  const all = ["cleanup", "--older-than", "1d", "--include-open", "--yes"] as const;
  const held = await cli.run(...all);
  expect(held.data.entries.map(({ name, fate, why }: { readonly name: string; readonly fate: string; readonly why: string }) => `${name} ${fate}: ${why}`)).toEqual([
    `local-listed stays: process ${process.pid} is at work on it`,
    "local-opened stays: a running process has files of it open",
    "local-worked stays: a running process has files of it open",
  ]);
  stdin.end();
  await once(child, "exit");
  registration.end();
  expect(Object.values(fates(await cli.run(...all)))).toEqual(["removed", "removed", "removed"]);
});

test("a link is not followed, and a time in the future by a clock that jumped makes nothing old", async () => {
  const elsewhere = join(root, `elsewhere-${count}`);
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, "precious"), "x");
  const directory = await item("local-linked");
  symlinkSync(elsewhere, join(directory, "workspace", "link"));
  symlinkSync(elsewhere, join(data, "items", "local-link"));
  await item("local-future", { days: -400 });
  expect(fates(await cli.run("cleanup", "--older-than", "30d", "--yes"))).toEqual({ "local-linked": "removed" });
  expect(readdirSync(elsewhere)).toEqual(["precious"]);
  expect(readdirSync(join(data, "items"))).toEqual(["local-future", "local-link"]);
});

test("what is asked for is said clearly or refused", async () => {
  expect(await cli.refusal("cleanup")).toContain("needs --older-than or --larger-than");
  expect(await cli.refusal("cleanup", "--older-than", "30")).toContain('--older-than "30" is no age. Write hours, days or weeks');
  expect(await cli.refusal("cleanup", "--older-than", "-1d")).toContain("is no age");
  expect(await cli.refusal("cleanup", "--larger-than", "big")).toContain("is no size");
  // Who names one session means that one, not every old one.
  expect(await cli.refusal("cleanup", "local-a", "--older-than", "1d", "--yes")).toContain('`worktrain cleanup` does not take "local-a"');
  expect(await cli.run("cleanup", "--older-than", "1d", "--yes")).toMatchObject({ exitCode: 0, data: { entries: [] } });
});
