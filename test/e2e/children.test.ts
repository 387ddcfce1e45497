/** A team's own workflow with children, an audit and a spawned agent, through App, agent job and deliver job. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { isPull } from "../../src/hosts/demo/github/records.ts";
import type { View } from "../../src/hosts/demo/model/index.ts";
import { git } from "../../src/hosts/demo/world.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { eventsOf, savedJournal, type SavedJournal } from "../fakes/saved-journal.ts";
import { completeStep, handOver, mend, straight, use } from "../fakes/scripts.ts";

const CODING = `schemaVersion: 2
id: wr.coding-task
name: How this team codes
version: 1.0.0
description: Looks from two sides, then makes the change.
steps:
  - id: look
    title: Look from two sides
    type: parallel
    parallelDelegations:
      - { workflowId: team.look, goal: "Where is it?" }
      - { workflowId: team.look, goal: "What uses it?" }
    synthesis: { prompt: Bring both together. }
  - { id: change, title: Make the change, prompt: Make the change., audit: { rubric: [The duration is rounded first] } }
  - { id: verify, title: Run the tests, prompt: Run the tests., verification: { command: "{{commands.test}}" } }
  - { id: hand-over, title: Hand over, prompt: Hand the change over., outputContract: { contractRef: wr.contracts.coding_handoff }, requireConfirmation: true }
`;
const LOOK = `schemaVersion: 2
id: team.look
name: Look
version: 1.0.0
description: Looks at the code and tells.
steps:
  - { id: look, title: Look, prompt: "Find out: {{goal}}", allowedTools: [read, grep, glob] }
`;

let world: DemoWorld;
let issueNumber: number;
let saved: SavedJournal;

const approved = completeStep("Looked at it.", "wr.contracts.gate_verdict", { verdict: "approved", confidence: "high", rationale: "It rounds first." });
const coding = (view: View) => {
  if (view.firstMessage.includes("(change.audit)")) return [approved];
  const author = [[completeStep("Both agree.")], [use("spawn_agent", { role: "researcher", goal: "Where are durations split?" })], mend, [completeStep("Rounded first.")], [completeStep("All tests pass.")], [handOver]];
  return author[view.turnIndex] ?? [];
};

beforeAll(async () => {
  world = await startDemoWorld({
    turns: {
      "wr.classify-task": straight.classify,
      "wr.coding-task": (view) => coding(view),
      "wr.mr-review": straight.review,
      "team.look": [[use("grep", { pattern: "formatDuration" })], [completeStep("In src/format.js.")]],
      "wr.role-researcher": [[use("read", { path: "src/format.js" })], [completeStep("Read it.", "wr.contracts.coordinator_result", { outcome: "success", summary: "In src/format.js." })]],
    },
  });
  await world.commit({ ".worktrain/workflows/coding.yaml": CODING, ".worktrain/workflows/look.yaml": LOOK });
  issueNumber = await world.play({ title: "Durations are wrong" });
  await world.actions.idle();
  const runId = world.runs(issueNumber)[0]?.id ?? 0;
  saved = await savedJournal([...world.github.state().artifacts.values()].filter((artifact) => artifact.runId === runId));
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

test("the sessions of children, auditor and spawned agent are in the saved journal, each with its parent", () => {
  const starts = [...saved.streams.values()].flatMap((events) => eventsOf(events, "session_started").map(({ data }) => data));
  const coder = starts.find(({ workflow, parentSessionId }) => workflow.id === "wr.coding-task" && parentSessionId === null);
  expect(coder?.workflow.version).toBe("1.0.0");
  const helpers = starts.filter(({ parentSessionId }) => parentSessionId !== null);
  expect(helpers.map(({ workflow, role }) => `${workflow.id} ${role ?? "child"}`).toSorted((a, b) => a.localeCompare(b))).toEqual([
    "team.look child",
    "team.look child",
    "wr.coding-task audit",
    "wr.role-researcher researcher",
  ]);
  expect(new Set(helpers.map(({ parentSessionId }) => parentSessionId))).toEqual(new Set([coder?.sessionId]));
});

test("deliver takes the journal with all of them and makes the pull request of the author's change", async () => {
  const [pull, ...more] = [...world.github.state().issues.values()].filter(isPull);
  expect(more).toEqual([]);
  expect(world.statusComments(issueNumber)[0]).toMatch(/made pull request #\d+/);
  expect(await git(`${world.directory}/repo.git`, ["diff", "--name-only", "main", pull?.pull.head.sha ?? ""])).toBe("src/format.js");
  expect(pull?.body).toContain("code: audit");
  expect(pull?.body).toContain("code: researcher");
});

test("the gate of the autonomous run was answered by rule, with its reason in the record", () => {
  const gates = [...saved.streams.values()].flatMap((events) => eventsOf(events, "gate_resolved").map(({ data }) => data));
  expect(gates).toMatchObject([{ verdict: "approved", by: "coordinator", reason: expect.stringContaining("nothing typed speaks against it") }]);
});

test("a gate for a person ends the run with words that say what is waited for, and nothing is published", async () => {
  const pulls = () => [...world.github.state().issues.values()].filter(isPull).length;
  const before = pulls();
  await world.commit({ ".worktrain/workflows/coding.yaml": CODING.replace("requireConfirmation: true", "requireConfirmation: { kind: human_approval }") });
  const number = await world.play({ title: "Durations are still wrong" });
  const [status] = world.statusComments(number);
  expect(status).toContain("waits for a person's approval");
  expect(status).toContain("What was done is saved; nothing was published.");
  const runId = world.runs(number)[0]?.id ?? 0;
  expect(world.log(runId, "agent")).toContain('May the session go on from "Hand over"?');
  expect(world.github.state().runs.get(runId)?.conclusion).toBe("success");
  expect(pulls()).toBe(before);
});
