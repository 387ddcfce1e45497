/** Logs and files of somebody who means ill, or of a disk that failed: each is refused with its reason, and nothing is overwritten. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDirectorySegmentStore, createSegmentSaver, encodeSegment, openMemoryJournal } from "../../src/journal/index.ts";
import type { ItemEvent } from "../../src/record/index.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { canonicalJson } from "../../src/shared/json.ts";
import { nodeFileSystem } from "../../src/shared/node-ports.ts";
import type { FileSystem } from "../../src/shared/ports.ts";
import { fakeClock } from "../fakes/clock.ts";
import { writeFinishedItem } from "../fakes/finished-item.ts";
import { makeTicket } from "../fakes/tickets.ts";
import { shell, type Shell } from "../hosts/cli/in-process.ts";

let directory: string;
/** A whole item in segments, one file each, in chain order. */
let segments: readonly string[];
let store: string;
let cli: Shell;
let scratch: string;
let count = 0;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "worktrain-hostile-logs-"));
  store = join(directory, "segments");
  const clock = fakeClock();
  const journal = openMemoryJournal({ clock });
  const saver = createSegmentSaver({ journal, store: createDirectorySegmentStore({ directory: store, fs: nodeFileSystem, runId: 9 }), item: { repositoryId: 7, subject: "issue-12", attempt: 1 }, runId: 9, runAttempt: 1, previous: null });
  const { ticket, ticketText } = makeTicket();
  await writeFinishedItem(journal, { ticket, ticketText, runId: 9, tree: "c".repeat(40), files: { "a.txt": { text: "mended\n" } }, concluded: async (phase) => void (await saver.save({ phase, step: "done", costMilliUsd: 1, ending: null })) });
  await saver.save({ phase: "review", step: "end", costMilliUsd: 1, ending: "ready" });
  segments = saver.saved().map(({ name }) => join(store, name));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
beforeEach(() => {
  scratch = join(directory, `scratch-${(count += 1)}`);
  mkdirSync(scratch);
  cli = shell({ data: join(scratch, "data") });
});

const put = (name: string, bytes: string | Uint8Array): string => {
  const path = join(scratch, name);
  writeFileSync(path, bytes);
  return path;
};
/** The segments in a directory of their own, each as `change` makes it; null leaves it out. */
function copies(change: (bytes: Buffer, index: number) => Uint8Array | null): string {
  const place = join(scratch, "copies");
  mkdirSync(place);
  for (const [index, path] of segments.entries()) {
    const bytes = change(readFileSync(path), index);
    if (bytes !== null) writeFileSync(join(place, basename(path)), bytes);
  }
  return place;
}
interface Header {
  readonly lines: number;
  readonly lineBytes: number;
  readonly blobs: readonly { readonly bytes: number }[];
}
/** A segment with its header and lines changed, its counts made right again: what somebody writes who knows the format. */
function rewritten(bytes: Buffer, change: (lines: readonly string[]) => readonly string[], header: (given: object) => object = (given) => given): Uint8Array {
  const plain = gunzipSync(bytes);
  const end = plain.indexOf("\n") + 1;
  const given: Header = JSON.parse(plain.toString("utf8", 0, end));
  const lines = change(plain.toString("utf8", end, end + given.lineBytes).split("\n").slice(0, -1));
  const log = Buffer.from(lines.map((line) => `${line}\n`).join(""));
  return gzipSync(Buffer.concat([Buffer.from(`${canonicalJson(header({ ...given, lines: lines.length, lineBytes: log.length }))}\n`), log, plain.subarray(end + given.lineBytes)]));
}
/** Lines chained anew from their own first one on. */
function rehashed(lines: readonly string[]): readonly string[] {
  const heads = new Map<string, string>();
  return lines.map((line) => {
    const value: { stream: string; prev: string } = JSON.parse(line);
    const text = canonicalJson({ ...value, prev: heads.get(value.stream) ?? value.prev });
    heads.set(value.stream, sha256Hex(`${text}\n`));
    return text;
  });
}
function linesAtAll(): number {
  return segments.reduce((sum, path) => sum + gunzipSync(readFileSync(path)).toString("latin1").split("\n").filter((line) => line.startsWith('{"at"')).length, 0);
}

