import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { contextOf, gapsOf, nodesOf } from "../../src/engine/session/index.ts";
import { openMemoryJournal } from "../../src/journal/index.ts";
import type { Autonomy } from "../../src/record/index.ts";
import { createSession, openSession, type SessionDeps } from "../../src/session/index.ts";
import type { JsonObject } from "../../src/shared/json.ts";
import { catalogue } from "../../src/workflow/index.ts";
import { fakeClock } from "../fakes/clock.ts";
import { driveSession, type DriveOptions } from "../fakes/drive-session.ts";

const folder = new URL("../fixtures/workflows/", import.meta.url);
const library = catalogue(readdirSync(folder).map((file) => ({ file, text: readFileSync(new URL(file, folder), "utf8") })));
const planOf = (id: string) => {
  const entry = library.workflows.get(id);
  if (entry === undefined) throw new Error(`${id}: ${JSON.stringify(library.faults, null, 1)}`);
  return entry.plan;
};

const deps = (): SessionDeps => {
  const clock = fakeClock();
  const readContext: SessionDeps["readContext"] = async (source) => (source.kind !== "local_path" ? { value: `read ${source.url}` } : source.path === "docs/spec.md" ? { value: "the spec" } : { value: null, reason: null });
  return { journal: openMemoryJournal({ clock }), clock, readContext, verify: async () => ({ exitCode: 0, timedOut: false, outputTail: "", durationMs: 1, sandbox: "weak" }) };
};

async function drive(id: string, options: DriveOptions & { readonly context?: JsonObject; readonly autonomy?: Autonomy } = {}) {
  const d = deps();
  const session = await createSession(d, { sessionId: "s-1", itemId: null, parentSessionId: null, phase: null, plan: planOf(id), goal: "Mend https://example.org/issue/1 please", context: options.context ?? {}, autonomy: options.autonomy ?? "guided" });
  const driven = await driveSession(d, session, { ...options, plans: (workflowId) => library.workflows.get(workflowId)?.plan ?? null });
  const again = await openSession(d, "s-1");
  expect(again.state()).toEqual(session.state());
  return { ...driven, session, state: session.state(), deps: d };
}

test("every fixture compiles without faults", () => {
  expect(library.faults).toEqual([]);
});

