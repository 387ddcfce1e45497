/** Every workflow, routine and role that comes with WorkTrain: sound, without a finding, and driven to its end whichever way it goes. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { gapsOf, type StepOffer } from "../../src/engine/session/index.ts";
import { openMemoryJournal } from "../../src/journal/index.ts";
import { lintPaths } from "../../src/library/lint.ts";
import { openLibrary, type LibraryPlaces } from "../../src/library/index.ts";
import type { StepOutput } from "../../src/record/index.ts";
import { createSession, type SessionDeps } from "../../src/session/index.ts";
import type { JsonObject } from "../../src/shared/json.ts";
import { previewPlan, toMermaid, type Plan, type PlanStep } from "../../src/workflow/index.ts";
import { fakeClock } from "../fakes/clock.ts";
import { driveSession, findNothing, outputFor, type DriveOptions } from "../fakes/drive-session.ts";

const places: LibraryPlaces = { packageRoot: join(import.meta.dirname, "..", ".."), workspace: null, extra: [] };
const library = openLibrary(places);
const plans = [...library.catalogue.workflows.values()].map(({ plan }) => plan);
const find = (id: string): Plan => library.catalogue.workflows.get(id)?.plan ?? expect.fail(`no ${id}`);

const NAMED = ["classify-task", "quick-task", "coding-task", "mr-review", "bug-investigation", "discovery", "shaping", "refactoring", "ui-ux-design", "production-readiness-audit", "architecture-scalability-audit", "security-audit", "test-coverage", "documentation-update", "ticket-creation", "research", "grooming", "watchdog", "incident-triage", "workflow-for-workflows", "gate-evaluation", "retrospective"];

test("there is a workflow for each kind of work", () => {
  expect(NAMED.filter((name) => !library.catalogue.workflows.has(`wr.${name}`))).toEqual([]);
});

test("each file is sound, and the rules of good authoring find nothing", () => {
  const reports = lintPaths([], places);
  expect(reports.length).toBe(plans.length);
  expect(reports.flatMap(({ path, errors, warnings }) => [...errors, ...warnings].map((each) => ({ file: path, ...each })))).toEqual([]);
});

test.each([...library.catalogue.workflows.values()].filter(({ plan }) => plan.category !== "role").map(({ plan, isRoutine }) => ({ id: plan.id, plan, isRoutine })))("$id says when to use it, with goals that somebody would write, and more words to find it by than its kind", ({ plan, isRoutine }) => {
  expect(plan.about?.trim().length).toBeGreaterThan(120);
  expect(plan.examples.length).toBeGreaterThanOrEqual(2);
  expect(plan.tags.filter((tag) => tag !== "routine").length).toBeGreaterThanOrEqual(isRoutine ? 1 : 2);
});

test.each(plans)("$id previews with every step on a way from start to end", (plan) => {
  const preview = previewPlan(plan);
  expect(toMermaid(preview)).toContain("flowchart TD");
  const reached = (from: string, edges: readonly (readonly [string, string])[]): ReadonlySet<string> => {
    const seen = new Set([from]);
    for (const at of seen) for (const [source, target] of edges) if (source === at) seen.add(target);
    return seen;
  };
  const edges = preview.edges.map(({ from, to }) => [from, to] as const);
  const ids = preview.nodes.map(({ id }) => id).toSorted();
  expect([...reached("start", edges)].toSorted()).toEqual(ids);
  expect([...reached("end", edges.map(([from, to]) => [to, from] as const))].toSorted()).toEqual(ids);
});

const clock = fakeClock();
const deps: SessionDeps = { journal: openMemoryJournal({ clock }), clock, verify: () => Promise.resolve({ exitCode: 0, timedOut: false, outputTail: "3 passed", durationMs: 1, sandbox: "bubblewrap" }) };

let sessions = 0;
async function drive(plan: Plan, context: JsonObject = {}, options: DriveOptions = {}, autonomy: "guided" | "full_auto_never_stop" = "guided") {
  sessions += 1;
  const session = await createSession(deps, { sessionId: `s-${sessions}`, itemId: null, parentSessionId: null, phase: null, plan, goal: "Mend the total", context: { commands: { test: "npm test" }, ...context }, autonomy });
  const driven = await driveSession(deps, session, { plans: (id) => find(id), ...options });
  return { ...driven, gaps: gapsOf(session.state()), state: session.state() };
}

const workOf = (steps: readonly PlanStep[]): readonly string[] =>
  steps.flatMap((step) => (step.kind === "loop" ? workOf(step.body) : step.kind === "standard" || (step.kind === "parallel" && (step.synthesis !== null || step.notesRequired)) ? [step.id] : []));

/** The other answer wherever a step decides by yes or no. */
function answerNo(offer: StepOffer): Partial<StepOutput> {
  const { context } = outputFor(offer);
  return { context: Object.fromEntries(Object.entries(context).map(([key, value]) => [key, value === true ? false : value])) };
}

