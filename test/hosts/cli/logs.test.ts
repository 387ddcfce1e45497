/** verify, replay, export, import and stats, on logs that are whole. What is not whole stands in test/hostile/logs.test.ts. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { savedItem } from "../../../src/hosts/cli/run/local-item.ts";
import { git } from "../../../src/hosts/demo/world.ts";
import { openDirectoryJournal } from "../../../src/journal/index.ts";
import { sha256Hex } from "../../../src/shared/hash.ts";
import { nodeFileSystem } from "../../../src/shared/node-ports.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { writeFinishedItem } from "../../fakes/finished-item.ts";
import { makeTicket } from "../../fakes/tickets.ts";
import { shell, type Shell } from "./in-process.ts";

const GOLDEN = join(import.meta.dirname, "..", "..", "golden", "0.1", "journal");
const CANARY = "canary-0123456789";
let directory: string;
let data: string;
let cli: Shell;
let session: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "worktrain-logs-"));
  data = join(directory, "data");
  mkdirSync(data);
  cli = shell({ data });
  const begun = await cli.run("session", "start", "wr.classify-task", "--goal", `Mend the total ${CANARY}`, "--workspace", directory);
  session = begun.data.sessionId;
  await cli.run("session", "checkpoint", session, "--note", "here");
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Every file below a directory with its content's hash. */
const contents = (root: string): Readonly<Record<string, string>> =>
  Object.fromEntries(readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => [join(entry.parentPath, entry.name).slice(root.length), sha256Hex(readFileSync(join(entry.parentPath, entry.name)))]));

describe("verify", () => {
  test("tells lines, streams and heads of a session by its id, and of any journal directory", async () => {
    const own = await cli.run("verify", session);
    expect(own).toMatchObject({ exitCode: 0, data: { ok: true, lines: 3, faults: [], sessions: [{ sessionId: session, workflow: { id: "wr.classify-task" }, outcome: null }], salvage: { lines: 3 } } });
    expect(own.text).toMatch(/whole, 3 lines, 1 streams\n {2}session\/\S+ {2}3 lines, head 3 [0-9a-f]{12}\n/);
    const golden = await cli.run("verify", GOLDEN);
    expect(golden).toMatchObject({ exitCode: 0, data: { ok: true, lines: 291, faultCount: 0 } });
    expect(golden.data.streams).toHaveLength(14);
  });

  test("what is torn off by a crash is no fault, and is said", async () => {
    const torn = join(directory, "torn");
    cpSync(GOLDEN, torn, { recursive: true });
    const file = join(torn, "epochs", "000001.jsonl");
    writeFileSync(file, readFileSync(file).subarray(0, statSync(file).size - 10));
    expect(await cli.run("verify", torn)).toMatchObject({ exitCode: 0, data: { ok: true, lines: 290, notes: [expect.stringContaining("tail_truncated"), expect.any(String)] } });
  });

  test("without a log of that name it says where it looked", async () => {
    expect(await cli.refusal("verify", "nope")).toContain(`There is no session, item or journal "nope". Looked in ${data}`);
    expect(await cli.refusal("verify")).toContain("needs a journal, a run or a pull request");
    expect(await cli.refusal("verify", "12345")).toContain("--repository OWNER/NAME");
  });
});

test("replay makes every decision again, tells what was decided otherwise, and what cannot be decided again", async () => {
  expect(await cli.run("replay", session)).toMatchObject({ exitCode: 0, data: { same: true, recomputed: 3, differences: [], notRecomputable: [] } });
  const golden = await cli.run("replay", GOLDEN);
  expect(golden).toMatchObject({ exitCode: 1, data: { same: false, recomputed: 291 } });
  expect(golden.data.differences.filter(({ wordsOnly }: { readonly wordsOnly: boolean }) => !wordsOnly)).toMatchObject([{ stream: "session/golden-fixture-acceptance", seq: 51, expected: { kind: "gate_opened" }, found: { kind: "step_completed" } }]);
  expect(golden.text).toContain("session/golden-fixture-acceptance seq 51:");
});

