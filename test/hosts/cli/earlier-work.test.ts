/** Does a task on this machine know what earlier ones did to the same files? */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { pastDurations } from "../../../src/hosts/cli/log/past-durations.ts";
import { saveRun } from "../../../src/hosts/cli/run/local-item.ts";
import { openDirectoryJournal } from "../../../src/journal/index.ts";
import type { ItemEvent } from "../../../src/record/index.ts";
import { nodeFileSystem } from "../../../src/shared/node-ports.ts";
import { appendItem } from "../../fakes/append-item.ts";
import { fakeClock } from "../../fakes/clock.ts";

const data = mkdtempSync(join(tmpdir(), "worktrain-earlier-"));
afterAll(() => rmSync(data, { recursive: true, force: true }));

async function task(name: string, source: string): Promise<void> {
  const place = { name, id: `0/${name}/1`, directory: join(data, "items", name) };
  const base = { ref: "main", sha: "a".repeat(40) };
  saveRun(place, { source, base, goal: `Task ${name}`, sandbox: "bubblewrap" });
  const journal = await openDirectoryJournal({ directory: join(place.directory, "journal"), fs: nodeFileSystem, clock: fakeClock() });
  const usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
  const events: ItemEvent[] = [
    { kind: "item_opened", data: { itemId: place.id, task: { title: `Task ${name}`, body: "", sha256: "0".repeat(64) }, base, maxReviewRounds: 1 } },
    { kind: "session_scheduled", data: { phase: "code", round: 1, sessionId: `code-${name}`, workflowId: "w", goal: "g", context: {} } },
    { kind: "session_concluded", data: { phase: "code", round: 1, sessionId: `code-${name}`, outcome: "completed", reason: null, artifacts: [], head: { seq: 1, hash: "0".repeat(64) }, turns: 1, usage, costMicroUsd: 0, snapshot: null, changed: { paths: ["src/a.ts"], more: 0 } } },
  ];
  await appendItem(journal, place.id, events);
  await journal.close();
}

test("those of the same clone are read, with the files that their sessions changed; others are not", async () => {
  await task("local-a1", "/clone");
  await task("local-a2", "/elsewhere");
  const { work } = await pastDurations(data, "/clone", { fs: nodeFileSystem });
  expect(work.map(({ itemId, title, sessions }) => [itemId, title, sessions.map(({ result }) => result?.changed?.paths)])).toEqual([["0/local-a1/1", "Task local-a1", [["src/a.ts"]]]]);
});
