import { describe, expect, test } from "vitest";
import { foldItem, lookBack, next, possibleRuns } from "../../src/engine/pipeline/index.ts";
import { itemEventSchema, type ItemEvent, type PipelinePolicy } from "../../src/record/index.ts";
import type { Json } from "../../src/shared/json.ts";
import { classified, code, handover, history, judged, playItem, snapshot, verdict, type Outcome, type Step } from "./item-history.ts";

const SECOND: PipelinePolicy = { mode: "auto", confirm: "never", rules: 2 };
const LOOKING: PipelinePolicy = { ...SECOND, duplicates: "stop", decompose: "ask", pitches: [], requires: [] };
const KEYED = { deduplicationKey: "round-totals" };
const artifact = (contractRef: string, value: Json): Outcome => ({ artifacts: [{ contractRef, value }] });
const TICKET = { title: "a piece", body: "what it is" };
const tickets = artifact("tickets", { tickets: [TICKET, TICKET] });
const sure = artifact("wr.contracts.investigation", { rootCause: "rounding after the split", hypothesisConfidence: 0.9, severity: "high" });
const last = (played: ReturnType<typeof playItem>) => next(foldItem(played.events));
/** Of those of the host, in the fix that gets them. */
const scopeOf = (value: Json, changed: readonly string[], policy = SECOND) => {
  const action = last(playItem(policy, [classified(), handover(value, changed), judged("minor", "minor")]));
  const { findings } = action.kind === "run-session" ? (action.context as unknown as { findings: { kind?: string; file?: string; severity: string; summary: string }[] }) : { findings: [] };
  return findings.flatMap(({ kind, file, severity, summary }) => (kind === "scope" ? [`${severity} ${file ?? summary}`] : []));
};

describe("a classification without its deduplicationKey is a failed gate", () => {
  test.each<{ name: string; policy: PipelinePolicy; fields: Readonly<Record<string, Json>>; ends: string }>([
    { name: "left out", policy: LOOKING, fields: {}, ends: "stop unclear" },
    { name: "blank", policy: LOOKING, fields: { deduplicationKey: " " }, ends: "stop unclear" },
    { name: "stated", policy: LOOKING, fields: KEYED, ends: "look classified" },
    { name: "not looked at", policy: { ...LOOKING, duplicates: "ignore" }, fields: {}, ends: "mode quick" },
    { name: "of before it was needed", policy: { ...LOOKING, rules: undefined }, fields: {}, ends: "mode quick" },
  ])("$name: $ends", ({ policy, fields, ends }) => {
    const played = playItem(policy, [classified(fields)]);
    expect(played.path[2]).toBe(ends);
    if (ends.startsWith("stop")) expect(last(played)).toMatchObject({ reason: { message: expect.stringContaining("deduplicationKey"), fix: expect.stringContaining("duplicates: ignore") } });
  });
});

describe("what is there already is not made again", () => {
  const taken = (as: "pitch" | "direction") => ({ opened: { taken: [{ path: "docs/it.md", as, sha256: "f".repeat(64), sizeBytes: 4, text: "Text" }] } });
  test.each<{ as: "pitch" | "direction"; maturity: string; path: readonly string[] }>([
    { as: "direction", maturity: "idea", path: ["mode full", "code 1"] },
    { as: "direction", maturity: "rough", path: ["mode full", "code 1"] },
    { as: "pitch", maturity: "idea", path: ["mode full", "code 1"] },
    { as: "pitch", maturity: "rough", path: ["mode full", "code 1"] },
  ])("a $as of a task that is $maturity", ({ as, maturity, path }) => {
    const played = playItem(LOOKING, [classified({ taskMaturity: maturity, ...KEYED })], { found: taken(as) });
    expect(played.path.slice(3)).toEqual(path);
    expect(last(played)).toMatchObject({ context: { [as]: { takenFrom: [{ path: "docs/it.md" }] } }, why: expect.stringContaining("shape is left out, since docs/it.md is taken") });
  });

  test("the design that challengers attack is made all the same, and in the first edition each takes its own place", () => {
    const task = classified({ taskMaturity: "idea", touchesArchitecture: true, ...KEYED });
    expect(playItem(LOOKING, [task], { found: taken("pitch") }).path.slice(3)).toEqual(["mode full", "discover 1"]);
    const first = { ...LOOKING, rules: undefined };
    expect(playItem(first, [classified({ taskMaturity: "idea", ...KEYED })], { found: taken("direction") }).path.slice(3)).toEqual(["mode full", "shape 1"]);
  });
});

