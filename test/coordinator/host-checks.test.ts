/** What the host runs itself: the tests before the work, and the commands of findings before the fix and after it. */
import { afterEach, describe, expect, test } from "vitest";
import type { Turn } from "../../src/hosts/demo/model/index.ts";
import type { ItemEvent } from "../../src/record/index.ts";
import { itemView, journalProof, readItemJournal } from "../../src/report/index.ts";
import { cleanReview, completeStep, decidedOtherwise, ITEM, itemWorld, workflow, write, type ItemWorld, type ItemWorldOptions } from "./item-world.ts";

const worlds: ItemWorld[] = [];
afterEach(async () => {
  const closed = worlds.splice(0);
  await Promise.all(closed.map((world) => world.model.close()));
  expect((await Promise.all(closed.map(decidedOtherwise))).flat()).toEqual([]);
});

const steps = `  - { id: change, title: change, prompt: "Work on {{goal}}" }\n  - { id: verify, title: verify, prompt: verify, verification: { command: "{{commands.test}}" }, outputContract: { contractRef: wr.contracts.coding_handoff } }\n`;
const WORKFLOWS = [workflow("wr.quick-task", steps), workflow("wr.coding-task", steps), workflow("wr.production-readiness-audit", `  - { id: audit, title: audit, prompt: Look., outputContract: { contractRef: wr.contracts.review_verdict } }\n`)];
const open = async (options: Omit<ItemWorldOptions, "workflows">): Promise<ItemWorld> => {
  const world = await itemWorld({ pipeline: { mode: "auto", confirm: "never" }, hostChecks: true, ...options, workflows: WORKFLOWS });
  worlds.push(world);
  return world;
};

const classified = completeStep("wr.contracts.classification", { taskKind: "chore", taskComplexity: "small", riskLevel: "low", taskMaturity: "ready", interpretation: "Mend it.", ambiguities: [] });
const handOver = completeStep("wr.contracts.coding_handoff", { prTitle: "Mend it", filesChanged: ["a.txt"], testsAdded: [], sideEffects: [] });
/** Changes the file, then hands over as often as it is asked to. */
const changes = (content: string): ItemWorldOptions["turns"][string] => ({ turnIndex }) => (turnIndex === 0 ? write("a.txt", content) : turnIndex === 1 ? completeStep() : handOver);
const happy: ItemWorldOptions["turns"] = { "wr.classify-task": [classified], "wr.quick-task": changes("mended"), "wr.mr-review": () => cleanReview };
const tap = (...failing: string[]) => ({ exitCode: 1, outputTail: `${failing.map((name, index) => `not ok ${index + 1} - ${name}`).join("\n")}\n1..${failing.length}\n` });
const atBase = (files: Readonly<Record<string, string>>): boolean => files["a.txt"] === undefined;
const of = <Kind extends ItemEvent["kind"]>(events: readonly ItemEvent[], kind: Kind) => events.filter((event): event is Extract<ItemEvent, { kind: Kind }> => event.kind === kind);
const proofOf = async (world: ItemWorld) => journalProof(itemView(await readItemJournal(world.journal, ITEM)));