describe("export and import", () => {
  test("a session goes to another data directory line for line, and goes on there; the tokens of the first do not hold", async () => {
    const file = join(directory, "session.worktrain");
    const told = await cli.run("export", session, "-o", file);
    expect(told).toMatchObject({ exitCode: 0, data: { lines: 3, importable: true, redacted: { lines: [], blobs: [] }, sha256: sha256Hex(readFileSync(file)) } });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await cli.run("verify", file)).toMatchObject({ exitCode: 0, data: { ok: true, lines: 3 } });
    expect(await cli.run("replay", file)).toMatchObject({ exitCode: 0, data: { same: true } });

    const other = join(directory, "other");
    const there = shell({ data: other });
    expect(await there.run("import", file, "--workspace", directory)).toMatchObject({ exitCode: 0, data: { kind: "session", name: session, imported: true, next: `worktrain session next ${session}` } });
    const journal = (root: string): string => join(root, "sessions", session, "journal");
    expect(contents(join(journal(other), "epochs"))["/000001.jsonl"]).toBe(sha256Hex([...readdirSync(join(journal(data), "epochs"))].map((name) => readFileSync(join(journal(data), "epochs", name), "utf8")).filter((text, index) => index === 0 && text !== "").join("")));
    const { continueToken } = (await cli.run("session", "next", session)).data;
    expect(await there.refusal("session", "next", continueToken)).toContain("was not handed out from this data directory");
    const next = await there.run("session", "next", session);
    expect(next.data).toMatchObject({ status: "step", step: { id: "read-task" } });
    expect((await there.run("session", "rewind", session, "--to", "c1")).data).toMatchObject({ status: "step" });
  });

  test("nothing is ever overwritten: neither a file, nor a log that is there and differs; the same log again changes nothing", async () => {
    const file = join(directory, "again.worktrain");
    await cli.run("export", session, "--output", file);
    expect(await cli.refusal("export", session, "--output", file)).toContain("is there already; nothing is overwritten");
    const other = join(directory, "twice");
    const there = shell({ data: other });
    await there.run("import", file);
    const before = contents(other);
    expect(await there.run("import", file)).toMatchObject({ exitCode: 0, data: { imported: false } });
    expect(contents(other)).toEqual(before);
    await there.run("session", "checkpoint", session);
    const grown = contents(other);
    expect(await there.refusal("import", file)).toMatch(/is in \S+ already and differs: session\/\S+ stands at seq \d there, at \d in the file\. Nothing is overwritten/);
    expect(contents(other)).toEqual(grown);
  });

  test("I6: a secret of the environment is taken out again; the copy says which lines, holds its chain by the old hashes, and is no log", async () => {
    const secretive = shell({ data, environment: { secrets: [CANARY] } });
    const file = join(directory, "redacted.worktrain");
    const told = await secretive.run("export", session, "-o", file);
    expect(told.data).toMatchObject({ importable: false, redacted: { lines: [1] } });
    expect(told.text).toContain("change those secrets");
    const copy = await cli.run("verify", file);
    expect(copy).toMatchObject({ exitCode: 0, data: { ok: true, lines: 3, redacted: { lines: [1] }, notes: [expect.stringContaining("what they said is not proven"), expect.any(String)] } });
    expect(copy.data.streams).toEqual((await cli.run("verify", session)).data.streams);
    expect(await cli.refusal("import", file)).toContain("a copy that secrets were taken out of");
    const plain = await import("node:zlib").then(({ gunzipSync }) => gunzipSync(readFileSync(file)).toString());
    expect(plain).not.toContain(CANARY);
    expect(plain).toContain("Mend the total [redacted]");
  });

  test("a whole item, files included, and as a name that another repository's issue 12 does not take", async () => {
    const item = join(directory, "item", "journal");
    const journal = await openDirectoryJournal({ directory: item, fs: nodeFileSystem, clock: fakeClock() });
    const { ticket, ticketText } = makeTicket();
    await writeFinishedItem(journal, { ticket, ticketText, runId: 9, tree: "c".repeat(40), files: { "a.txt": { text: "mended\n" } } });
    await journal.close();
    const file = join(directory, "item.worktrain");
    expect((await cli.run("export", item, "-o", file)).data).toMatchObject({ item: "7/issue-12/1", blobs: 5, importable: true });
    expect((await cli.run("import", file)).data).toMatchObject({ kind: "item", name: "7-issue-12-1", imported: true });
    for (const name of ["7-issue-12-1", "7/issue-12/1"]) expect(await cli.run("verify", name)).toMatchObject({ exitCode: 0, data: { ok: true } });
    expect(await cli.refusal("import", file, "--workspace", directory)).toContain("is an item of GitHub");
  });
});