describe("large work is proposed to be cut, whatever its mode", () => {
  const policy: PipelinePolicy = { ...SECOND, decompose: "ask", slices: "auto" };
  test.each<{ name: string; policy: PipelinePolicy; outcomes: readonly Outcome[]; path: readonly string[] }>([
    { name: "a refactoring", policy, outcomes: [classified({ taskKind: "refactoring", taskComplexity: "large" }), tickets], path: ["mode refactor", "decompose 1", "ask decomposition", "stop decomposed"] },
    { name: "a bug, once its cause is known", policy, outcomes: [classified({ taskKind: "bug", taskComplexity: "large" }), sure, tickets], path: ["mode investigate", "investigate 1", "decompose 1", "ask decomposition", "stop decomposed"] },
    { name: "mode implement by config", policy: { ...policy, mode: "implement" }, outcomes: [classified({ taskComplexity: "large" }), tickets], path: ["mode implement", "decompose 1", "ask decomposition", "stop decomposed"] },
    { name: "what is not large goes as before", policy, outcomes: [classified({ taskKind: "refactoring", taskComplexity: "medium" })], path: ["mode refactor", "code 1"] },
    { name: "what was opened before goes on as it began", policy: { ...policy, rules: undefined }, outcomes: [classified({ taskKind: "refactoring", taskComplexity: "large" })], path: ["mode refactor", "code 1"] },
  ])("$name", ({ policy: under, outcomes, path }) => expect(playItem(under, outcomes).path.slice(1)).toEqual(path));

  test("a large bug that stays whole is cut into slices, a refactoring goes slice by slice itself", () => {
    const slicing: PipelinePolicy = { ...SECOND, decompose: "never", slices: "auto" };
    expect(last(playItem(slicing, [classified({ taskKind: "bug", taskComplexity: "large" }), sure]))).toMatchObject({ workflowId: "wr.slicing" });
    expect(last(playItem(slicing, [classified({ taskKind: "refactoring", taskComplexity: "large" })]))).toMatchObject({ workflowId: "wr.refactoring" });
  });
});

describe("a person confirms what is risky", () => {
  test.each<{ fields: Readonly<Record<string, Json>>; asks: string | null }>([
    { fields: { riskLevel: "critical" }, asks: "its risk is critical" },
    { fields: { ambiguities: ["which?"] }, asks: "the task is ambiguous" },
    { fields: { riskLevel: "high" }, asks: null },
  ])("$fields: $asks", ({ fields, asks }) => {
    const { path, events } = playItem({ ...SECOND, confirm: "risky" }, [classified(fields)]);
    expect(path.includes("ask")).toBe(asks !== null);
    if (asks === null) return;
    const before = events.slice(0, events.findIndex(({ kind }) => kind === "interpretation_answered"));
    expect(next(foldItem(before))).toMatchObject({ kind: "ask", question: expect.stringContaining(asks) });
    expect(next(foldItem(events))).toMatchObject({ phase: "code", context: { classification: { confirmedBy: "ada" } } });
  });
});