test("the segments as they are, in any order and some of them twice, are whole", async () => {
  const place = copies((bytes) => bytes);
  mkdirSync(join(place, "nested"));
  cpSync(segments[0] ?? "", join(place, "nested", basename(segments[0] ?? "")));
  expect(await cli.run("verify", place)).toMatchObject({ exitCode: 0, data: { ok: true, lines: linesAtAll(), notes: expect.arrayContaining([expect.stringContaining("it counts once")]) } });
  expect(await cli.run("import", place)).toMatchObject({ exitCode: 0, data: { name: "7-issue-12-1", imported: true } });
});

describe("a compaction", () => {
  /** Four segments and a compaction of them, one more behind it, and what another run saved that went its own way. */
  async function compacted(): Promise<{ readonly place: string; readonly compaction: string; readonly lines: number }> {
    const place = join(scratch, "compacted");
    const journal = openMemoryJournal({ clock: fakeClock() });
    const options = { journal, store: createDirectorySegmentStore({ directory: place, fs: nodeFileSystem, runId: 9 }), item: { repositoryId: 7, subject: "issue-12", attempt: 1 }, runId: 9, runAttempt: 1, previous: null, earlier: { lines: [], refs: [] } };
    const saver = createSegmentSaver(options);
    const { ticket, ticketText } = makeTicket();
    const request = { phase: "review", step: "s", costMilliUsd: 1, ending: null } as const;
    await writeFinishedItem(journal, { ticket, ticketText, runId: 9, tree: "c".repeat(40), files: { "a.txt": { text: "mended\n" } }, lost: true, concluded: async () => void (await saver.save(request)) });
    const append = async (event: ItemEvent) => void (await journal.append("item/7/issue-12/1", await journal.head("item/7/issue-12/1"), [event]));
    await append({ kind: "item_ended", data: { outcome: "stopped", ending: "cancelled", reason: null, snapshot: null } });
    const { name } = await saver.save(request, { compact: true });
    await append({ kind: "delivery_ended", data: { outcome: "said", reason: null } });
    await saver.save(request);
    const lone = createSegmentSaver({ ...options, journal: openMemoryJournal({ clock: fakeClock() }), store: createDirectorySegmentStore({ directory: place, fs: nodeFileSystem, runId: 8 }), runId: 8 });
    await lone.save({ ...request, phase: "probe" });
    return { place, compaction: join(place, name), lines: (await journal.since(null)).lines.length };
  }

  test("beside what it repeats and what another run saved is no fault, and is told", async () => {
    const { place, lines } = await compacted();
    const told = await cli.run("verify", place);
    expect(told).toMatchObject({ exitCode: 0, data: { ok: true, lines, faults: [] } });
    expect(told.data.notes.join("\n")).toMatch(/repeats the \d+ lines of 3 earlier segments[^]*is of run 8, which went its own way/);
    expect(await cli.run("import", place)).toMatchObject({ exitCode: 0, data: { imported: true, lines } });
    expect(await cli.run("export", place, "-o", join(scratch, "one"))).toMatchObject({ data: { lines, importable: true } });
  });

  test("fault 7: that says something else than what it repeats is found out", async () => {
    const { place, compaction } = await compacted();
    writeFileSync(compaction, rewritten(readFileSync(compaction), (lines) => rehashed(lines.map((line) => line.replace("Did it.", "Did more.")))));
    const told = await cli.run("verify", place);
    expect(told.data.ok).toBe(false);
    expect(told.data.faults.map(({ reason }: { readonly reason: string }) => reason).join("\n")).toMatch(/stands for 3 earlier segments and says something else than they do/);
    expect(await cli.refusal("import", place)).toContain("is refused");
  });
});

