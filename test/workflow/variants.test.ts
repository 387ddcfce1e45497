/** WorkRail's libraries hold several variants of one workflow side by side: `name.json`, `name.agentic.json`, `name.v2.json`. */
import { expect, test } from "vitest";
import { catalogue } from "../../src/workflow/index.ts";

test("of the variants of one workflow in a folder the one WorkRail would take is used; another folder's is none", () => {
  const text = (id: string, more = {}) => JSON.stringify({ id, name: "L", version: "1.0.0", description: "d", steps: [{ id: "one", title: "One", prompt: "Do it." }], ...more });
  const files = ["w/task.agentic.json", "w/task.json", "w/task.lean.v2.json", "w/task.v2.json"].map((file) => ({ file, text: text("task-flow") }));
  const { workflows, variants, faults } = catalogue(files);
  expect(faults).toEqual([]);
  expect(workflows.get("task-flow")?.file).toBe("w/task.lean.v2.json");
  expect(workflows.get("task-flow")?.warnings.map((warning) => warning.message.split(" ")[0])).toEqual(["w/task.json", "w/task.agentic.json", "w/task.v2.json"]);
  expect(variants.map((entry) => entry.file)).toEqual(["w/task.json", "w/task.agentic.json", "w/task.v2.json"]);
  const clash = (...pair: { file: string; text: string }[]) => catalogue(pair).faults.map((fault) => fault.file);
  expect(clash({ file: "a/task.json", text: text("task-flow") }, { file: "b/task.v2.json", text: text("task-flow") })).toEqual(["b/task.v2.json"]);
  expect(clash({ file: "a/task.json", text: text("task-flow", { schemaVersion: 2 }) }, { file: "a/task.v2.json", text: text("task-flow", { schemaVersion: 2 }) })).toEqual(["a/task.v2.json"]);
});