describe("scope: what is declared is a path in filesChanged", () => {
  test.each<{ name: string; value: Json; changed: readonly string[]; expected: readonly string[] }>([
    { name: "declared", value: { filesChanged: ["./src/a.js"] }, changed: ["src/a.js"], expected: [] },
    { name: "named in the prose of a side effect", value: { filesChanged: ["src/a.js"], sideEffects: ["src/b.js prints more"] }, changed: ["src/a.js", "src/b.js"], expected: ["minor src/b.js"] },
    { name: "named among the tests alone", value: { filesChanged: ["src/a.js"], testsAdded: ["test/a.test.js: rounds"] }, changed: ["src/a.js", "test/a.test.js"], expected: ["minor test/a.test.js"] },
    { name: "a workflow of CI", value: { filesChanged: ["src/a.js"] }, changed: ["src/a.js", ".github/workflows/ci.yml"], expected: ["major .github/workflows/ci.yml"] },
    { name: "a manifest", value: { filesChanged: ["src/a.js"] }, changed: ["src/a.js", "package.json"], expected: ["major package.json"] },
    { name: "a lock file without its manifest", value: { filesChanged: ["src/a.js"] }, changed: ["src/a.js", "sub/Cargo.lock"], expected: ["major sub/Cargo.lock"] },
    { name: "the lock file of a declared manifest", value: { filesChanged: ["package.json"] }, changed: ["package.json", "package-lock.json"], expected: [] },
    { name: "who may do what", value: { filesChanged: ["src/a.js"] }, changed: ["src/a.js", "docs/CODEOWNERS"], expected: ["major docs/CODEOWNERS"] },
    { name: "declared and not changed", value: { filesChanged: ["src/a.js", "src/never.js"] }, changed: ["src/a.js"], expected: ["minor src/never.js was declared as changed and does not differ from the base"] },
  ])("$name", ({ value, changed, expected }) => expect(scopeOf(value, changed)).toEqual(expected));

  test("weighty ones are named first, and of those beyond the names the sum is as grave", () => {
    const many = Array.from({ length: 30 }, (_, index) => `src/${index}.js`);
    expect(scopeOf({ filesChanged: [] }, [...many, "Dockerfile"])[0]).toBe("major Dockerfile");
    const workflows = many.map((_, index) => `.github/workflows/${index}.yml`);
    expect(scopeOf({ filesChanged: [] }, workflows).at(-1)).toMatch(/^major 10 more/);
  });

  test("a weighty file nobody declared is audited, and a person merges what comes of it", () => {
    const played = playItem(SECOND, [classified(), handover(undefined, ["src/a.js", ".github/workflows/ci.yml"]), judged("clean")]);
    expect(last(played)).toMatchObject({ phase: "audit", workflowId: "wr.production-readiness-audit" });
  });

  test("what a fix took back was changed once: its hand-over claims nothing that was not there", () => {
    const played = playItem(SECOND, [classified(), handover({ filesChanged: ["src/a.js"] }, ["src/a.js", "src/b.js"]), judged("clean"), handover({ filesChanged: ["src/b.js"] }, ["src/a.js"]), judged("clean")]);
    expect(played.path.at(-1)).toBe("deliver");
  });
});

