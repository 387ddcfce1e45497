/** Who is running, whose process may be signalled, and what becomes of a word: the files that a run, `tell` and `cancel` share. */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MOST_TOLD_CHARS, openInbox, openMailbox } from "../../../src/hosts/cli/run/inbox.ts";
import { processIdentity } from "../../../src/hosts/cli/run/process-identity.ts";
import { findRunning, listRunning, register, signalRunning } from "../../../src/hosts/cli/run/running.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "worktrain-running-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const mailbox = () => {
  let count = 0;
  return openMailbox(directory, () => `00${(count += 1)}-a`);
};

test("a run is found by its session, its item's name and its item's id, until it ends", () => {
  const registration = register(directory, { item: "local-a", directory: "/data/items/local-a" });
  registration.sessions(["code-1-ab", "child-2"]);
  const runs = listRunning(directory);
  expect(runs).toMatchObject([{ pid: process.pid, item: "local-a", sessionIds: ["code-1-ab", "child-2"] }]);
  for (const target of ["code-1-ab", "child-2", "local-a", "0/local-a/1"]) expect(findRunning(runs, target)).toBe(runs[0]);
  expect(findRunning(runs, "code-1-abc")).toBeNull();
  registration.end();
  expect(listRunning(directory)).toEqual([]);
});

test("a process that has the number of one that is gone is neither listed nor signalled", () => {
  register(directory, { item: "local-a", directory: "/x" });
  const [ours] = listRunning(directory);
  if (ours === undefined) throw new Error("not listed");
  const reused = { ...ours, identity: `${ours.identity}0` };
  expect(signalRunning(reused, "SIGTERM")).toBe(false);
  writeFileSync(join(directory, `${process.pid}.json`), JSON.stringify(reused));
  expect(listRunning(directory)).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
});

test("a process has one identity as long as it lives, and none when there is none", () => {
  expect(processIdentity(process.pid)).toBe(processIdentity(process.pid));
  expect(processIdentity(process.pid)).not.toBeNull();
  expect(processIdentity(2 ** 22 + 1)).toBeNull();
});

test("what is no file of ours on the list is passed over", () => {
  register(directory, { item: "local-a", directory: "/x" });
  writeFileSync(join(directory, "1.json"), "{ torn");
  writeFileSync(join(directory, "2.json"), '{"v":1,"pid":"x"}');
  expect(listRunning(directory)).toHaveLength(1);
});

test("a word is read by the session it is for, in order, once, and its speaker can see it", async () => {
  const inbox = openInbox(directory);
  const speaker = mailbox();
  const first = speaker.put({ sessionId: "code-1", text: "One." });
  const second = speaker.put({ sessionId: null, text: "Two." });
  expect(await inbox.steers("review-1", true)).toMatchObject([{ source: "person", text: "Two." }]);
  expect(await inbox.steers("child-of-review", false)).toEqual([]);
  const steers = await inbox.steers("code-1", true);
  expect(steers.map(({ text }) => text)).toEqual(["One.", "Two."]);
  expect(speaker.fate(first)).toBe("waiting");
  for (const steer of steers) await steer.delivered?.();
  expect([speaker.fate(first), speaker.fate(second)]).toEqual(["read", "read"]);
  expect(await inbox.steers("code-1", true)).toEqual([]);
  expect(inbox.close()).toEqual([]);
});

test("a word that nobody read is missed, and said to be", () => {
  const inbox = openInbox(directory);
  const speaker = mailbox();
  const letter = speaker.put({ sessionId: "code-1", text: "Too late." });
  expect(inbox.close()).toEqual(["Too late."]);
  expect(speaker.fate(letter)).toBe("missed");
  speaker.forget(letter);
  expect(speaker.fate(letter)).toBe("waiting");
});

test("only the owner can read the directories and the words, and what is no word of ours is put aside", async () => {
  const inbox = openInbox(directory);
  mailbox().put({ sessionId: null, text: "Secret." });
  writeFileSync(join(directory, "inbox", "zzz.json"), JSON.stringify({ v: 1, sessionId: null, text: "x".repeat(MOST_TOLD_CHARS + 1) }));
  expect((await inbox.steers("any", true)).map(({ text }) => text)).toEqual(["Secret."]);
  for (const path of ["inbox", "inbox/read", "inbox/missed", "inbox/001-a.json"]) expect(statSync(join(directory, path)).mode & 0o77).toBe(0);
});