/** Never the word that ends a loop. */
function goOn(offer: StepOffer): Partial<StepOutput> {
  const { artifacts } = outputFor(offer, offer.attempt - 1);
  return { artifacts: artifacts.map((artifact) => (artifact.contractRef === "wr.contracts.loop_control" ? { ...artifact, value: { decision: "continue" } } : artifact)) };
}

const judges = plans.filter(({ steps }) => steps.some((step) => step.kind === "standard" && step.contract?.ref === "wr.contracts.review_verdict"));

/** Read in place, by the steps behind them in the same conversation; what a caller relies on it declares itself. */
const IN_WORDS = ["wr.routine-context-gathering", "wr.routine-ideation"];
const routines = plans.filter(({ id }) => id.startsWith("wr.routine-"));

test.each(routines)("$id hands its caller a typed result, and is not done without one or with one that does not fit; or nobody relies on one", async (plan) => {
  const last = plan.steps.at(-1);
  const ref = last?.kind === "standard" ? (last.contract?.ref ?? null) : null;
  expect(ref === null).toBe(IN_WORDS.includes(plan.id));
  if (ref === null || last === undefined) {
    // Whoever calls it in place asks for what is to come of it, or reads the notes; nobody runs it as a child.
    const children = plans.flatMap(({ steps }) => steps.flatMap((step) => (step.kind === "parallel" ? step.delegations.map(({ workflowId }) => workflowId) : [])));
    return expect(children).not.toContain(plan.id);
  }
  const { blockers, state } = await drive(plan, {}, { answer: (offer) => (offer.stepId !== last.id || offer.attempt > 2 ? null : offer.attempt === 1 ? { artifacts: [] } : { artifacts: [{ contractRef: ref, value: { outcome: "maybe" } }] }) });
  expect(blockers.map(({ code }) => code)).toEqual(["artifact-missing", "artifact-invalid"]);
  expect(state).toMatchObject({ kind: "ended", outcome: "completed" });
});

test.each(judges)("$id takes no finding without its place, its evidence and its remediation", async (plan) => {
  expect(judges.length).toBeGreaterThanOrEqual(5);
  const whole = { file: "a.ts", line: 1, evidence: "Read it.", remediation: "Mend it." };
  for (const field of Object.keys(whole)) {
    const finding = Object.fromEntries(Object.entries({ severity: "minor", summary: "Wrong", ...whole }).filter(([name]) => name !== field));
    const weak = { contractRef: "wr.contracts.review_verdict", value: { verdict: "minor", confidence: "high", summary: "s", findings: [finding] } };
    const { blockers } = await drive(plan, {}, { answer: (offer) => (offer.attempt === 1 && offer.requires.some((each) => each.kind === "artifact" && each.ref === weak.contractRef) ? { artifacts: [weak] } : null) });
    expect(blockers.map(({ message }) => message)).toContainEqual(expect.stringContaining(`findings.0.${field}: is missing`));
  }
});

