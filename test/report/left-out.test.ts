import { expect, test } from "vitest";
import { leftOutLines, leftOutOf } from "../../src/report/index.ts";
import { runReport, type RunReport } from "../../src/hosts/cli/run/run-report.ts";
import { foldItem } from "../../src/engine/pipeline/index.ts";
import { canonicalJson } from "../../src/shared/json.ts";

const [base, tree] = ["a".repeat(40), "b".repeat(40)];
const unsupported = [{ path: "caf\\xe9", reason: "its name is not UTF-8" }];
const snapshot = { base, tree, manifest: "c".repeat(64), changedFiles: 0 };
const manifest = Buffer.from(canonicalJson({ v: 1, base, tree, entries: [], unsupported }));

test("fault 57: what a saved state could not hold is read from its list", async () => {
  expect(await leftOutOf(snapshot, (sha256) => Promise.resolve(sha256 === snapshot.manifest ? manifest : null))).toEqual(unsupported);
  expect(await leftOutOf(snapshot, () => Promise.resolve(null))).toEqual([]);
  expect(await leftOutOf(null, () => Promise.resolve(manifest))).toEqual([]);
});

test("fault 57: a run in which no file differs that a snapshot holds names those that do, in words and as data", () => {
  const nothing: RunReport = {
    place: { id: "0/task-1/1", name: "task-1", directory: "/data/task-1" },
    source: "/clone",
    data: { directory: "/data", usual: "/data" },
    result: {
      ending: "completed",
      reason: { code: "completed", message: "Every step of own.x was done; no file differs from the base.", fix: "" },
      state: foldItem([]),
      spent: { turns: 1, tokens: 1, inputTokens: 1, outputTokens: 0, costMicroUsd: 1, unansweredMicroUsd: 0, workedMs: 1, toolMs: 0 },
      estimate: null,
    },
    branch: null,
    sandbox: "bubblewrap",
    undelivered: [],
    leftOut: unsupported,
  };
  const told = runReport(nothing);
  expect(told.text).toContain(`Differs and is not in the change: "caf\\\\xe9": its name is not UTF-8.`);
  expect(told.data).toMatchObject({ leftOut: unsupported });
  expect(runReport({ ...nothing, leftOut: [] }).text).not.toContain("Differs");
});

test("a name does not rewrite the terminal, and a long list says how many more there are", () => {
  const many = Array.from({ length: 53 }, (_, index) => ({ path: `\u009b2J${index}`, reason: "odd\u001b[2J" }));
  const lines = leftOutLines(many);
  expect(lines.join("")).not.toMatch(/\p{Cc}/u);
  expect(lines.at(-1)).toBe("So do 3 more.");
});
