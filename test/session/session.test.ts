import { describe, expect, test } from "vitest";
import { gapsOf } from "../../src/engine/session/index.ts";
import { type Journal, openMemoryJournal } from "../../src/journal/index.ts";
import { sessionStream, type AgentEvent, type StepOutput } from "../../src/record/index.ts";
import { createSession, openSession, readSession, type Session, type SessionDeps, type VerificationResult } from "../../src/session/index.ts";
import { createRedactor } from "../../src/shared/redact.ts";
import type { JsonObject } from "../../src/shared/json.ts";
import { compileWorkflow, type Plan } from "../../src/workflow/index.ts";
import { fakeClock } from "../fakes/clock.ts";

const planOf = (steps: readonly JsonObject[]): Plan => {
  const file = { schemaVersion: 2, id: "test-flow", name: "n", version: "1.0.0", description: "d", steps: steps.map((step, index) => ({ id: `step-${index + 1}`, title: `Step ${index + 1}`, prompt: "Do it.", ...step })) };
  const compiled = compileWorkflow({ text: JSON.stringify(file), file: "w.json" });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value.plan;
};
const green: VerificationResult = { exitCode: 0, timedOut: false, outputTail: "ok", durationMs: 10, sandbox: "weak" };
const depsOf = (more: Partial<SessionDeps> = {}): SessionDeps => {
  const clock = fakeClock();
  return { journal: openMemoryJournal({ clock }), clock, verify: async () => green, ...more };
};
const init = (plan: Plan) => ({ sessionId: "s-1", itemId: null, parentSessionId: null, phase: "code", plan, goal: "the goal", context: {}, autonomy: "full_auto_stop_on_user_deps" as const });
const notes: StepOutput = { notes: "Done.", artifacts: [], context: {} };
const steered = (text: string): AgentEvent => ({ kind: "steered", data: { turn: 1, source: "reminder", text } });
const logged = async (deps: SessionDeps) => (await deps.journal.read(sessionStream("s-1"))).map((event) => event.kind);

describe("one command is one append", () => {
  test("the start pins the plan by hash and offers the first step", async () => {
    const appends: number[] = [];
    const journal = openMemoryJournal({ clock: fakeClock() });
    const counted: Journal = { ...journal, append: (stream, after, events) => (appends.push(events.length), journal.append(stream, after, events)) };
    const session = await createSession(depsOf({ journal: counted }), init(planOf([{}, {}])));
    await session.submit(notes);
    expect(appends).toEqual([2, 3]);
    const [started] = await journal.read(sessionStream("s-1"));
    expect(started?.kind === "session_started" && (await journal.getBlob(started.data.plan))).toBeInstanceOf(Uint8Array);
    expect(session.head()).toEqual(await journal.head(sessionStream("s-1")));
  });

  test("an advance reads nothing back: it costs the step, never the history", async () => {
    const journal = openMemoryJournal({ clock: fakeClock() });
    let reads = 0;
    const counted: Journal = { ...journal, read: (stream) => ((reads += 1), journal.read(stream)) };
    const session = await createSession(depsOf({ journal: counted }), init(planOf(Array.from({ length: 50 }, () => ({})))));
    for (let step = 0; step < 50; step += 1) await session.submit({ ...notes, context: { [`k${step}`]: step } });
    expect(reads).toBe(0);
    expect(session.state()).toMatchObject({ kind: "ended", outcome: "completed" });
  });
});