describe("a workflow that is run by itself is reviewed before anything is published", () => {
  const alone = (rules: 2 | undefined, ...steps: readonly Step[]): readonly ItemEvent[] =>
    history(...steps).map((event) => (event.kind === "item_opened" ? { ...event, data: { ...event.data, workflowId: "acme.tidy", pipeline: { mode: "auto", confirm: "never", rules } } } : event));
  const change = { ...code, workflowId: "acme.tidy", changed: ["src/a.js"] };
  const review = (...severities: string[]) => ({ phase: "review" as const, artifacts: [verdict(severities.length === 0 ? "clean" : "minor", ...severities)] });

  test.each<{ name: string; events: readonly ItemEvent[]; expected: object }>([
    { name: "its change is read", events: alone(2, change), expected: { kind: "run-session", phase: "review", allowedTools: ["read", "glob", "grep"] } },
    { name: "clean is published, though nothing was handed over", events: alone(2, change, review()), expected: { kind: "deliver" } },
    { name: "a finding is mended", events: alone(2, change, review("minor")), expected: { kind: "run-session", phase: "fix" } },
    { name: "a broken verdict is a failed gate", events: alone(2, change, { phase: "review" }), expected: { kind: "stop", ending: "no-verdict" } },
    { name: "no change is no review", events: alone(2, { ...change, snapshot: { ...snapshot, changedFiles: 0 } }), expected: { kind: "stop", ending: "completed" } },
    { name: "what was opened before is published as it was", events: alone(undefined, change), expected: { kind: "deliver" } },
  ])("$name", ({ events, expected }) => expect(next(foldItem(events))).toMatchObject(expected));

  const result = (outcome: string) => ({ contractRef: "wr.contracts.coordinator_result", value: { outcome, summary: "All of it is held by tests." } });
  const approved = { contractRef: "wr.contracts.gate_verdict", value: { verdict: "approved", confidence: 1, rationale: "It holds." } };

  test.each<[string, NonNullable<Step["artifacts"]>, string]>([
    ["nothing is missing", [result("success"), approved], "Its result is success: All of it is held by tests."],
    ["it is not what was thought", [result("failed")], "Its result is failed: All of it is held by tests."],
    ["a result on the way is not its own", [result("partial"), { contractRef: "research_report", value: {} }], "no file differs from the base."],
    ["one that cannot be read says nothing", [{ contractRef: "wr.contracts.coordinator_result", value: "good" }], "no file differs from the base."],
  ])("without a change the end tells what it came to: %s", (_, artifacts, words) => {
    const action = next(foldItem(alone(2, { ...change, snapshot: { ...snapshot, changedFiles: 0 }, artifacts })));
    expect(action).toMatchObject({ kind: "stop", ending: "completed" });
    expect(action.kind === "stop" && action.reason.message.endsWith(words)).toBe(true);
  });

  test("the estimate counts the review, and knows that there may be none", () => {
    const [runs = []] = possibleRuns({ workflowId: "acme.tidy", maxReviewRounds: 2, pipeline: SECOND });
    expect(runs).toEqual(expect.arrayContaining([{ workflowId: "acme.tidy", low: 1, high: 1 }, { workflowId: "wr.mr-review", low: 0, high: 2 }]));
  });
});

describe("looking back", () => {
  const ended = (outcome: "deliver" | "stopped"): ItemEvent => ({ kind: "item_ended", data: { outcome, ending: outcome === "deliver" ? "ready" : "review-blocking", reason: outcome === "deliver" ? null : { code: "c", message: "open findings", fix: "f" }, snapshot: outcome === "deliver" ? snapshot : null } });
  const straight = [classified(), handover(), judged("clean")];
  const mended = [classified(), handover(), judged("minor", "minor"), handover(), judged("clean")];
  const played = (retrospective: PipelinePolicy["retrospective"], outcomes: readonly Outcome[], outcome: "deliver" | "stopped" = "deliver") => [...playItem({ ...SECOND, ...(retrospective === undefined ? {} : { retrospective }) }, outcomes).events, ended(outcome)];

  test.each<{ name: string; events: readonly ItemEvent[]; due: boolean }>([
    { name: "at the first try, where only trouble counts", events: played("troubled", straight), due: false },
    { name: "at the first try, always", events: played("always", straight), due: true },
    { name: "after a fix", events: played("troubled", mended), due: true },
    { name: "stopped at its review", events: played("troubled", straight, "stopped"), due: true },
    { name: "never", events: played("never", mended), due: false },
    { name: "of before there was one", events: played(undefined, mended), due: false },
    { name: "where nothing was made", events: played("always", [classified()], "stopped"), due: false },
    { name: "before the end", events: played("always", mended).slice(0, -1), due: false },
  ])("$name: $due", ({ events, due }) => expect(lookBack(foldItem(events)) !== null).toBe(due));

  test("it reads only, is begun once, and what comes of it changes neither the end nor the files", () => {
    const events = played("troubled", mended);
    const before = foldItem(events);
    expect(lookBack(before)).toMatchObject({ phase: "retrospect", workflowId: "wr.retrospective", allowedTools: ["read", "glob", "grep"], context: { ended: { ending: "ready" } } });
    const scheduled: ItemEvent = { kind: "session_scheduled", data: { phase: "retrospect", round: 1, sessionId: "r", workflowId: "wr.retrospective", goal: "g", context: {} } };
    expect(itemEventSchema.parse(scheduled)).toEqual(scheduled);
    const after = foldItem([...events, scheduled]);
    expect(lookBack(after)).toBeNull();
    expect(next(after)).toEqual({ kind: "ended" });
    expect(after).toMatchObject({ ended: before.ended, snapshot: before.snapshot });
  });
});
