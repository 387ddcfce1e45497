/** What is looked for before work, and how large work is cut: tables of the pure pipeline. */
import { describe, expect, test } from "vitest";
import { explainItem, foldItem, next, questionGate, readSubTasks } from "../../src/engine/pipeline/index.ts";
import { itemEventSchema, type ItemEvent, type PipelinePolicy } from "../../src/record/index.ts";
import type { Json } from "../../src/shared/json.ts";
import { classification, classified, handover, judged, playItem, snapshot, type Outcome } from "./item-history.ts";

const POLICY: PipelinePolicy = { mode: "auto", confirm: "never", duplicates: "stop", decompose: "never", pitches: [], requires: [] };
const CUTTING: PipelinePolicy = { ...POLICY, decompose: "ask" };
const artifact = (contractRef: string, value: Json): Outcome => ({ artifacts: [{ contractRef, value }] });
const direction = artifact("wr.contracts.discovery_handoff", { selectedDirection: "in place" });
const pitch: Outcome = { ...artifact("wr.contracts.shaping_handoff", { pitchPath: "docs/pitch.md" }), snapshot, changed: ["docs/pitch.md"] };
const clean = judged("clean");
const pull = { kind: "pull-request", what: "pull request #7, which closes this issue", url: "https://github.com/a/b/pull/7" } as const;
const taken = (path: string, as: "pitch" | "direction") => ({ path, as, sha256: "a".repeat(64), sizeBytes: 4, text: "text" });
const last = (played: ReturnType<typeof playItem>) => next(foldItem(played.events));

describe("an item looks around before it works", () => {
  const keyed = classified({ deduplicationKey: "round-totals" });

  test.each<{ name: string; policy?: PipelinePolicy; found?: Parameters<typeof playItem>[2]; outcomes?: readonly Outcome[]; path: readonly string[] }>([
    { name: "nothing is there", path: ["look opened", "classify 1", "look classified", "mode quick", "code 1", "review 1", "deliver"] },
    { name: "without a key there is nothing more to look for", outcomes: [classified({ deduplicationKey: " " }), handover(), clean], path: ["look opened", "classify 1", "mode quick", "code 1", "review 1", "deliver"] },
    { name: "a pull request closes the issue", found: { found: { opened: { duplicates: [pull] } } }, path: ["look opened", "stop duplicate"] },
    { name: "the same work is at it, before a person is asked", policy: { ...POLICY, confirm: "always" }, found: { found: { classified: { duplicates: [{ ...pull, kind: "same-key" }] } } }, path: ["look opened", "classify 1", "look classified", "stop duplicate"] },
    { name: "something required is missing", found: { found: { opened: { missing: [{ what: "A spec", path: "docs/specs/{number}.md" }] } } }, path: ["look opened", "wait"] },
    { name: "a duplicate goes before what is missing", found: { found: { opened: { duplicates: [pull], missing: [{ what: "A spec", label: "specced" }] } } }, path: ["look opened", "stop duplicate"] },
    { name: "opened before anything was looked for", policy: { mode: "auto", confirm: "never" }, path: ["classify 1", "mode quick", "code 1", "review 1", "deliver"] },
  ])("$name", ({ policy = POLICY, found = {}, outcomes = [keyed, handover(), clean], path }) => {
    const played = playItem(policy, outcomes, found);
    expect(played.path).toEqual(path);
    for (const event of played.events) expect(itemEventSchema.safeParse(event).error).toBeUndefined();
  });

  test("a duplicate ends with what has the work, its link, and how to go on nonetheless", () => {
    expect(last(playItem(POLICY, [], { found: { opened: { duplicates: [pull] } } }))).toMatchObject({
      ending: "duplicate",
      reason: { message: expect.stringContaining("pull request #7, which closes this issue: https://github.com/a/b/pull/7"), fix: expect.stringMatching(/close that one.*duplicates: ignore.*start it again/s) },
    });
  });

  test("what is missing is looked for again, and the base moves only while nothing was done", () => {
    const waiting = playItem(POLICY, [], { found: { opened: { missing: [{ what: "A spec", label: "specced" }] } } }).events;
    const base = { ref: "main", sha: "f".repeat(40) };
    const brought: ItemEvent = { kind: "intake_checked", data: { at: "opened", base, duplicates: [], missing: [], taken: [], passedOver: [] } };
    const there = [...waiting, brought];
    expect(next(foldItem(there))).toMatchObject({ kind: "run-session", phase: "classify" });
    expect(foldItem(there).opening?.base).toEqual(base);
    const worked = playItem(POLICY, [keyed, handover(), clean]).events;
    expect(foldItem([...worked, brought]).opening?.base.sha).toBe("a".repeat(40));
  });
});

