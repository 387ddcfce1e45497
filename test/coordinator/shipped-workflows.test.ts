/** The shipped workflows in an autonomous run: children, audits and gates are the coordinator's, and only a person's gate stops one. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openMemoryJournal } from "../../src/journal/index.ts";
import { openLibrary } from "../../src/library/index.ts";
import type { StepOutput } from "../../src/record/index.ts";
import { createSession, type SessionDeps } from "../../src/session/index.ts";
import type { Plan } from "../../src/workflow/index.ts";
import { fakeClock } from "../fakes/clock.ts";
import { driveSession, findNothing, outputFor } from "../fakes/drive-session.ts";
import { completeStep, decidedOtherwise, itemWorld } from "./item-world.ts";

const { catalogue } = openLibrary({ packageRoot: join(import.meta.dirname, "..", ".."), workspace: null, extra: [] });
const find = (id: string): Plan => catalogue.workflows.get(id)?.plan ?? expect.fail(`no ${id}`);
const result = completeStep("wr.contracts.coordinator_result", { outcome: "success", summary: "Looked and found nothing that speaks against it." });
const approved = completeStep("wr.contracts.gate_verdict", { verdict: "approved", confidence: 0.9, rationale: "It holds." });

/** As in the rehearsal: a finding, and a verdict that is stricter than it. */
const reviewed = completeStep("wr.contracts.review_verdict", { verdict: "blocking", confidence: "low", summary: "Done.", findings: [{ severity: "minor", summary: "Done.", file: "a.ts", line: 1, evidence: "Done.", remediation: "Done." }] });

/** What an obedient agent hands over in the workflow, attempt by attempt; verdicts of audits are somebody else's. */
async function outputsOf(plan: Plan, missing: boolean): Promise<readonly StepOutput[]> {
  const clock = fakeClock();
  const deps: SessionDeps = { journal: openMemoryJournal({ clock }), clock, verify: () => Promise.resolve({ exitCode: 0, timedOut: false, outputTail: "", durationMs: 1, sandbox: "bubblewrap" }) };
  const session = await createSession(deps, { sessionId: "s-rehearsal", itemId: null, parentSessionId: null, phase: null, plan, goal: "Mend it", context: { commands: { test: "npm test" } }, autonomy: "full_auto_stop_on_user_deps" });
  const outputs: StepOutput[] = [];
  await driveSession(deps, session, { plans: find, answer: (offer) => {
    const output = { ...outputFor(offer, offer.attempt - 1), ...(missing ? {} : findNothing(offer)) };
    if (offer.role !== "audit") outputs.push(output);
    return output;
  } });
  return outputs;
}

const NOTHING_MISSING = ["wr.test-coverage", "wr.documentation-update"];
const plans = [...catalogue.workflows.values()].flatMap(({ plan, isRoutine }) => (isRoutine || plan.category === "role" ? [] : [plan]));

describe.concurrent("in a run of its own", () => {
  const runs = [...plans.map((plan) => ({ id: plan.id, plan, missing: true })), ...plans.filter(({ id }) => NOTHING_MISSING.includes(id)).map((plan) => ({ id: `${plan.id} that finds nothing`, plan, missing: false }))];
  test.each(runs)("$id ends as it should, with nobody at the keyboard", async ({ plan, missing }) => {
    const outputs = [...(await outputsOf(plan, missing))];
    const world = await itemWorld({
      workflowId: "wr.work",
      workflows: [{ ...plan, id: "wr.work" }],
      turns: {
        "wr.work": (view) => {
          if (view.firstMessage.includes(".audit)")) return approved;
          const output = outputs.shift();
          return [{ type: "tool_use", name: "complete_step", input: JSON.parse(JSON.stringify({ ...output, notes: output?.notes || "Done and seen." })) }];
        },
        "wr.role-challenger": () => result,
        "wr.role-researcher": () => result,
        "wr.role-reviewer": () => reviewed,
        "wr.gate-evaluation": () => approved,
      },
    });
    const ended = await world.run();
    const asksPerson = JSON.stringify(plan.steps).includes('"gate":"human_approval"');
    expect(ended.ending === "awaiting-approval" || ended.ending === "completed", JSON.stringify(ended.reason)).toBe(true);
    expect(ended.ending === "awaiting-approval").toBe(asksPerson);
    if (!asksPerson) expect(outputs).toEqual([]);
    const unfinished = (await world.everything()).filter((event) => event.kind === "child_finished" && event.data.outcome !== "completed");
    expect(unfinished).toEqual([]);
    if (!missing) expect(ended).toMatchObject({ ending: "completed", reason: { message: expect.stringContaining("no file differs from the base. Its result is success") } });
    expect(await decidedOtherwise(world)).toEqual([]);
    await world.model.close();
  });
});
