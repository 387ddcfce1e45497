/** Is the report left where a person can open it, and does the job end well when it cannot be? */
import { basename } from "node:path";
import { expect, test } from "vitest";
import { leaveReport, type ReportPorts } from "../../../src/hosts/runner/report-artifact.ts";
import { openMemoryJournal } from "../../../src/journal/index.ts";
import { readItemReport } from "../../../src/report/index.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { memoryDisk } from "../../fakes/file-system.ts";
import { writeFinishedItem } from "../../fakes/finished-item.ts";
import { makeTicket } from "../../fakes/tickets.ts";

const { ticket, ticketText } = makeTicket();
const job = { item: ticket.item, runId: 5, runAttempt: 1, job: "agent", runnerTemp: "/temp", serverUrl: "https://github.com", owner: "acme", repo: "shop" } as const;

async function report() {
  const journal = openMemoryJournal({ clock: fakeClock() });
  await writeFinishedItem(journal, { ticket, ticketText, runId: 5, tree: "a".repeat(40), files: { "src/sum.js": { text: "x\n" } } });
  return readItemReport(journal, ticket.item);
}

const scene = (uploadFile: ReportPorts["client"]["uploadFile"]) => {
  const lines: string[] = [];
  const disk = memoryDisk();
  const clock = fakeClock();
  return { lines, disk, clock, ports: { client: { uploadFile }, fs: disk.fileSystem, clock, log: (line: string) => void lines.push(line) } };
};

test("the page goes up under the report's name, nothing of it stays on the runner, and its address is told", async () => {
  let sent: readonly [string, string] | null = null;
  const { ports, disk, lines } = scene((path) => {
    sent = [basename(path), Buffer.from(disk.fileSystem.read(path) ?? []).toString()];
    return Promise.resolve({ id: 77, digest: "0".repeat(64) });
  });
  expect(await leaveReport(job, await report(), ports)).toBe("https://github.com/acme/shop/actions/runs/5/artifacts/77");
  expect(sent).toEqual([`worktrain-report.${ticket.item.replaceAll("/", ".")}.r5.a1.agent.html`, expect.stringMatching(/^<!doctype html>[\s\S]*Totals are off by one cent/)]);
  expect([...disk.snapshot().keys()]).toEqual([]);
  expect(lines).toEqual([]);
});

test("a store that refuses is one line in the log, and no failure", async () => {
  const { ports, lines } = scene(() => Promise.reject(new Error("Artifact storage quota has been hit.")));
  expect(await leaveReport(job, await report(), ports)).toBeNull();
  expect(lines).toEqual([expect.stringMatching(/could not be left as an artifact: Artifact storage quota has been hit\. `worktrain report` makes it/)]);
});

test("a store that does not answer costs a minute, and no failure", async () => {
  const { ports, lines, clock } = scene(() => new Promise(() => undefined));
  const left = leaveReport(job, await report(), ports);
  await clock.advance(60_000);
  expect(await left).toBeNull();
  expect(lines).toEqual([expect.stringContaining("not stored within 60 s")]);
});

test("nor does a disk that is full", async () => {
  const { ports, lines, disk } = scene(() => Promise.resolve({ id: 1, digest: "0".repeat(64) }));
  disk.setFreeBytes(10);
  expect(await leaveReport(job, await report(), ports)).toBeNull();
  expect(lines).toHaveLength(1);
});