describe("the tests before the work", () => {
  test("are run once on the base, told to the session that changes files, and named in the proof", async () => {
    const world = await open({ turns: happy, onCommand: (_, files) => (atBase(files) ? tap("sums up") : {}) });
    expect((await world.run()).ending).toBe("ready");
    const events = await world.item();
    expect(of(events, "base_tested")).toMatchObject([{ data: { command: "npm test", skipped: null, result: { exitCode: 1, failing: ["sums up"], sandbox: "bubblewrap", outputTail: expect.stringContaining("sums up") } } }]);
    const kinds = events.map((event) => (event.kind === "session_scheduled" ? event.data.phase : event.kind));
    expect(kinds.indexOf("base_tested")).toBeLessThan(kinds.indexOf("code"));
    expect(of(events, "session_scheduled").find(({ data }) => data.phase === "code")).toMatchObject({ data: { context: { testsBefore: { command: "npm test", outcome: "red before the work (exit code 1)", failing: ["sums up"] } } } });
    expect((await proofOf(world))[0]).toMatchObject({ result: "holds", detail: expect.stringMatching(/red before the work.*exit code 1.*1 failing test: `sums up`/) });
  });

  test("that fail after the work as before it do not stop it, and turn nothing green", async () => {
    const world = await open({ turns: happy, onCommand: (_, files) => (atBase(files) ? tap("sums up", "rounds") : tap("rounds")) });
    expect((await world.run()).ending).toBe("ready");
    expect((await proofOf(world)).find(({ check }) => check.includes("npm test"))).toMatchObject({ result: "unknown", detail: expect.stringMatching(/exit code 1 .*red before the work and after it.*1 failing test: `rounds`/) });
    expect((await world.everything()).find((event) => event.kind === "gap_recorded")).toMatchObject({ data: { code: "tests-red-before", message: expect.stringContaining("rounds") } });
  });

  test.each([
    { what: "one that did not fail before", before: tap("sums up"), after: tap("sums up", "rounds"), says: "these did not fail then: rounds." },
    { what: "nobody knows which", before: { exitCode: 1, outputTail: "1 failing" }, after: { exitCode: 1, outputTail: "1 failing" }, says: "which tests failed is not known" },
    { what: "nobody knows which did before", before: { exitCode: 1, outputTail: "1 failing" }, after: tap("sums up"), says: "which tests failed is not known" },
    { what: "the tests did not end before", before: { exitCode: null, timedOut: true }, after: tap("sums up"), says: "The verification ended with exit code 1" },
    { what: "they hang now", before: tap("sums up"), after: { exitCode: null, timedOut: true }, says: "ran into its time-out" },
  ])("excuse nothing where $what: it ends tests-red with the reason", async ({ before, after, says }) => {
    const world = await open({ turns: happy, onCommand: (_, files) => (atBase(files) ? before : after) });
    expect(await world.run()).toMatchObject({ ending: "tests-red", reason: { code: "verification-failed", message: expect.stringContaining(says), fix: expect.stringContaining("start it again") } });
    expect((await proofOf(world)).find(({ check }) => check.includes("npm test"))?.result).toBe("fails");
  });

  test("are not run again by a later run, and a run that was cancelled in the middle of them begins them again", async () => {
    const cancel = new AbortController();
    let cut = true;
    const world = await open({
      turns: happy,
      onCommand: () => {
        if (cut) cancel.abort();
        cut = false;
        return {};
      },
    });
    expect(await world.run({ signal: cancel.signal })).toMatchObject({ ending: "cancelled", reason: { fix: expect.stringContaining("goes on where it stopped") } });
    expect(of(await world.item(), "base_tested")).toEqual([]);
    expect((await world.run({ budget: { turns: 2 } })).ending).toBe("budget");
    expect((await world.run()).ending).toBe("ready");
    expect(of(await world.item(), "base_tested")).toHaveLength(1);
    expect(world.verified).toEqual(["npm test", "npm test", "npm test"]);
  });

  test("are passed over with the reason where the repository names none", async () => {
    const world = await open({ turns: happy, testCommand: null });
    expect((await world.run()).ending).toBe("ready");
    expect(of(await world.item(), "base_tested")).toMatchObject([{ data: { command: null, result: null, skipped: expect.stringContaining("commands.test") } }]);
    expect(world.verified).toEqual([]);
    expect((await proofOf(world))[0]).toMatchObject({ result: "unknown", detail: expect.stringContaining("commands.test") });
  });

  test("leave nothing behind in the files, and their time is the item's", async () => {
    const world = await open({ turns: happy, onCommand: (_, files) => (Object.assign(files, { "coverage.txt": "!" }), { durationMs: 7_000 }) });
    const { ending, spent } = await world.run();
    expect(ending).toBe("ready");
    expect(world.workspace.files).toEqual({ "a.txt": "mended" });
    expect(spent.workedMs).toBeGreaterThanOrEqual(7_000);
  });
});

const found = (reproduce: string | undefined, severity = "minor", summary = "An hour is printed as 60m"): object => ({ severity, summary, file: "a.txt", line: 1, evidence: "Traced it.", remediation: "Round first.", ...(reproduce === undefined ? {} : { reproduce }) });
const review = (...findings: readonly object[]): Turn => completeStep("wr.contracts.review_verdict", { verdict: findings.length === 0 ? "clean" : "minor", confidence: "high", findings, summary: "Read it." });
/** A review that finds these the first time, and nothing the next. */
const once = (...findings: readonly object[]): ItemWorldOptions["turns"][string] => {
  let reviews = 0;
  return () => (reviews++ === 0 ? review(...findings) : cleanReview);
};
const COMMAND = "node -e 'process.exit(1)'";
const isFindings = (command: string): boolean => command.endsWith(`\n${COMMAND}`);