describe("results of a submission", () => {
  test("blocked tells what is missing and how many attempts are left, then the end", async () => {
    const session = await createSession(depsOf(), init(planOf([{}])));
    const empty = { ...notes, notes: "" };
    expect(await session.submit(empty)).toMatchObject({ kind: "blocked", attemptsLeft: 2, blockers: [{ code: "notes-missing" }] });
    expect(await session.submit(empty)).toMatchObject({ kind: "blocked", attemptsLeft: 1 });
    expect(await session.submit(empty)).toMatchObject({ kind: "ended", outcome: "blocked" });
    expect(await session.submit(notes)).toMatchObject({ kind: "refused", refusal: { kind: "session-over" } });
  });

  test("a step, a gate, its approval, the end", async () => {
    const session = await createSession(depsOf(), init(planOf([{}, { requireConfirmation: { kind: "human_approval" } }])));
    expect(await session.submit(notes)).toMatchObject({ kind: "step", offer: { stepId: "step-2" } });
    expect(await session.submit(notes)).toMatchObject({ kind: "gate", gate: "human_approval" });
    expect(session.offer()).toBeNull();
    expect(await session.resolveGate({ verdict: "rejected", reason: "No.", by: "ann" })).toMatchObject({ kind: "blocked", blockers: [{ code: "gate-rejected" }] });
    await session.submit(notes);
    expect(await session.resolveGate({ verdict: "approved", reason: "Yes.", by: "ann" })).toMatchObject({ kind: "ended", outcome: "completed" });
  });

  test("what is no output at all is refused and leaves the session usable", async () => {
    const session = await createSession(depsOf(), init(planOf([{}])));
    for (const wrong of [null, { notes: 1 }, { ...notes, context: JSON.parse('{"__proto__":1}') }, { ...notes, context: { a: () => 1 } }, { ...notes, context: JSON.parse(`{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}`) }]) {
      expect(await session.submit(wrong as StepOutput)).toMatchObject({ kind: "refused" });
    }
    expect(await session.submit(notes)).toMatchObject({ kind: "ended", outcome: "completed" });
  });

  test("stopping ends it with the reason, once", async () => {
    const deps = depsOf();
    const session = await createSession(deps, init(planOf([{}])));
    await session.stop("stopped", { code: "budget_turns", message: "Out of turns." });
    await session.stop("failed", { code: "x", message: "y" });
    expect(session.state()).toMatchObject({ kind: "ended", outcome: "stopped", reason: { code: "budget_turns" } });
    expect((await logged(deps)).filter((kind) => kind === "session_ended")).toHaveLength(1);
  });
});

describe("verification through the host", () => {
  const plan = planOf([{ verification: { command: "npm test" } }, {}]);

  test("red blocks, green goes on; a long output keeps its end and says so", async () => {
    const results: VerificationResult[] = [{ ...green, exitCode: 1, outputTail: `${"x".repeat(20_000)}the end` }, green];
    const session = await createSession(depsOf({ verify: async () => results.shift() ?? green }), init(plan));
    const blocked = await session.submit(notes);
    expect(blocked).toMatchObject({ kind: "blocked", blockers: [{ code: "verification-failed", message: expect.stringMatching(/are left out[^]*the end$/) }] });
    expect(await session.submit({ ...notes, notes: "" })).toMatchObject({ kind: "step", offer: { stepId: "step-2" } });
  });

  test("an answer lost with its process is asked for again when the session goes on", async () => {
    const deps = depsOf();
    const lost = await createSession({ ...deps, verify: () => Promise.reject(new Error("the process died")) }, init(plan));
    await expect(lost.submit(notes)).rejects.toThrow("the process died");
    const commands: string[] = [];
    const again = await openSession({ ...deps, verify: async ({ command }) => (commands.push(command), green) }, "s-1");
    expect(again.state().kind).toBe("waiting");
    expect(commands).toEqual([]);
    expect(await again.submit(notes)).toMatchObject({ kind: "refused", refusal: { kind: "waiting-for-verification" } });
    expect(await again.resume()).toMatchObject({ kind: "step", offer: { stepId: "step-2" } });
    expect(commands).toEqual(["npm test"]);
    expect((await logged(deps)).filter((kind) => kind === "verification_requested")).toHaveLength(1);
  });

  test("events of the agent are recorded while it runs, in one chain", async () => {
    const deps = depsOf();
    let running: Session | null = null;
    const verify = async () => {
      await running?.record(steered("while it runs"));
      return green;
    };
    running = await createSession({ ...deps, verify }, init(plan));
    await running.submit(notes);
    expect(await logged(deps)).toEqual(["session_started", "step_offered", "step_submitted", "verification_requested", "steered", "verification_finished", "step_completed", "step_offered"]);
  });
});