describe("fixtures are driven to completion from what their offers ask for", () => {
  test("loops: first, over a list, nested, by loop control, until a condition, by id, never, a todo list", async () => {
    const { steps, prompts, result } = await drive("fixture.loops");
    expect(result).toMatchObject({ kind: "ended", outcome: "completed" });
    expect(steps).toEqual(["count-step", "count-step", "list-items", "item-step", "inner-step", "inner-step", "item-step", "refine-step", "decide-step", "body-step", "make-todo", "todo-step"]);
    expect(prompts[1]).toContain("Round 2 of the count.");
    expect(prompts[6]).toContain("at 1.");
    expect(prompts.at(-1)).toContain("Do item, number 1.");
  });

  test("acceptance: criteria, an assessment mended, audits in a loop, gates, a jump that is taken once", async () => {
    const { steps, result, blockers, state } = await drive("fixture.acceptance", { context: { again: true } });
    expect(result).toMatchObject({ kind: "ended", outcome: "completed" });
    expect(steps).toEqual(["criteria-first", "assess", "assess", "audited", "audited.audit", "audited", "audited.audit", "gated", "in-gated", "jumper", "gated", "in-gated", "jumper"]);
    expect(blockers.map((blocker) => blocker.code)).toEqual(["assessment-followup"]);
    expect(gapsOf(state).map((gap) => gap.code)).toEqual(["jump-limit"]);
  });

  test("parallel: children with goal, context and bounds of their own; the step waits for all of them", async () => {
    const { steps, prompts, result, deps: d } = await drive("fixture.parallel", { context: { area: "engine", areas: ["a", "b", "c"] } });
    expect(result).toMatchObject({ kind: "ended", outcome: "completed" });
    expect(steps).toEqual(["split", "per-area"]);
    expect(prompts[0]).toContain("Bring both sides together.");
    expect(prompts[0]).toContain("### n1.2: completed");
    const left = await openSession(d, "s-1-n1-1");
    expect(left.state()).toMatchObject({ facts: { start: { parentSessionId: "s-1", goal: "Look at Mend https://example.org/issue/1 please from the left.", context: { part: "engine", side: "left" }, allowedTools: ["read"] } } });
    expect((await openSession(d, "s-1-n4-3")).state()).toMatchObject({ facts: { start: { goal: "Work on c", context: { part: "c" } } } });
  });

  test("templates: first, in a loop, behind a condition; every text arrives", async () => {
    const { steps, prompts, result } = await drive("fixture.templates", { context: { flag: true } });
    expect(result).toMatchObject({ kind: "ended", outcome: "completed" });
    expect(steps).toEqual(["probe-first.look", "probe-first.dig-step", "probe-again.look", "probe-again.dig-step", "probe-again.look", "probe-again.dig-step", "blocks"]);
    for (const text of ["Look at the parser to depth 2.", "Probing changes nothing.", "unused(): Told once for the session.", "reviewer: wr.routine-probe. Who reviews."]) expect(prompts[0]).toContain(text);
    for (const text of ["Your notes are what survives", "Ask wr.routine-probe.", "This is always there.", "The flag is set.", "measure(what = \"the tests\"): Count the lines of the tests.", "Find out at the start which of the tools"]) expect(prompts[6]).toContain(text);
    expect(prompts[6]).not.toContain("The flag is not set.");
  });

  test("gather: what is there, the first file, the task's address, nothing, and what the agent has to find", async () => {
    const { steps, prompts, state } = await drive("fixture.gather", { context: { brief: "the brief" }, answer: (offer) => (offer.stepId === "asked-for" ? { context: { owner: "ann" } } : null) });
    expect(steps).toEqual(["asked-for", "use-it"]);
    expect(prompts[1]).toContain("the brief / the spec / read https://example.org/issue/1 / [unset: extra");
    expect(nodesOf(state).map((node) => node.gathered?.source)).toEqual(["injected: brief", "docs/spec.md", "https://example.org/issue/1", null, null, undefined]);
    expect(contextOf(state)).toMatchObject({ owner: "ann", spec: "the spec" });
  });

  test("gather: what cannot be read, or kept, is a gap with its reason that the agent is told; the next address counts", async () => {
    const d = deps();
    const read: string[] = [];
    const readContext: SessionDeps["readContext"] = async (source) => {
      read.push(source.kind === "local_path" ? source.path : source.url);
      if (source.kind === "local_path") return source.path === "docs/spec.md" ? { value: "x".repeat(300_000) } : { value: null, reason: null };
      return source.url.endsWith("2") ? { value: "the second" } : { value: null, reason: "it has moved" };
    };
    const session = await createSession({ ...d, readContext }, { sessionId: "s-1", itemId: null, parentSessionId: null, phase: null, plan: planOf("fixture.gather"), goal: "Mend https://example.org/1 or https://example.org/2", context: { brief: "b" }, autonomy: "guided" });
    await session.resume();
    expect(session.offer()).toMatchObject({ stepId: "from-file", prompt: expect.stringContaining("docs/spec.md was not read: The session's context would take") });
    await session.submit({ notes: "", artifacts: [], context: { spec: "short" } });
    expect(session.offer()?.stepId).toBe("asked-for");
    const gaps = gapsOf(session.state()).map(({ code, message }) => `${code}: ${message}`);
    expect(gaps.filter((gap) => gap.startsWith("context-source-missed"))).toEqual([
      expect.stringMatching(/^context-source-missed: docs\/spec\.md was not read: The session's context would take \d+ bytes; the limit is 262144\.$/),
      "context-source-missed: https://example.org/1 was not read: it has moved.",
    ]);
    expect(read).toEqual(["docs/none.md", "docs/spec.md", "https://example.org/1", "https://example.org/2", "OWNERS"]);
    expect(contextOf(session.state())).toMatchObject({ pitch: "the second" });
    expect((await openSession(d, "s-1")).state()).toEqual(session.state());
  });

  test("a WorkRail 3.x file loads with warnings only and runs to its end", async () => {
    expect(library.workflows.get("legacy-workflow")?.warnings.map((warning) => warning.path)).toEqual(["somethingNew", "steps[0].extra"]);
    const { steps, prompts, result } = await drive("legacy-workflow", { context: { slices: ["one", "two"], risk: "high" } });
    expect(result).toMatchObject({ kind: "ended", outcome: "completed" });
    expect(steps).toEqual(["analyze", "iterate-work", "iterate-exit", "slice-step", "slice-step", "rate", "rate"]);
    for (const text of ["verify(what: string): Run it and read the output.", "Guide (docs/guide.md, beside the workflow's file), to be followed strictly", "Risk policy conservative", "You are an analyst.", "Slowly."]) expect(prompts[0]).toContain(text);
    expect(prompts[1]).toContain("step(): One small step.");
    expect(prompts[6]).toContain("metrics_outcome");
  });

  test("the shapes of WorkRail's newest files are understood without a warning, and each has its effect", async () => {
    expect(library.workflows.get("fixture.workrail")?.warnings).toEqual([]);
    const { steps, prompts, result } = await drive("fixture.workrail");
    expect(result).toMatchObject({ kind: "ended", outcome: "completed" });
    expect(steps).toEqual(["ask-rounds", "look", "look.audit", "look", "look.audit", "check", "hand-over"]);
    expect(prompts[1]).toContain("Pass 1 of 2");
    expect(prompts[2]).toContain('`wr.routine-plan-analysis` with deliverableName = "docs/findings.md"');
    expect(prompts[3]).toContain("Pass 2 of 2");
    expect(prompts[5]).toContain("find out which tests, builds and checks");
  });
});
