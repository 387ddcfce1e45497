import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decide, snapshotOf } from "../../src/engine/session/index.ts";
import { openDirectoryReader } from "../../src/journal/index.ts";
import { readSession } from "../../src/session/index.ts";
import { nodeFileSystem } from "../../src/shared/node-ports.ts";
import { catalogue } from "../../src/workflow/index.ts";

const versions = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);

describe.each(versions)("what WorkTrain %s has written", (version) => {
  const directory = join(import.meta.dirname, version);

  test("every workflow file still loads without faults", () => {
    const folder = join(directory, "workflows");
    expect(catalogue(readdirSync(folder).map((file) => ({ file, text: readFileSync(join(folder, file), "utf8") }))).faults).toEqual([]);
  });

  test("fault 43: every log still replays to the state it had, and goes on from there", async () => {
    const reader = await openDirectoryReader({ directory: join(directory, "journal"), fs: nodeFileSystem });
    const states: Record<string, ReturnType<typeof snapshotOf>> = JSON.parse(readFileSync(join(directory, "states.json"), "utf8"));
    expect(Object.keys(states).length).toBeGreaterThan(0);
    for (const [sessionId, snapshot] of Object.entries(states)) {
      const { plan, state } = await readSession(reader, sessionId);
      expect(snapshotOf(state)).toMatchObject(snapshot);
      expect(decide(plan, state, { kind: "resume" })).toEqual({ ok: true, value: [] });
    }
  });
});
