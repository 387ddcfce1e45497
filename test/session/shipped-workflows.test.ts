import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { artifactsOf, gapsOf, nodesOf } from "../../src/engine/session/index.ts";
import { openMemoryJournal } from "../../src/journal/index.ts";
import type { StepOutput } from "../../src/record/index.ts";
import { createSession, openSession, type Session, type SessionDeps, type VerificationResult } from "../../src/session/index.ts";
import type { JsonObject } from "../../src/shared/json.ts";
import { compileWorkflow, type Plan } from "../../src/workflow/index.ts";
import { fakeClock } from "../fakes/clock.ts";

const load = (name: string): Plan => {
  const compiled = compileWorkflow({ text: readFileSync(new URL(`../../workflows/${name}.yaml`, import.meta.url), "utf8"), file: `${name}.yaml` });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error, null, 1));
  expect(compiled.value.warnings).toEqual([]);
  return compiled.value.plan;
};

const green: VerificationResult = { exitCode: 0, timedOut: false, outputTail: "3 passed", durationMs: 900, sandbox: "bubblewrap" };

function deps(results: VerificationResult[] = []): SessionDeps & { commands: string[] } {
  const clock = fakeClock();
  const commands: string[] = [];
  const verify = async ({ command }: { command: string }) => {
    commands.push(command);
    return results.shift() ?? green;
  };
  return { journal: openMemoryJournal({ clock }), clock, verify, commands };
}

const start = (d: SessionDeps, name: string, context: JsonObject = {}): Promise<Session> =>
  createSession(d, { sessionId: `s-${name}`, itemId: null, parentSessionId: null, phase: null, plan: load(name), goal: "The total is wrong", context, autonomy: "full_auto_stop_on_user_deps" });

const values: Record<string, JsonObject> = {
  "wr.contracts.classification": { taskKind: "bug", taskComplexity: "small", riskLevel: "low", hasUi: false, touchesArchitecture: false, taskMaturity: "ready", interpretation: "Mend the total.", ambiguities: [], deduplicationKey: "total-is-wrong" },
  "wr.contracts.coding_handoff": { prTitle: "Mend the total", prBody: "It was wrong.", commitSubject: "mend the total", filesChanged: ["a.ts"], testsAdded: [], sideEffects: [] },
  "wr.contracts.review_verdict": { verdict: "clean", confidence: "high", findings: [], summary: "Good." },
};

/** Hands in what each offer asks for until the session is over; returns the steps it was offered. */
async function drive(session: Session): Promise<string[]> {
  const steps: string[] = [];
  for (let offer = session.offer(); offer !== null; offer = session.offer()) {
    steps.push(offer.stepId);
    const output: StepOutput = { notes: "", artifacts: [], context: {} };
    for (const requirement of offer.requires) {
      if (requirement.kind === "notes") output.notes = "Done.";
      if (requirement.kind === "artifact") output.artifacts.push({ contractRef: requirement.ref, value: values[requirement.ref] ?? null });
    }
    const result = await session.submit(output);
    if (result.kind === "refused" || result.kind === "blocked") throw new Error(JSON.stringify(result));
    if (steps.length > 20) throw new Error("does not end");
  }
  return steps;
}