describe("what exists is not made again", () => {
  const idea = classified({ taskMaturity: "idea" });
  test.each<{ name: string; task: Outcome; files: readonly ReturnType<typeof taken>[]; outcomes: readonly Outcome[]; phases: readonly string[] }>([
    { name: "nothing", task: idea, files: [], outcomes: [direction, pitch, handover(), clean], phases: ["classify", "discover", "shape", "code", "review"] },
    { name: "a spec", task: idea, files: [taken("docs/spec.md", "direction")], outcomes: [pitch, handover(), clean], phases: ["classify", "shape", "code", "review"] },
    { name: "a pitch", task: idea, files: [taken("p.md", "pitch")], outcomes: [direction, handover(), clean], phases: ["classify", "discover", "code", "review"] },
    { name: "both", task: idea, files: [taken("docs/spec.md", "direction"), taken("p.md", "pitch")], outcomes: [handover(), clean], phases: ["classify", "code", "review"] },
    { name: "a spec of what touches the architecture: that design is challenged all the same", task: classified({ taskMaturity: "idea", touchesArchitecture: true }), files: [taken("docs/spec.md", "direction")], outcomes: [direction, pitch, handover(), clean], phases: ["classify", "discover", "shape", "code", "review"] },
    { name: "a spec where the architecture is designed by itself", task: classified({ touchesArchitecture: true }), files: [taken("docs/spec.md", "direction")], outcomes: [direction, handover(), clean], phases: ["classify", "design", "code", "review"] },
  ])("$name", ({ task, files, outcomes, phases }) => {
    const played = playItem(POLICY, [task, ...outcomes], { found: { opened: { taken: [...files] } } });
    expect(played.events.flatMap((event) => (event.kind === "session_scheduled" ? [event.data.phase] : []))).toEqual(phases);
    expect(last(played).kind).toBe("deliver");
  });

  test("later sessions have it under the stage's name, and say why the stage was left out", () => {
    const played = playItem(POLICY, [idea, handover(), clean], { found: { opened: { taken: [taken("docs/spec.md", "direction"), taken("p.md", "pitch")] } } });
    const action = next(foldItem(played.events.slice(0, played.events.findIndex((event) => event.kind === "session_scheduled" && event.data.phase === "code"))));
    expect(action).toMatchObject({ why: "the change itself; discover is left out, since docs/spec.md is taken as the direction; shape is left out, since p.md is taken as the pitch", context: { direction: { takenFrom: [{ path: "docs/spec.md", text: "text" }] }, pitch: { takenFrom: [{ path: "p.md" }] } } });
  });
});

const piece = (title: string, ...dependsOn: number[]) => ({ title, body: "Do it.", acceptance: ["One sees it."], outOfScope: [], files: [], dependsOn, questions: [] });
const proposal = (...tickets: readonly Json[]): Outcome => artifact("tickets", { tickets: [...tickets], duplicates: [] });
const large = classified({ taskComplexity: "large" });