test("a local task that is imported with a clone can be gone on with there", async () => {
  const clone = join(directory, "clone");
  mkdirSync(clone);
  await git(clone, ["init", "--quiet", "--initial-branch=main"]);
  writeFileSync(join(clone, "a.txt"), "a\n");
  await git(clone, ["add", "--all"]);
  await git(clone, ["commit", "--quiet", "--message", "first"]);
  const place = join(directory, "local");
  const journal = await openDirectoryJournal({ directory: join(place, "journal"), fs: nodeFileSystem, clock: fakeClock() });
  const { ticket, ticketText } = makeTicket({ item: "0/local-abc/1", base: { ref: "main", sha: await git(clone, ["rev-parse", "HEAD"]) } });
  await writeFinishedItem(journal, { ticket, ticketText, runId: 0, tree: "c".repeat(40), files: {}, lost: true });
  await journal.close();
  const file = join(directory, "local.worktrain");
  await cli.run("export", place, "-o", file);
  const other = join(directory, "with clone");
  const told = await shell({ data: other, environment: { dataDirectory: data } }).run("import", file, "--workspace", clone, "--data", other);
  expect(told.data).toMatchObject({ name: "local-abc", next: `worktrain resume local-abc --data '${other}'` });
  expect(savedItem("local-abc", other).saved).toMatchObject({ itemId: "0/local-abc/1", goal: "Totals are off by one cent\n\nRounding happens too early.\n\nSee `sum()`.", source: clone, base: ticket.base, sandbox: "bubblewrap" });
  expect(await shell({ data: join(directory, "third") }).refusal("import", file, "--workspace", directory)).toContain("is not a git clone");
  // Also where it was imported for reading only before.
  const read = shell({ data: join(directory, "fourth") });
  await read.run("import", file);
  expect((await read.run("import", file, "--workspace", clone)).data).toMatchObject({ imported: false, next: expect.stringContaining("worktrain resume") });
  expect(readdirSync(join(directory, "fourth", "items")).flatMap((name) => readdirSync(join(directory, "fourth", "items", name)))).toContain("run.json");
  expect(await cli.refusal("import", place)).toContain("is a journal directory, not an exported file. Make one of it first");
});

test("stats tells counts, time at work and outcomes by workflow and step, and passes over what it cannot read", async () => {
  const place = join(directory, "stats");
  cpSync(join(data, "sessions"), join(place, "sessions"), { recursive: true });
  mkdirSync(join(place, "sessions", "broken-01234567", "journal", "epochs"), { recursive: true });
  writeFileSync(join(place, "sessions", "broken-01234567", "journal", "epochs", "000001.jsonl"), "{}\n");
  cpSync(GOLDEN, join(place, "items", "local-golden", "journal"), { recursive: true });
  const told = await shell({ data: place }).run("stats");
  expect(told.exitCode).toBe(0);
  expect(told.data.passedOver).toEqual([{ name: "broken-01234567", reason: expect.stringContaining("000001.jsonl line 1 is refused") }]);
  expect(told.data.workflows.find(({ workflowId }: { readonly workflowId: string }) => workflowId === "wr.classify-task")).toMatchObject({ sessions: 1, outcomes: { open: 1 } });
  expect(told.data.workflows.find(({ workflowId }: { readonly workflowId: string }) => workflowId === "fixture.child")).toMatchObject({ sessions: 7, duration: { count: 6, expected: { samples: 6 } }, steps: [{ count: expect.any(Number), p50Ms: 0 }] });
  expect(told.text).toContain("fixture.child: 7 sessions");
  expect(await shell({ data: join(directory, "nothing") }).run("stats")).toMatchObject({ exitCode: 0, text: expect.stringContaining("No session") });
});