describe("a finding's command", () => {
  const turns = (findings: readonly object[], fixed = "really mended"): ItemWorldOptions["turns"] => ({ ...happy, "wr.mr-review": once(...findings), "wr.coding-task": changes(fixed) });
  const mended = (command: string, files: Readonly<Record<string, string>>) => (isFindings(command) && files["a.txt"] === "mended" ? { exitCode: 1, outputTail: "60m" } : {});

  test("is red on the reviewed files and green on the mended ones: in the record, told to the fix, and in the proof", async () => {
    const world = await open({ turns: turns([found(COMMAND)]), onCommand: mended });
    expect((await world.run()).ending).toBe("ready");
    const events = await world.item();
    const checks = of(events, "finding_checked").map(({ data }) => data);
    expect(checks).toMatchObject([{ round: 1, command: COMMAND, result: { exitCode: 1, outputTail: "60m" } }, { round: 2, command: COMMAND, result: { exitCode: 0 } }]);
    const trees = of(events, "session_concluded").flatMap(({ data }) => data.snapshot?.tree ?? []);
    expect(checks.map(({ tree }) => tree)).toEqual(trees);
    expect(of(events, "session_scheduled").find(({ data }) => data.phase === "fix")?.data.context["findings"]).toMatchObject([{ hostCheck: expect.stringContaining("exit code 1, so the fault is there") }]);
    expect((await proofOf(world)).find(({ check }) => check.includes("An hour"))).toMatchObject({ result: "holds", detail: expect.stringMatching(/failed before the fix \(exit code 1\) and passes after \(exit code 0\), run by the host, in the sandbox/), attestedBy: "agent job" });
  });

  test("is run on a copy, in a sandbox that is made anew before it and after it, and what it does to the files is undone", async () => {
    const world = await open({
      turns: turns([found(COMMAND)]),
      onCommand: (command, files) => {
        if (!isFindings(command)) return {};
        const result = mended(command, files);
        files["a.txt"] = "sabotaged";
        return result;
      },
    });
    expect((await world.run()).ending).toBe("ready");
    const [copy, run] = world.verified.filter((command) => command !== "npm test");
    expect(copy).toContain("cp -a .");
    expect(run).toMatch(/^cd "\$TMPDIR\/[\w-]+" \|\| exit 126\n/);
    expect(world.timeouts[world.verified.indexOf(run ?? "")]).toBe(120_000);
    expect(world.workspace.files).toEqual({ "a.txt": "really mended" });
  });

  test("that passes before the fix is told as not reproduced; the reviewer's verdict counts all the same", async () => {
    const world = await open({ turns: turns([found(COMMAND)]) });
    expect((await world.run()).ending).toBe("ready");
    const events = await world.item();
    expect(of(events, "finding_checked")).toMatchObject([{ data: { round: 1, result: { exitCode: 0 } } }]);
    expect(of(events, "session_scheduled").find(({ data }) => data.phase === "fix")?.data.context["findings"]).toMatchObject([{ hostCheck: expect.stringContaining("not reproduced") }]);
    expect(itemView(await readItemJournal(world.journal, ITEM)).findings).toMatchObject([{ check: { kind: "not-reproduced" } }]);
    expect((await proofOf(world)).some(({ check }) => check.includes("An hour"))).toBe(false);
  });

  test("that fails after the fix keeps the finding open, whatever the next review says: next round, then the cap", async () => {
    const world = await open({ turns: turns([found(COMMAND)]), onCommand: (command) => (isFindings(command) ? { exitCode: 1, outputTail: "60m" } : {}), maxReviewRounds: 3 });
    expect(await world.run()).toMatchObject({ ending: "review-blocking", reason: { message: expect.stringContaining("Not mended: An hour is printed as 60m"), fix: expect.stringContaining("review.maxRounds") } });
    const events = await world.item();
    const fixes = of(events, "session_scheduled").filter(({ data }) => data.phase === "fix");
    expect(fixes).toHaveLength(2);
    expect(fixes[1]?.data.context["findings"]).toMatchObject([{ summary: "Not mended: An hour is printed as 60m", severity: "minor", evidence: expect.stringMatching(/exit code 1 before the fix, exit code 1 after it.*\n60m/), hostCheck: expect.stringContaining("the fault is there") }]);
    expect((await proofOf(world)).find(({ check }) => check.includes("An hour"))?.result).toBe("fails");
  });

  test("that fails after the fix is no nit because the next review calls it one", async () => {
    let reviews = 0;
    const milder = () => review(found(COMMAND, reviews++ === 0 ? "minor" : "nit"));
    const world = await open({ pipeline: { mode: "auto", confirm: "never", rules: 3 }, turns: { ...turns([]), "wr.mr-review": milder }, onCommand: (command) => (isFindings(command) ? { exitCode: 1, outputTail: "60m" } : {}), maxReviewRounds: 3 });
    expect(await world.run()).toMatchObject({ ending: "review-blocking", reason: { message: expect.stringContaining("Not mended: An hour is printed as 60m") } });
    expect(of(await world.item(), "session_scheduled").filter(({ data }) => data.phase === "fix")).toHaveLength(2);
  });

  test("holds a later fix to what an earlier one mended", async () => {
    let fixes = 0;
    let reviews = 0;
    const world = await open({
      turns: {
        ...happy,
        "wr.mr-review": () => ([review(found(COMMAND)), review(found(undefined, "minor", "Another one"))][reviews++] ?? cleanReview),
        "wr.coding-task": ({ turnIndex }) => (turnIndex === 0 ? write("a.txt", fixes++ === 0 ? "really mended" : "mended") : turnIndex === 1 ? completeStep() : handOver),
      },
      onCommand: mended,
      maxReviewRounds: 3,
    });
    expect(await world.run()).toMatchObject({ ending: "review-blocking", reason: { message: expect.stringContaining("Not mended: An hour") } });
  });

  test.each([
    { what: "cannot be run", result: { exitCode: 127 }, said: "said nothing of the fault: exit code 127" },
    { what: "does not end", result: { exitCode: null, timedOut: true }, said: "said nothing of the fault: timed out" },
  ])("that $what says nothing, and stops nothing", async ({ result, said }) => {
    const world = await open({ turns: turns([found(COMMAND)]), onCommand: (command) => (isFindings(command) ? result : {}) });
    expect((await world.run()).ending).toBe("ready");
    expect(of(await world.item(), "session_scheduled").find(({ data }) => data.phase === "fix")?.data.context["findings"]).toMatchObject([{ hostCheck: expect.stringContaining(said) }]);
  });

  test("is not run where the files cannot be copied; the record says why", async () => {
    const world = await open({ turns: turns([found(COMMAND)]), onCommand: (command) => (command.includes("cp -a") ? { exitCode: 1, outputTail: "cp: No space left on device" } : {}) });
    expect((await world.run()).ending).toBe("ready");
    expect(of(await world.item(), "finding_checked")).toMatchObject([{ data: { result: null, skipped: expect.stringContaining("No space left") } }]);
    expect(world.verified.some(isFindings)).toBe(false);
  });

  test("is run for ten findings at most, never for a nit, and once for a command that two findings name", async () => {
    const many = Array.from({ length: 12 }, (_, index) => found(`exit ${index + 1}`, "minor", `Finding ${index}`));
    const world = await open({ turns: turns([...many, found("exit 1", "minor", "The same again"), found("exit 99", "nit", "A nit"), found("x".repeat(2_001), "minor", "Too long")]), onCommand: (command, files) => ({ exitCode: files["a.txt"] === "mended" && /\nexit \d+$/.test(command) ? 1 : 0 }) });
    expect((await world.run()).ending).toBe("ready");
    const events = await world.item();
    expect(of(events, "finding_checked").map(({ data }) => `${data.round} ${data.command}`)).toEqual([1, 2].flatMap((round) => many.slice(0, 10).map((_, index) => `${round} exit ${index + 1}`)));
    const told = of(events, "session_scheduled").find(({ data }) => data.phase === "fix")?.data.context["findings"] as { summary: string; hostCheck: string }[];
    expect(told.filter(({ hostCheck }) => hostCheck.includes("not run by the host")).map(({ summary }) => summary)).toEqual(["Finding 10", "Finding 11", "A nit", "Too long"]);
  });

  test("is not run again for what a run that was cancelled had recorded", async () => {
    const cancel = new AbortController();
    const commands = ["exit 1", "exit 2"];
    const ran: string[] = [];
    const world = await open({
      turns: turns(commands.map((command) => found(command, "minor", `Shown by ${command}`))),
      onCommand: (command, files) => {
        const own = commands.find((each) => command.endsWith(`\n${each}`));
        if (own === undefined) return {};
        ran.push(own);
        if (ran.length === 2) cancel.abort();
        return { exitCode: files["a.txt"] === "mended" ? 1 : 0 };
      },
    });
    expect((await world.run({ signal: cancel.signal })).ending).toBe("cancelled");
    expect((await world.run()).ending).toBe("ready");
    expect(ran).toEqual(["exit 1", "exit 2", "exit 2", "exit 1", "exit 2"]);
  });

  test("and the tests before are not run for an item that was opened before the host did", async () => {
    const world = await itemWorld({ pipeline: { mode: "auto", confirm: "never" }, turns: turns([found(COMMAND)]), workflows: WORKFLOWS });
    worlds.push(world);
    expect((await world.run()).ending).toBe("ready");
    expect((await world.item()).filter(({ kind }) => kind === "base_tested" || kind === "finding_checked")).toEqual([]);
    expect(world.verified).toEqual(["npm test", "npm test"]);
  });
});