describe("where nothing is missing", () => {
  const evidence = { contractRef: "wr.contracts.coordinator_result", value: { outcome: "success", summary: "All of it is held.", data: { held: [{ promise: "Rounds half up", break: "a.ts:3 floor", test: "rounds half up" }] } } };

  test.each([
    ["wr.test-coverage", ["baseline", "nothing-missing", "nothing-missing.audit"]],
    ["wr.documentation-update", ["find-drift", "nothing-wrong", "nothing-wrong.audit"]],
  ])("%s ends well, with evidence that somebody else looked at, and hands over no change", async (id, steps) => {
    const driven = await drive(find(id), {}, { answer: (offer) => ({ ...findNothing(offer), ...(offer.stepId.startsWith("nothing-") && !offer.stepId.endsWith(".audit") ? { artifacts: [evidence] } : {}) }) });
    expect(driven.steps).toEqual(steps);
    expect(driven.state).toMatchObject({ kind: "ended", outcome: "completed" });
  });

  test.each(["wr.test-coverage", "wr.documentation-update"])("%s takes no such claim without its evidence", async (id) => {
    const { data: _, ...bare } = evidence.value;
    const { blockers } = await drive(find(id), {}, { answer: (offer) => ({ ...findNothing(offer), ...(offer.stepId.startsWith("nothing-") && !offer.stepId.endsWith(".audit") ? { artifacts: [{ ...evidence, value: offer.attempt === 1 ? bare : evidence.value }] } : {}) }) });
    expect(blockers.map(({ message }) => message)).toContainEqual(expect.stringContaining("data"));
  });
});

test.each(["wr.production-readiness-audit", "wr.architecture-scalability-audit"])("%s is told the finding that calls for it", async (id) => {
  const { prompts } = await drive(find(id), { change: "a.ts | 2 +-\n", findings: [{ severity: "critical", summary: "Loses the last line" }] });
  expect(prompts[0]).toContain("Loses the last line");
  expect((await drive(find(id))).prompts.join("\n")).not.toContain("calls for the audit");
});

describe("driven by an obedient client", () => {
  const given: JsonObject = { change: "a.ts | 2 +-\n", handoff: { filesChanged: ["a.ts"], sideEffects: [] }, classification: { riskLevel: "low" }, direction: "This way.", backlog: "A ticket.", lastWatch: "All green.", question: "Go on?", handedOver: "Notes." };

  test.each(plans)("$id completes, and over all answers each of its steps is offered", async (plan) => {
    const yes = await drive(plan, given);
    expect(yes.state).toMatchObject({ kind: "ended", outcome: "completed" });
    expect(yes.gaps).toEqual([]);
    expect(yes.prompts.filter((prompt) => prompt.includes("[unset:"))).toEqual([]);
    const asked = new Set(workOf(plan.steps));
    for (const step of yes.steps) asked.delete(step);
    if (asked.size === 0) return;
    for (const other of [await drive(plan), await drive(plan, given, { answer: answerNo }), await drive(plan, given, { answer: findNothing }), await drive(plan, { ...given, findings: [{ severity: "major", summary: "wrong for 0" }] })]) {
      expect(other.state).toMatchObject({ kind: "ended", outcome: "completed" });
      for (const step of other.steps) asked.delete(step);
    }
    expect([...asked]).toEqual([]);
  });

  test.each(plans)("$id asks nothing that only a pipeline could know when a person starts it with a goal alone", async (plan) => {
    const alone = await drive(plan);
    expect(alone.state).toMatchObject({ kind: "ended", outcome: "completed" });
    if (plan.id.startsWith("wr.role-") || plan.id === "wr.gate-evaluation") return;
    expect(alone.prompts.filter((prompt) => prompt.includes("[unset:"))).toEqual([]);
  });

  test.each(plans.filter(({ steps }) => JSON.stringify(steps).includes("wr.contracts.loop_control")))("$id ends though its loop is never told to stop", async (plan) => {
    const driven = await drive(plan, given, { answer: goOn }, "full_auto_never_stop");
    expect(driven.state).toMatchObject({ kind: "ended", outcome: "completed" });
    expect(driven.gaps.map(({ code }) => code)).toContain("loop-limit");
  });
});
