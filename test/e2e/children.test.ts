/** A team's own workflow with children, an audit, a spawned agent and a gate for a person, through App, agent job and deliver job. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isPull } from "../../src/hosts/demo/github/records.ts";
import type { View } from "../../src/hosts/demo/model/index.ts";
import { git } from "../../src/hosts/demo/world.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { eventsOf, savedJournal, type SavedJournal } from "../fakes/saved-journal.ts";
import { classify, completeStep, handOver, mend, straight, use } from "../fakes/scripts.ts";
import { until } from "../fakes/until.ts";

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
  const author = [[completeStep("Both agree.")], [use("spawn_agent", { role: "researcher", goal: "Where are durations split?" })], mend, [completeStep("Rounded first.")], [completeStep("All tests pass.")], [handOver], [handOver]];
  return author[view.turnIndex] ?? [];
};

beforeAll(async () => {
  world = await startDemoWorld({
    turns: {
      "wr.classify-task": (view) => classify(view.firstMessage.includes("still wrong") ? "still-wrong" : "wrong")[view.turnIndex] ?? [],
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
    "wr.role-reviewer child",
    "wr.role-reviewer child",
    "wr.role-reviewer child",
  ]);
  const ofReview = starts.find(({ workflow, parentSessionId }) => workflow.id === "wr.mr-review" && parentSessionId === null)?.sessionId;
  expect(new Set(helpers.map(({ workflow, parentSessionId }) => `${workflow.id === "wr.role-reviewer" ? "reviewer" : "author's"} ${parentSessionId ?? ""}`))).toEqual(new Set([`author's ${coder?.sessionId ?? ""}`, `reviewer ${ofReview ?? ""}`]));
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

describe("a gate for a person", () => {
  const pulls = () => [...world.github.state().issues.values()].filter(isPull);
  const gateOf = (number: number): string => /`\/worktrain approve (gate-\S+)`/.exec(world.statusComments(number)[0] ?? "")?.[1] ?? "none";
  const reactionsTo = (commentId: number): readonly string[] =>
    [...world.github.state().reactions.values()].flatMap(({ subject, content }) => (subject.kind === "comment" && subject.id === commentId ? [content] : []));
  let number: number;
  let before: number;

  /** Writes a comment as the maintainer and waits until the App has dealt with it. */
  const write = async (body: string, settled: () => boolean): Promise<number> => {
    const made = await world.call(world.maintainerToken, "POST", `/issues/${number}/comments`, { body });
    const { id } = made.body as { readonly id: number };
    await until(() => reactionsTo(id).some((content) => content !== "eyes") && settled(), body);
    await world.actions.idle();
    await world.github.settled();
    return id;
  };
  const runIsOver = (nth: number, state: string) => (): boolean => world.runs(number).length === nth && world.runs(number)[nth - 1]?.conclusion !== null && (world.statusComments(number)[0] ?? "").includes(` state=${state} `);

  test("ends the run with words that say what is waited for and what to type, and nothing is published", async () => {
    before = pulls().length;
    await world.commit({ ".worktrain/workflows/coding.yaml": CODING.replace("requireConfirmation: true", "requireConfirmation: { kind: human_approval }") });
    number = await world.play({ title: "Durations are still wrong" });
    const [status] = world.statusComments(number);
    expect(status).toContain("waits for a person's approval");
    expect(status).toContain("What was done is saved; nothing was published.");
    expect(status).toContain("Write `/worktrain approve` in a new comment");
    const runId = world.runs(number)[0]?.id ?? 0;
    expect(world.log(runId, "agent")).toContain('May the session go on from "Hand over"?');
    const [question, ...more] = world.comments(number).filter(({ author }) => author !== "worktrain[bot]");
    expect(more).toEqual([]);
    expect(question?.body).toContain(`May the session go on from "Hand over"? (${gateOf(number)})`);
    expect(question?.body).toContain("> Handed over.");
    expect(world.log(runId, "agent")).toContain(gateOf(number));
    expect(world.github.state().runs.get(runId)?.conclusion).toBe("success");
    expect(pulls()).toHaveLength(before);
  });

  test("a rejection has force: the step is done again with the reason, and waits at another gate; the old gate's approval opens nothing", async () => {
    const first = gateOf(number);
    const asked = world.model.requests.length;
    const id = await write("/worktrain reject Say which durations were wrong.", runIsOver(2, "interrupted"));
    expect(reactionsTo(id)).toEqual(["eyes", "+1"]);
    const told = JSON.stringify(world.model.requests.slice(asked).map(({ body }) => body?.messages.at(-1)));
    expect(told).toMatch(/ada \(GitHub user \d+\) rejected it: Say which durations were wrong\./);
    expect(gateOf(number)).toMatch(/^gate-\d+-code-1-/);
    expect(gateOf(number)).not.toBe(first);
    const stale = await write(`/worktrain approve ${first}`, () => true);
    expect(reactionsTo(stale)).toEqual(["eyes", "confused"]);
    expect(world.statusComments(number).at(-1)).toContain("did not do what");
    expect(world.runs(number)).toHaveLength(2);
    expect(pulls()).toHaveLength(before);
  });

  test("approved while the secret with the key is gone: the run says so, and once it is there the approval counts without a second word", async () => {
    world.github.setEnvironmentSecret("worktrain-agent", "ANTHROPIC_API_KEY", "");
    await write("Thank you.\n\n/worktrain approve", runIsOver(3, "interrupted"));
    expect(world.statusComments(number)[0]).toContain("it has no key for the model");
    expect(world.statusComments(number)[0]).toContain("what a person has answered to a gate counts for the next run");
    expect(pulls()).toHaveLength(before);
    world.github.setEnvironmentSecret("worktrain-agent", "ANTHROPIC_API_KEY", world.secrets.modelKey);
  });

  test("attack 17: an approval opens it; the pull request appears, and the proof says by whose word, which the App's ticket vouches for", async () => {
    await write("/worktrain resume", runIsOver(4, "ended"));
    expect(world.statusComments(number)[0]).toMatch(/made pull request #\d+/);
    const pull = pulls().at(-1);
    expect(pulls()).toHaveLength(before + 1);
    expect(pull?.body).toContain("gone on with at the word of `ada`");
    expect(pull?.body).toMatch(/A gate for a person was answered by one \| `ada \(GitHub user \d+\)` rejected/);
    expect(pull?.body).toMatch(/A gate for a person was answered by one \| `ada \(GitHub user \d+\)` approved/);
    const runs = world.runs(number).map(({ id }) => id);
    const journal = await savedJournal([...world.github.state().artifacts.values()].filter(({ runId }) => runs.includes(runId)));
    const answers = [...journal.streams.values()].flatMap((events) => eventsOf(events, "gate_resolved").map(({ data }) => data));
    expect(answers).toMatchObject([
      { verdict: "rejected", reason: "Say which durations were wrong.", by: expect.stringMatching(/^ada \(GitHub user \d+\)$/) },
      { verdict: "approved", by: expect.stringMatching(/^ada /) },
    ]);
    expect(eventsOf(journal.item, "run_opened")).toHaveLength(4);
  });
});