describe("segments", () => {
  test.each<readonly [string, (bytes: Buffer, index: number) => Uint8Array | null, RegExp]>([
    ["fault 8: one that is missing in the middle", (bytes, index) => (index === 1 ? null : bytes), /goes on from segment \w+, which is not there/],
    ["fault 2: one that is cut off", (bytes, index) => (index === 1 ? bytes.subarray(0, bytes.length - 20) : bytes), /The segment is damaged or was edited: it cannot be expanded/],
    ["fault 6: a flipped bit", (bytes, index) => (index === 1 ? Buffer.from(bytes.map((byte, at) => (at === 200 ? byte ^ 1 : byte))) : bytes), /The segment is damaged or was edited/],
    ["fault 7: an edited line, everything hashed anew within the segment", (bytes, index) => (index === 1 ? rewritten(bytes, (lines) => rehashed(lines.map((line) => line.replace("Did it.", "Did more.")))) : bytes), /goes on from segment \w+, which is not there/],
    ["fault 8: lines in another order", (bytes, index) => (index === 2 ? rewritten(bytes, (lines) => lines.toReversed()) : bytes), /goes from seq \d+ to \d+: seq .* missing/],
    ["fault 8: a line twice", (bytes, index) => (index === 2 ? rewritten(bytes, (lines) => [...lines, lines.at(-1) ?? ""]) : bytes), /has seq \d+ twice/],
    ["fault 11: one of a newer version", (bytes, index) => (index === 2 ? rewritten(bytes, (lines) => lines, (header) => ({ ...header, v: 2 })) : bytes), /needs a WorkTrain that reads record version 2/],
    ["fault 11: a line of a newer version", (bytes, index) => (index === 2 ? rewritten(bytes, (lines) => lines.map((line) => line.replace('"v":1}', '"v":2}'))) : bytes), /needs a WorkTrain that reads record version 2/],
    ["another item's", (bytes, index) => (index === segments.length - 1 ? rewritten(bytes, (lines) => lines, (header) => ({ ...header, item: "7/issue-13/1" })) : bytes), /is of work item 7\/issue-13\/1/],
  ])("%s: refused with the reason, and what stands before it can be salvaged", async (_, change, reason) => {
    const place = copies(change);
    const told = await cli.run("verify", place);
    expect(told).toMatchObject({ exitCode: 1, data: { ok: false } });
    expect(told.data.faults.map(({ reason: why }: { readonly reason: string }) => why).join("\n")).toMatch(reason);
    expect(told.data.salvage.lines).toBeGreaterThan(0);
    expect(told.data.salvage.lines).toBeLessThan(linesAtAll());
    expect(told.text).toMatch(/Can be salvaged: \d+ lines, up to \S+ line \d+\./);
    expect(await cli.refusal("import", place)).toMatch(/is refused: .*`worktrain verify \S+` says what can be salvaged/);
    expect(existsSync(join(scratch, "data"))).toBe(false);
  });

  test("fault 7: a whole log written anew, with every hash right, is found out by what the item says of its sessions", async () => {
    const lines = segments.flatMap((path) => {
      const plain = gunzipSync(readFileSync(path)).toString("latin1");
      return plain.split("\n").filter((line) => line.startsWith('{"at"'));
    });
    const bytes = encodeSegment({ item: "7/issue-12/1", runId: 9, runAttempt: 1, epoch: 1, index: 1, previous: null, lines: rehashed(lines.map((line) => (line.includes('"stream":"session/review-1"') ? line.replace("Did it.", "All is well.") : line))), blobs: [] });
    const told = await cli.run("verify", put("rewritten", bytes));
    expect(told.data.faults).toContainEqual(expect.objectContaining({ stream: "item/7/issue-12/1", reason: expect.stringMatching(/says that session\/review-1 ended at seq \d+ with \w+; another line stands there/) }));
    // Of the session that was written anew nothing is trusted, nor of what came after it began.
    expect(told.data.salvage.heads.map(({ stream }: { readonly stream: string }) => stream)).not.toContain("session/review-1");
    for (const command of ["import", "report", "replay", "export"]) expect(await cli.refusal(command, join(scratch, "rewritten"), ...(command === "export" ? ["-o", join(scratch, "copy")] : []))).toContain("another line stands there");
  });

  test("a session that no event of the item starts is foreign", async () => {
    const journal = openMemoryJournal({ clock: fakeClock() });
    const { ticket, ticketText } = makeTicket();
    await writeFinishedItem(journal, { ticket, ticketText, runId: 9, tree: "c".repeat(40), files: {} });
    await journal.append("session/smuggled", null, [{ kind: "steered", data: { turn: 1, source: "person", text: "Deliver it." } }]);
    const { lines, blobs } = await journal.since(null);
    const file = put("foreign", encodeSegment({ item: "7/issue-12/1", runId: 9, runAttempt: 1, epoch: 1, index: 1, previous: null, lines, blobs }));
    expect(await cli.run("verify", file)).toMatchObject({ exitCode: 1, data: { faults: [{ file: "session/smuggled", reason: expect.stringContaining("foreign to this log") }] } });
    expect(await cli.refusal("import", file)).toContain("foreign to this log");
  });

  test("a blob that the log names and nobody brought is named", async () => {
    const file = put("no-blobs", rewritten(readFileSync(segments[0] ?? ""), (lines) => lines, (header) => header));
    const plain = gunzipSync(readFileSync(file));
    const end = plain.indexOf("\n") + 1;
    const header: Header = JSON.parse(plain.toString("utf8", 0, end));
    writeFileSync(file, gzipSync(Buffer.concat([Buffer.from(`${canonicalJson({ ...header, blobs: [] })}\n`), plain.subarray(end, end + header.lineBytes)])));
    expect(await cli.run("verify", file)).toMatchObject({ exitCode: 1, data: { faults: [{ file: expect.stringMatching(/^blob [0-9a-f]{64}$/), reason: expect.stringContaining("it is missing") }] } });
  });
});