describe("large work is cut where a person says so", () => {
  const two = proposal(piece("Second part", 1), piece("First part"));
  test.each<{ name: string; policy?: PipelinePolicy; outcomes: readonly Outcome[]; answer?: Parameters<typeof playItem>[2]; path: readonly string[] }>([
    { name: "approved", outcomes: [large, pitch, two], path: ["decompose 1", "ask decomposition", "stop decomposed"] },
    { name: "rejected with a reason: it is done as one piece", outcomes: [large, pitch, two, handover(), clean], answer: { answer: "rejected", reason: "keep it together" }, path: ["decompose 1", "ask decomposition", "code 1", "review 1", "deliver"] },
    { name: "rejected with stop", outcomes: [large, pitch, two], answer: { answer: "rejected", reason: "Stop: not now" }, path: ["decompose 1", "ask decomposition", "stop needs-answer"] },
    { name: "one piece asks nobody", outcomes: [large, pitch, proposal(piece("All of it")), handover(), clean], path: ["decompose 1", "code 1", "review 1", "deliver"] },
    { name: "never by policy", policy: POLICY, outcomes: [large, pitch, handover(), clean], path: ["code 1", "review 1", "deliver"] },
    { name: "not what is merely an idea", outcomes: [classified({ taskMaturity: "idea" }), direction, pitch, handover(), clean], path: ["shape 1", "code 1", "review 1", "deliver"] },
    { name: "a hundred pieces", outcomes: [large, pitch, proposal(...Array.from({ length: 100 }, (_, index) => piece(`Part ${index}`)))], path: ["decompose 1", "stop no-verdict"] },
    { name: "a circle", outcomes: [large, pitch, proposal(piece("One", 1), piece("Two", 0))], path: ["decompose 1", "stop no-verdict"] },
    { name: "nothing handed over", outcomes: [large, pitch, {}], path: ["decompose 1", "stop no-verdict"] },
  ])("$name", ({ policy = CUTTING, outcomes, answer = {}, path }) => {
    const played = playItem(policy, outcomes, answer);
    expect(played.path.slice(-path.length)).toEqual(path);
    for (const event of played.events) expect(itemEventSchema.safeParse(event).error).toBeUndefined();
  });

  test("the question lists the pieces in the order they can be done, and a rejection's reason goes to the coding session", () => {
    const asked = playItem(CUTTING, [large, pitch, two], { answer: "rejected", reason: "keep it together" });
    const before = asked.events.slice(0, asked.events.findIndex((event) => event.kind === "decomposition_answered"));
    expect(next(foldItem(before))).toMatchObject({ kind: "ask", about: "decomposition", question: expect.stringContaining("1. First part\n2. Second part (after 1)"), fix: expect.stringContaining("begins with `stop`") });
    expect(questionGate("decomposition", before)).toMatch(/^gate-\d+-decomposition$/);
    expect(last(asked)).toMatchObject({ kind: "run-session", phase: "code", context: { decomposition: { by: "ada", reason: "keep it together" } } });
  });

  test("the pieces are put in order with what they depend on, whatever order they came in", () => {
    const read = readSubTasks({ tickets: [piece("c", 1, 2), piece("b", 2), piece("a")] });
    expect(read.ok && read.value.map(({ title, dependsOn }) => [title, dependsOn])).toEqual([["a", []], ["b", [0]], ["c", [0, 1]]]);
  });
});

test("pipeline explain shows looking around, waiting, what is left out, and how large work is cut", () => {
  const { steps } = explainItem({ policy: { ...CUTTING, requires: [{ what: "A spec", label: "specced" }] }, maxReviewRounds: 1, classification: { ...classification.value, taskComplexity: "large", deduplicationKey: "a" } as never });
  expect(steps.map(({ phase }) => phase)).toEqual(expect.arrayContaining(["look", "classify", "shape", "decompose", "ask", "code", "review"]));
  const told = steps.flatMap(({ leadsTo }) => leadsTo.map(({ when, next: to }) => `${when} -> ${to}`));
  expect(told.find((each) => each.startsWith("something required is missing"))).toContain("waits (waiting-for-artifacts)");
  expect(told.find((each) => each.includes("closes it ->"))).toContain("stops (duplicate)");
  expect(told).toContain("nothing of the kind, with a pitch in the repository -> decompose: wr.ticket-creation");
  expect(told).toContain("rejected with a reason -> code: wr.coding-task");
  expect(steps.find(({ phase }) => phase === "decompose")?.why).toContain("shape is left out");
});