describe("the log is the truth (I3)", () => {
  test("a session cut after any event opens and can be driven to its end", async () => {
    const plan = planOf([{ verification: { command: "npm test" } }, { requireConfirmation: true }, { runCondition: { var: "never" } }]);
    const deps = depsOf();
    const whole = await createSession(deps, init(plan));
    await whole.submit({ ...notes, notes: "" });
    await whole.submit(notes);
    await whole.submit(notes);
    await whole.resolveGate({ verdict: "approved", reason: "Fine.", by: "coordinator" });
    const events = await deps.journal.read(sessionStream("s-1"));
    const pinned = events[0]?.kind === "session_started" ? await deps.journal.getBlob(events[0].data.plan) : null;
    for (let cut = 1; cut <= events.length; cut += 1) {
      const torn = depsOf();
      await torn.journal.putBlob(pinned ?? new Uint8Array());
      await torn.journal.append(sessionStream("s-1"), null, events.slice(0, cut).map(({ kind, data }) => ({ kind, data }) as (typeof events)[number]));
      const session = await openSession(torn, "s-1");
      for (let round = 0; round < 10 && session.state().kind !== "ended"; round += 1) {
        const { kind } = session.state();
        if (kind === "gate") await session.resolveGate({ verdict: "approved", reason: "Fine.", by: "coordinator" });
        else if (kind === "waiting") await session.resume();
        else await session.submit(notes);
      }
      expect(session.state()).toMatchObject({ kind: "ended", outcome: "completed" });
      expect((await readSession(torn.journal, "s-1")).state).toEqual(session.state());
    }
  });

  test("the state in memory is the one read back: lone surrogates and secrets included (I6)", async () => {
    const clock = fakeClock();
    const redact = createRedactor(["correct-horse-battery"]);
    const deps = depsOf({ clock, journal: openMemoryJournal({ clock, redact }), redact });
    const session = await createSession(deps, init(planOf([{}, {}])));
    await session.submit({ notes: "it is correct-horse-battery \ud800", artifacts: [], context: { k: "correct-horse-battery", z: -0 } });
    expect(JSON.stringify(session.state())).not.toContain("correct-horse-battery");
    expect((await openSession(deps, "s-1")).state()).toEqual(session.state());
  });

  test("history gives the agent's events back, before and after opening", async () => {
    const deps = depsOf();
    const session = await createSession(deps, init(planOf([{}])));
    await session.record(steered("one"));
    await session.submit({ ...notes, notes: "" });
    await session.record(steered("two"));
    const again = await openSession(deps, "s-1");
    expect(again.history()).toEqual(session.history());
    expect(again.history().map((event) => event.seq)).toEqual([3, 6]);
  });

  test("an opened session is told again what holds for the whole of it, once", async () => {
    const deps = depsOf();
    const file = { schemaVersion: 2, id: "meta-flow", name: "n", version: "1.0.0", description: "d", metaGuidance: ["meta-text"], steps: ["one", "two", "three"].map((id) => ({ id, title: id, prompt: "Do." })) };
    const compiled = compileWorkflow({ text: JSON.stringify(file), file: "w" });
    if (!compiled.ok) throw new Error("compiles");
    const session = await createSession(deps, init(compiled.value.plan));
    await session.submit(notes);
    expect(session.offer()?.prompt).not.toContain("meta-text");
    const again = await openSession(deps, "s-1");
    expect(again.offer()?.prompt).toContain("meta-text");
    await again.submit(notes);
    expect(again.offer()?.prompt).not.toContain("meta-text");
  });
});

describe("two writers", () => {
  test("fault 22: the one that is behind is refused, and its state stays what the log says", async () => {
    const deps = depsOf();
    const first = await createSession(deps, init(planOf([{}, {}])));
    const second = await openSession(deps, "s-1");
    await first.submit(notes);
    const before = second.state();
    expect(await second.submit(notes)).toMatchObject({ kind: "refused", refusal: { kind: "conflict" } });
    expect(second.state()).toBe(before);
    await expect(second.record(steered("late"))).rejects.toThrow("stands at seq 5");
  });

  test("two submissions at once: one counts, the other is for a step that is over", async () => {
    const session = await createSession(depsOf(), init(planOf([{}, {}, {}])));
    const results = await Promise.all([session.submit(notes, { nodeId: "n1" }), session.submit(notes, { nodeId: "n1" })]);
    expect(results).toMatchObject([{ kind: "step" }, { kind: "refused", refusal: { kind: "step-over" } }]);
  });

  test("a session that exists is not started again", async () => {
    const deps = depsOf();
    await createSession(deps, init(planOf([{}])));
    await expect(createSession(deps, init(planOf([{}])))).rejects.toThrow(/cannot start/);
    await expect(openSession(deps, "s-2")).rejects.toThrow("There is no session s-2");
  });
});

test("a long chain of steps keeps its gaps and order", async () => {
  const session = await createSession(depsOf(), init(planOf(Array.from({ length: 200 }, () => ({ prompt: "{{missing}}" })))));
  for (let step = 0; step < 200; step += 1) await session.submit(notes);
  expect(gapsOf(session.state())).toHaveLength(200);
});