describe("a journal directory", () => {
  const GOLDEN = join(import.meta.dirname, "..", "golden", "0.1", "journal");
  const edited = (change: (lines: readonly string[]) => readonly string[]): ((place: string) => void) => (place) => {
    const file = join(place, "epochs", "000001.jsonl");
    writeFileSync(file, change(readFileSync(file, "utf8").split("\n").slice(0, -1)).map((line) => `${line}\n`).join(""));
  };
  const at = (index: number, change: (line: string) => readonly string[]) => edited((lines) => lines.flatMap((line, each) => (each === index ? change(line) : [line])));

  test.each<readonly [string, (place: string) => void, RegExp, number]>([
    ["fault 8: lines in another order", edited((lines) => [...lines.slice(0, 100), ...lines.slice(100, 103).toReversed(), ...lines.slice(103)]), /line 101: \S+ goes from seq \d+ to \d+/, 100],
    ["fault 8: a line twice", at(100, (line) => [line, line]), /line 102: \S+ has seq \d+ twice/, 101],
    ["fault 8: a line that is missing", at(100, () => []), /line 101: \S+ goes from seq \d+ to \d+: seq \d+ is missing/, 100],
    ["fault 7: an edited line", at(100, (line) => [line.replace(/"kind":"(\w+)","prev"/, '"kind":"$1_","prev"')]), /line 101: its event "\w+_" does not fit the record/, 100],
    ["fault 7: an edited time, which the next line's hash tells", at(100, (line) => [line.replace("2026-01-01T00:00:00", "2025-01-01T00:00:00")]), /line 10\d: \S+ seq \d+ does not follow the line before it/, 100],
    ["fault 11: a newer version", at(100, (line) => [line.replace('"v":1}', '"v":9}')]), /line 101: it needs a WorkTrain that reads record version 9; this one reads up to 1/, 100],
    ["another writer's epoch", at(100, (line) => [line.replace('"epoch":1', '"epoch":2')]), /line 101: it says epoch 2 in the file of epoch 1/, 100],
    ["no JSON", at(100, () => ["<html>502</html>"]), /line 101: it is not one JSON object/, 100],
    ["a directory in the place of an epoch", (place) => mkdirSync(join(place, "epochs", "000002.jsonl")), /000002\.jsonl: it cannot be read \(EISDIR\)/, 291],
    ["a pipe that nobody writes to in the place of an epoch", (place) => void execFileSync("mkfifo", [join(place, "epochs", "000002.jsonl")]), /000002\.jsonl: it cannot be read \(ENOTSUP\)/, 291],
    ["a device without an end in the place of an epoch", (place) => symlinkSync("/dev/zero", join(place, "epochs", "000002.jsonl")), /000002\.jsonl: it cannot be read \(ENOTSUP\)/, 291],
    ["a missing epoch, and one with an absurd number", (place) => writeFileSync(join(place, "epochs", "999999999999.jsonl"), ""), /000002\.jsonl: it is missing, though \S+999999999999\.jsonl is there/, 291],
  ])("%s: where, why, and what stands before it", async (_, change, words, lines) => {
    const place = join(scratch, "journal");
    cpSync(GOLDEN, place, { recursive: true });
    change(place);
    const before = readFileSync(join(place, "epochs", "000001.jsonl"));
    const told = await cli.run("verify", place);
    expect(told).toMatchObject({ exitCode: 1, data: { ok: false, salvage: { lines } } });
    expect(told.text).toMatch(words);
    expect(await cli.refusal("export", place, "-o", join(scratch, "out"))).toMatch(/is refused|is missing|cannot be opened/);
    expect(await cli.refusal("import", place)).toContain("is a journal directory");
    expect(readFileSync(join(place, "epochs", "000001.jsonl")).equals(before)).toBe(true);
  });

  test.each<readonly [string, (path: string) => void, string]>([
    ["a directory", (path) => mkdirSync(path), "EISDIR"],
    ["a pipe that nobody writes to", (path) => void execFileSync("mkfifo", [path]), "ENOTSUP"],
    ["a device without an end", (path) => symlinkSync("/dev/zero", path), "ENOTSUP"],
  ])("%s in the place of a blob is named", async (_, make, code) => {
    const place = join(scratch, "journal");
    cpSync(GOLDEN, place, { recursive: true });
    const [blob] = readdirSync(join(place, "blobs"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const path = join(blob?.parentPath ?? "", blob?.name ?? "");
    rmSync(path);
    make(path);
    expect(await cli.run("verify", place)).toMatchObject({ exitCode: 1, data: { faults: [{ file: `blob ${blob?.name}`, reason: expect.stringContaining(`cannot be read (${code})`) }] } });
    expect(await cli.refusal("replay", place)).toContain(`${path} cannot be read (${code})`);
    expect(await cli.refusal("export", place, "-o", join(scratch, "out"))).toContain(`cannot be read (${code})`);
  });

  test("a changed plan is named, and nothing of it is decided on", async () => {
    const place = join(scratch, "journal");
    cpSync(GOLDEN, place, { recursive: true });
    const blobs = readdirSync(join(place, "blobs"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const blob of blobs) writeFileSync(join(blob.parentPath, blob.name), "{}");
    const told = await cli.run("verify", place);
    expect(told.data.faults).toHaveLength(blobs.length);
    expect(told.data.faults[0].reason).toContain("its bytes do not have the hash in its name");
    expect(await cli.refusal("replay", place)).toContain("its bytes do not have the hash in its name");
    rmSync(join(place, "blobs"), { recursive: true });
    expect(await cli.run("replay", place)).toMatchObject({ exitCode: 0, data: { recomputed: 0, notRecomputable: expect.arrayContaining([{ what: "decisions of the engine", count: 291, reason: expect.stringContaining("the plan") }]) } });
  });
});

describe("fault 20: files that are none of ours", () => {
  test.each<readonly [string, () => string, RegExp]>([
    ["a zip archive, whatever it would unpack to", () => put("slip.zip", Buffer.from("PK\u0003\u0004../../etc/passwd")), /is a zip archive\. Unpack it into a directory of its own/],
    ["a symbolic link", () => (symlinkSync("/etc/passwd", join(scratch, "link")), join(scratch, "link")), /is a symbolic link/],
    ["a directory with a link of our name", () => (mkdirSync(join(scratch, "dir")), symlinkSync("/etc/passwd", join(scratch, "dir", basename(segments[0] ?? ""))), join(scratch, "dir")), /is a symbolic link/],
    ["a device", () => "/dev/zero", /is no regular file/],
    ["a pipe that nobody writes to", () => (execFileSync("mkfifo", [join(scratch, "pipe")]), join(scratch, "pipe")), /is no regular file/],
    ["a directory with nothing of ours", () => scratch, /holds no saved segment and no journal/],
  ])("%s is refused before anything in it is read", async (_, make, reason) => {
    const path = make();
    for (const command of ["verify", "import"]) expect(await cli.refusal(command, path)).toMatch(reason);
  });

  test("a file that is larger than any segment is refused before it is read", async () => {
    const large = put("large", "");
    truncateSync(large, 300 * 1024 * 1024);
    for (const command of ["verify", "import"]) expect(await cli.refusal(command, large)).toContain("has 314572800 bytes; a segment has at most 268435456");
  });

  test("an absurd name leads nowhere and cannot rewrite the terminal", async () => {
    const place = join(scratch, "names");
    mkdirSync(place);
    const name = `worktrain.\u001b[2J..\\..\\x${"y".repeat(200)}`;
    writeFileSync(join(place, name), readFileSync(segments[0] ?? ""));
    const told = await cli.run("verify", join(place, name));
    expect(told.exitCode).toBe(0);
    expect(told.text).not.toContain("\u001b");
    expect(readdirSync(place)).toEqual([name]);
    for (const operand of ["../../etc", "a\u0000b", "x".repeat(5_000)]) expect(await cli.refusal("verify", operand)).toMatch(/There is no|holds no saved segment/);
  });
});

describe("disks that fail", () => {
  const failing = (code: string): FileSystem => ({ ...nodeFileSystem, writeDurably: () => { throw Object.assign(new Error(code), { code }); }, createExclusive: (path) => {
    const file = nodeFileSystem.createExclusive(path);
    return file === null ? null : { ...file, append: () => { throw Object.assign(new Error(code), { code }); } };
  } });

  test.each([["ENOSPC", "the disk is full"], ["EROFS", "read-only for you"]])("fault 4: %s: nothing is left behind, and the cure is said", async (code, words) => {
    const data = join(scratch, "data");
    const broken = shell({ data, world: { fs: failing(code) } });
    expect(await broken.refusal("import", store)).toContain(words);
    const left = existsSync(data) ? readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()) : [];
    expect([left, existsSync(join(data, "importing"))]).toEqual([[], false]);
    await cli.run("import", store);
    const file = join(scratch, "out");
    expect(await broken.refusal("export", "7-issue-12-1", "-o", file)).toContain(words);
    expect(existsSync(file)).toBe(false);
    expect(await cli.run("export", "7-issue-12-1", "-o", file)).toMatchObject({ exitCode: 0 });
  });
});

test("fault 12: a clock that jumped makes no fault: order is by seq", async () => {
  const clock = fakeClock();
  const journal = openMemoryJournal({ clock });
  const { ticket, ticketText } = makeTicket();
  let jumps = 0;
  await writeFinishedItem(journal, { ticket, ticketText, runId: 9, tree: "c".repeat(40), files: {} });
  const { lines, blobs } = await journal.since(null);
  const jumping = rehashed(lines.map((line) => line.replace(/"at":"[^"]+"/, () => `"at":"${new Date(1_700_000_000_000 + ((jumps += 1) % 2) * 3_600_000).toISOString()}"`)));
  const file = put("jumps", encodeSegment({ item: "7/issue-12/1", runId: 9, runAttempt: 1, epoch: 1, index: 1, previous: null, lines: jumping, blobs }));
  const told = await cli.run("verify", file);
  // The conclusions name the heads of the lines as they were.
  expect(told.data.faults.every(({ reason }: { readonly reason: string }) => reason.includes("another line stands there"))).toBe(true);
});