describe("the shipped workflows drive to completion", () => {
  test("classify-task: two cheap steps, a classification", async () => {
    const session = await start(deps(), "classify-task");
    expect(session.offer()).toMatchObject({ modelTier: "lightweight", allowedTools: ["read", "glob", "grep"] });
    expect(await drive(session)).toEqual(["read-task", "classify"]);
    expect(session.state()).toMatchObject({ kind: "ended", outcome: "completed" });
    expect(artifactsOf(session.state()).map((artifact) => artifact.contractRef)).toEqual(["wr.contracts.classification"]);
  });

  test("coding-task: understands, implements, is verified by the host's command, hands over", async () => {
    const d = deps();
    const session = await start(d, "coding-task", { commands: { test: "npm test" }, classification: { taskKind: "bug", taskComplexity: "small" } });
    expect(await drive(session)).toEqual(["understand", "implement", "verify", "hand-over"]);
    expect(d.commands).toEqual(["npm test"]);
    expect(session.state()).toMatchObject({ kind: "ended", outcome: "completed" });
    expect(gapsOf(session.state())).toEqual([]);
  });

  test("coding-task with findings resolves them instead of understanding the task anew", async () => {
    const session = await start(deps(), "coding-task", { commands: { test: "npm test" }, findings: [{ severity: "major", summary: "wrong for 0" }] });
    expect(session.offer()?.prompt).toContain("wrong for 0");
    expect(await drive(session)).toEqual(["resolve-findings", "implement", "verify", "hand-over"]);
  });

  test("coding-task without a test command goes on and records that nothing was run", async () => {
    const d = deps();
    const session = await start(d, "coding-task", { classification: {} });
    await drive(session);
    expect(d.commands).toEqual([]);
    expect(session.state()).toMatchObject({ kind: "ended", outcome: "completed" });
    expect(gapsOf(session.state()).map((gap) => gap.code)).toContain("no-verification-command");
  });

  describe("mr-review", () => {
    const reviewed = async (): Promise<Session> => {
      const session = await start(deps(), "mr-review", { change: "a.ts | 2 +-", handoff: { filesChanged: ["a.ts"], keyDecisions: ["It is fine as it is."] }, commands: { test: "npm test" } });
      for (const { id: childId, kind } of session.pending()) if (kind === "child") await session.finishChild({ childId, sessionId: `s-${childId}`, outcome: "completed", summary: "Looked.", artifacts: [{ contractRef: "wr.contracts.review_verdict", value: { verdict: "clean", confidence: "high", findings: [], summary: "Nothing." } }] });
      return session;
    };

    test("asks three reviewers at once, each with the task, the change, a checklist of its own, and nothing else", async () => {
      const session = await start(deps(), "mr-review", { change: "a.ts | 2 +-", handoff: { filesChanged: ["a.ts"], keyDecisions: ["It is fine as it is."] } });
      const asked = session.pending().flatMap((child) => (child.kind === "child" ? [child] : []));
      expect(asked.map(({ workflowId, context, allowedTools }) => ({ workflowId, context, allowedTools }))).toEqual(asked.map(() => ({ workflowId: "wr.role-reviewer", context: { change: "a.ts | 2 +-" }, allowedTools: ["read", "glob", "grep"] })));
      expect(asked.map(({ goal }) => /You look at (.*), and at nothing else\./.exec(goal)?.[1])).toEqual(["correctness", "whether the task is met and shown to be met", "harm to what was fine before"]);
      expect(new Set(asked.map(({ goal }) => goal.split("Go through this:")[1])).size).toBe(3);
      expect(asked.every(({ goal }) => goal.includes("The total is wrong") && goal.split("\n- ").length >= 5)).toBe(true);
    });

    test("brings them together once, then a verdict", async () => {
      const session = await reviewed();
      expect(session.offer()).toMatchObject({ stepId: "examine", prompt: expect.stringContaining("a.ts | 2 +-") });
      expect(await drive(session)).toEqual(["examine", "give-verdict"]);
      expect(artifactsOf(session.state())).toHaveLength(1);
    });

    test.each(["file", "line", "evidence", "remediation"])("takes no finding without %s", async (field) => {
      const session = await reviewed();
      await session.submit({ notes: "Done.", artifacts: [], context: {} });
      const { [field]: _, ...finding }: JsonObject = { severity: "minor", summary: "Off by one", file: "a.ts", line: 1, evidence: "Traced it.", remediation: "Count from 1." };
      const verdict = (...findings: JsonObject[]): StepOutput => ({ notes: "Done.", artifacts: [{ contractRef: "wr.contracts.review_verdict", value: { verdict: "minor", confidence: "high", findings, summary: "Read." } }], context: {} });
      expect(await session.submit(verdict({ ...finding, [field]: field === "line" ? 1 : "x" }, finding))).toMatchObject({ kind: "blocked", blockers: [{ code: "artifact-invalid", message: expect.stringContaining(`findings.1.${field}: is missing`) }] });
      if (field !== "line") expect(await session.submit(verdict({ ...finding, [field]: "  " }))).toMatchObject({ kind: "blocked", blockers: [{ message: expect.stringContaining(`findings.0.${field}: is missing`) }] });
      expect(await session.submit(verdict({ ...finding, [field]: field === "line" ? 1 : "x" }))).toMatchObject({ kind: "ended", outcome: "completed" });
    });
  });

  test("a session opened from its journal stands where it stood", async () => {
    const d = deps();
    const session = await start(d, "coding-task", { commands: { test: "npm test" }, classification: {} });
    await session.submit({ notes: "Seen.", artifacts: [], context: { a: 1 } });
    const again = await openSession(d, session.id);
    expect(again.state()).toEqual(session.state());
    expect(again.plan).toEqual(session.plan);
    expect(nodesOf(again.state()).map((node) => node.stepId)).toEqual(["understand", "implement"]);
    expect(await drive(again)).toEqual(["implement", "verify", "hand-over"]);
  });
});
