/** Sessions a client drives by token: what a token is good for, what a replay gives, what a long verification does. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { answerText, StoredSessions, type StoredSessionsDeps, type Answer, type FindPlan, type Input, type SentOutput, type StartRequest, type Verify } from "../../../src/session/stored/index.ts";
import { createRedactor } from "../../../src/shared/redact.ts";
import type { FileSystem } from "../../../src/shared/ports.ts";
import { nodeFileSystem, nodeRandom } from "../../../src/shared/node-ports.ts";
import { compileWorkflow, type Plan } from "../../../src/workflow/index.ts";
import { fakeClock } from "../../fakes/clock.ts";

const plan = (steps: string): Plan => {
  const compiled = compileWorkflow({ text: `schemaVersion: 2\nid: test-flow\nname: Test\nversion: 1.0.0\ndescription: For tests.\nsteps:\n${steps}`, file: "test.yaml" });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value.plan;
};
const TWO_STEPS = plan("  - {id: first, title: First, prompt: Do it}\n  - {id: second, title: Second, prompt: Do more}\n");
const VERIFIED = plan("  - {id: checked, title: Checked, prompt: Do it, verification: {command: make check}}\n");
const GATED = plan("  - {id: gated, title: Gated, prompt: Do it, requireConfirmation: true}\n");

const passed = { exitCode: 0, timedOut: false, outputTail: "", durationMs: 1, sandbox: "weak" } as const;
const notes = (notesMarkdown: string): Input => ({ kind: "submit", output: { notesMarkdown, artifacts: [], context: {} } });

let directory: string;
let clock: ReturnType<typeof fakeClock>;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "worktrain-stored-"));
  clock = fakeClock();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const findPlan: FindPlan = (id) => (id === "test-flow" ? { ok: true, value: TWO_STEPS } : { ok: false, error: { kind: "unknown-workflow", message: "There is none.", fix: "Name another." } });
/** A process of its own, as far as sessions know. */
const open = (verify: Verify = async () => passed, dataDirectory = directory): StoredSessions => new StoredSessions({ ...deps(), dataDirectory, verifier: () => verify });
const deps = (): StoredSessionsDeps => ({ dataDirectory: directory, fs: nodeFileSystem, clock, random: nodeRandom, verifier: () => async () => passed, findPlan, redact: createRedactor(["correct-horse-battery"]), answerWithinMs: 15_000 });
const start = (sessions: StoredSessions, of: Plan, more: Partial<StartRequest> = {}): Promise<Answer> =>
  sessions.start({ plan: of, goal: "Mend the total", context: {}, workspacePath: directory, workflowFolder: null, ...more });
const tokenOf = (answer: Answer): string => answer.continueToken ?? "none";

describe("tokens", () => {
  test("are short, safe in a URL, and the key is readable by its owner only", async () => {
    const sessions = open();
    const token = tokenOf(await start(sessions, TWO_STEPS));
    expect(token).toMatch(/^[\w.-]{40,79}$/);
    expect(statSync(join(directory, "token.key")).mode & 0o777).toBe(0o600);
    await sessions.close();
  });

  test("a replayed token gives the recorded answer, also in another process and after more steps, and submits nothing twice", async () => {
    const one = open();
    const begun = await start(one, TWO_STEPS);
    const first = await one.go({ token: tokenOf(begun) }, notes("one"));
    expect(await one.go({ token: tokenOf(begun) }, notes("another"))).toEqual(first);
    await one.close();
    const two = open();
    expect(await two.go({ token: tokenOf(begun) }, notes("one"))).toEqual(first);
    const last = await two.go({ token: tokenOf(first) }, notes("two"));
    expect(last).toMatchObject({ status: "complete", outcome: "completed" });
    expect(await two.go({ token: tokenOf(begun) }, notes("one"))).toEqual(first);
    expect(await two.go({ token: tokenOf(first) }, notes("two"))).toEqual(last);
    await two.close();
  });

  test("one token sent twice at the same time is one submission", async () => {
    const sessions = open();
    const token = tokenOf(await start(sessions, TWO_STEPS));
    const [a, b] = await Promise.all([sessions.go({ token }, notes("one")), sessions.go({ token }, notes("one"))]);
    expect(a).toMatchObject({ status: "step", step: { id: "second" } });
    expect(b).toEqual(a);
    await sessions.close();
  });

  test("a replayed blocked attempt is answered as it was", async () => {
    const sessions = open();
    const token = tokenOf(await start(sessions, TWO_STEPS));
    const blocked = await sessions.go({ token }, notes(" "));
    expect(blocked).toMatchObject({ status: "blocked", blockers: [{ code: "notes-missing" }], step: { id: "first" } });
    await sessions.go({ token: tokenOf(blocked) }, notes("now"));
    expect(await sessions.go({ token }, notes("now"))).toEqual(blocked);
    await sessions.close();
  });

  test("a token of another data directory, an altered one and a checkpoint token are refused; the session stays usable", async () => {
    const [mine, theirs] = [open(), open(undefined, join(directory, "other"))];
    const token = tokenOf(await start(mine, TWO_STEPS));
    const foreign = tokenOf(await start(theirs, TWO_STEPS));
    const checkpointToken = (await mine.go({ token }, { kind: "rehydrate" })).checkpointToken ?? "";
    const codes = await Promise.all([foreign, `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`, token.replace(".n1.", ".n2."), checkpointToken, "", "wtc"].map(async (each) => (await mine.go({ token: each }, notes("x"))).blockers?.[0]?.code));
    expect(codes).toEqual(["foreign-token", "foreign-token", "foreign-token", "wrong-token-kind", "malformed-token", "malformed-token"]);
    expect(await mine.go({ token }, notes("one"))).toMatchObject({ status: "step", step: { id: "second" } });
    await mine.close();
    await theirs.close();
  });

  test.each([..."0123456789"].map(Number))("no character of a token may be changed (%i)", async (tenth) => {
    const sessions = open();
    const token = tokenOf(await start(sessions, TWO_STEPS));
    const changed = [...token].map((letter, at) => `${token.slice(0, at)}${letter === "x" ? "y" : "x"}${token.slice(at + 1)}`).filter((_, at) => at % 10 === tenth);
    for (const each of changed) expect((await sessions.go({ token: each }, notes("x"))).status).toBe("refused");
    await sessions.close();
  });
});

describe("a verification that takes long", () => {
  test("is answered as waiting; asking again with the token gives what came of it, and so does the first token", async () => {
    let finish = (): void => {};
    const sessions = open(() => new Promise((resolve) => (finish = () => resolve(passed))));
    const token = tokenOf(await start(sessions, VERIFIED));
    const asked = sessions.go({ token }, notes("done"));
    await clock.advance(15_000);
    const waiting = await asked;
    expect(waiting).toMatchObject({ status: "waiting", pending: [{ kind: "verification", continueToken: waiting.continueToken }] });
    const again = sessions.go({ token: tokenOf(waiting) }, { kind: "await" });
    await clock.advance(15_000);
    expect(await again).toEqual(waiting);
    const last = sessions.go({ token: tokenOf(waiting) }, { kind: "await" });
    await clock.advance(1);
    finish();
    expect(await last).toMatchObject({ status: "complete", outcome: "completed" });
    expect(await sessions.go({ token }, notes("done"))).toEqual(await last);
    await sessions.close();
  });

  test("is run again by the process that opens the session next", async () => {
    const one = open((_request, signal) => new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("aborted")))));
    const begun = await start(one, VERIFIED);
    const asked = one.go({ token: tokenOf(begun) }, notes("done"));
    await clock.advance(15_000);
    const waiting = await asked;
    await one.close();
    const commands: string[] = [];
    const two = open(async ({ command }) => {
      commands.push(command);
      return passed;
    });
    expect(await two.go({ token: tokenOf(waiting) }, { kind: "await" })).toMatchObject({ status: "complete" });
    expect(commands).toEqual(["make check"]);
    await two.close();
  });
});

test("rewinding stops a verification under way: who waits for it is told, and the new branch is not held up", async () => {
  const aborted: unknown[] = [];
  const sessions = open((_request, signal) => new Promise((_, reject) => signal?.addEventListener("abort", () => (aborted.push(signal.reason), reject(new Error("killed"))))));
  const begun = await start(sessions, VERIFIED);
  const asked = sessions.go({ token: tokenOf(begun) }, notes("done"));
  const told = asked.then(() => "answered", (error: unknown) => String(error));
  await clock.advance(1);
  const back = await sessions.rewind({ token: tokenOf(begun) });
  expect(await told).toBe("Error: killed");
  expect(aborted).toEqual([expect.objectContaining({ message: expect.stringContaining("was rewound to n1 meanwhile") })]);
  expect(back).toMatchObject({ status: "step", step: { id: "checked" } });
  const again = sessions.go({ token: tokenOf(back) }, notes(""));
  expect(await again).toMatchObject({ status: "blocked", blockers: [{ code: "notes-missing" }] });
  await sessions.close();
});

test("a verification that could not be run blocks with the cure, not with an exit code", async () => {
  const sessions = open(async () => ({ exitCode: 126, timedOut: false, outputTail: "Nothing was run. Install bubblewrap.", durationMs: 0, sandbox: "none" }));
  const blocked = await sessions.go({ token: tokenOf(await start(sessions, VERIFIED)) }, notes("done"));
  expect(blocked).toMatchObject({ status: "blocked", blockers: [{ code: "verification-not-run", message: "Nothing was run. Install bubblewrap." }] });
  await sessions.close();
});

test("parallel children are sessions with tokens of their own, gone on with by any process; the step waits for all", async () => {
  const parallel = plan("  - {id: split, type: parallel, title: Split, parallelDelegations: [{workflowId: test-flow}, {workflowId: test-flow}], synthesis: {prompt: Bring together}}\n");
  const one = open();
  const waiting = await start(one, parallel);
  expect(waiting).toMatchObject({ status: "waiting", pending: [{ kind: "child" }, { kind: "child" }] });
  const [left, right] = (waiting.pending ?? []).map(({ continueToken = "" }) => continueToken);
  const child = await one.go({ token: left ?? "" }, notes("one"));
  expect(child).toMatchObject({ status: "step", step: { id: "second" }, workflowId: "test-flow" });
  expect(await one.go({ token: tokenOf(waiting) }, notes("too early"))).toMatchObject({ status: "refused", blockers: [{ code: "waiting-for-children" }] });
  await one.close();
  const two = open();
  expect(await two.go({ token: tokenOf(child) }, notes("two"))).toMatchObject({ status: "complete" });
  expect((await two.go({ token: tokenOf(waiting) }, { kind: "await" })).pending).toHaveLength(1);
  await two.go({ token: tokenOf(await two.go({ token: right ?? "" }, notes("one"))) }, notes("two"));
  const synthesis = await two.go({ token: tokenOf(waiting) }, { kind: "await" });
  const counted = { status: "refused", blockers: [{ code: "session-over", fix: expect.stringContaining(`Rewind ${waiting.sessionId}`) }] };
  for (const token of [left ?? "", tokenOf(child)]) expect(await two.rewind({ token })).toMatchObject(counted);
  expect(await two.go({ token: tokenOf(child) }, notes("two"))).toMatchObject({ status: "complete" });
  expect(synthesis).toMatchObject({ status: "step", step: { id: "split" } });
  expect(await two.go({ token: tokenOf(synthesis) }, notes("both"))).toMatchObject({ status: "complete", outcome: "completed" });
  await two.close();
});

test("a child whose workflow there is not ends the session blocked, and says which", async () => {
  const sessions = open();
  const answer = await start(sessions, plan("  - {id: split, type: parallel, title: Split, notesOptional: true, parallelDelegations: [{workflowId: nowhere}]}\n"), { autonomy: "full_auto_never_stop" });
  const over = answer.status === "complete" ? answer : await sessions.go({ token: tokenOf(answer) }, { kind: "await" });
  expect(over).toMatchObject({ status: "complete", outcome: "blocked", blockers: [{ code: "child-not-started", message: expect.stringContaining("There is none.") }] });
  await sessions.close();
});

test("the words of a blocked step hold the step: whoever comes to it anew, or is sent back to another, reads what it is about", async () => {
  const sessions = open();
  const { sessionId, continueToken = "" } = await start(sessions, TWO_STEPS);
  await sessions.go({ token: continueToken }, notes(" "));
  const text = answerText(await sessions.go({ sessionId }, { kind: "rehydrate" }));
  for (const said of ['The step "First" is not done:\n- The notes are empty.', "Do it", "To hand over (JSON Schema of each):"]) expect(text).toContain(said);
  await sessions.close();
});

test("a workflow that delegates to itself comes to an end: the deepest session says that no further level may stand below it", async () => {
  const endless = plan("  - {id: split, type: parallel, title: Split, notesOptional: true, parallelDelegations: [{workflowId: test-flow}]}\n");
  const sessions = new StoredSessions({ ...deps(), findPlan: () => ({ ok: true, value: endless }) });
  let answer = await start(sessions, endless);
  let levels = 0;
  for (; answer.status === "waiting" && levels < 10; levels += 1) answer = await sessions.go({ token: answer.pending?.[0]?.continueToken ?? "" }, { kind: "await" });
  expect(levels).toBe(3);
  expect(answer).toMatchObject({ status: "complete", outcome: "blocked", blockers: [{ code: "child-not-started", message: expect.stringContaining("at most 3 levels") }] });
  await sessions.close();
});

test("what was done before a rewinding is not the answer to what is sent after it", async () => {
  const sessions = open();
  const begun = await start(sessions, TWO_STEPS);
  const second = await sessions.go({ token: tokenOf(begun) }, notes("one"));
  const back = await sessions.rewind({ sessionId: begun.sessionId }, "n1");
  expect(back).toMatchObject({ status: "step", step: { id: "first" } });
  expect(await sessions.go({ token: tokenOf(second) }, notes("late"))).toMatchObject({ status: "refused", blockers: [{ code: "step-over" }] });
  expect(await sessions.go({ token: tokenOf(begun) }, notes("one"))).toEqual(second);
  expect(await sessions.go({ token: tokenOf(back) }, notes("anew"))).toMatchObject({ step: { id: "second" } });
  await sessions.close();
});

test("fault 4: once a full disk has room again the same server goes on with the session", async () => {
  let full = false;
  const fs: FileSystem = {
    ...nodeFileSystem,
    createExclusive(path) {
      const file = nodeFileSystem.createExclusive(path);
      if (file === null) return null;
      const append = (bytes: Uint8Array): void => {
        if (full) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
        file.append(bytes);
      };
      return { append, sync: () => file.sync(), close: () => file.close() };
    },
  };
  const sessions = new StoredSessions({ ...deps(), fs });
  const begun = await start(sessions, TWO_STEPS);
  full = true;
  await expect(sessions.go({ token: tokenOf(begun) }, notes("one"))).rejects.toThrow("The disk is full");
  await expect(sessions.go({ token: tokenOf(begun) }, notes("one"))).rejects.toThrow("The disk is full");
  full = false;
  expect(await sessions.go({ token: tokenOf(begun) }, notes("one"))).toMatchObject({ status: "step", step: { id: "second" } });
  await sessions.close();
});

test("a gate parks the session; a rejection sends the step back with its reason, and an approval in another process goes on", async () => {
  const one = open();
  const gate = await one.go({ token: tokenOf(await start(one, GATED)) }, notes("done"));
  expect(gate).toMatchObject({ status: "gate", gate: { kind: "human_approval" } });
  expect(await one.go({ token: tokenOf(gate) }, notes("more"))).toMatchObject({ status: "refused", blockers: [{ code: "at-gate" }], continueToken: gate.continueToken });
  await one.close();
  const two = open();
  const rejected = await two.go({ token: tokenOf(gate) }, { kind: "gate", answer: { verdict: "rejected", reason: "the total is still wrong", by: "ada" } });
  expect(rejected).toMatchObject({ status: "blocked", step: { id: "gated" } });
  expect(JSON.stringify(rejected.blockers)).toContain("the total is still wrong");
  const again = await two.go({ token: tokenOf(rejected) }, notes("mended"));
  await two.close();
  const three = open();
  expect(await three.go({ sessionId: gate.sessionId }, { kind: "gate", answer: { verdict: "approved", reason: "good", by: "ada" } })).toMatchObject({ status: "complete" });
  expect(again.status).toBe("gate");
  await three.close();
});

test("a checkpoint token marks its own place once, wherever the session is by then", async () => {
  const sessions = open();
  const begun = await start(sessions, TWO_STEPS);
  const marked = await sessions.checkpoint({ checkpointToken: begun.checkpointToken ?? "" });
  expect(marked.checkpoint).toEqual({ id: "c1", nodeId: "n1" });
  const second = await sessions.go({ token: tokenOf(marked) }, notes("one"));
  for (let count = 0; count < 2; count += 1) expect(await sessions.checkpoint({ checkpointToken: begun.checkpointToken ?? "" })).toEqual(marked);
  const over = await sessions.go({ token: tokenOf(second) }, notes("two"));
  expect(over.status).toBe("complete");
  await sessions.rewind({ sessionId: begun.sessionId }, "n1");
  for (let count = 0; count < 2; count += 1) expect(await sessions.checkpoint({ checkpointToken: second.checkpointToken ?? "" })).toMatchObject({ status: "refused", blockers: [{ code: "step-over" }] });
  expect((await sessions.checkpoint({ sessionId: begun.sessionId })).checkpoint?.id).toBe("c2");
  await sessions.close();
});

test("a checkpoint at an audit can be gone back to once the audit rejected", async () => {
  const sessions = open();
  const audit = await sessions.go({ token: tokenOf(await start(sessions, plan("  - {id: one, title: One, prompt: Do it, audit: {rubric: [Right]}}\n"))) }, notes("one"));
  const marked = await sessions.checkpoint({ checkpointToken: audit.checkpointToken ?? "" });
  const verdict = { ref: "wr.contracts.gate_verdict", value: { verdict: "rejected", rationale: "No.", confidence: "high" } };
  const sentBack = await sessions.go({ token: tokenOf(marked) }, { kind: "submit", output: { notesMarkdown: "No.", artifacts: [verdict], context: {} } });
  expect(sentBack).toMatchObject({ status: "blocked", step: { id: "one" } });
  expect(await sessions.rewind({ token: audit.checkpointToken ?? "" })).toMatchObject({ status: "step", step: { id: "one.audit" } });
  await sessions.close();
  const anew = open();
  expect(await anew.rewind({ sessionId: audit.sessionId }, marked.checkpoint?.id)).toMatchObject({ status: "step", step: { id: "one.audit" } });
  await anew.close();
});

test("a gate is answered with its own token alone: a step's or another gate's of an abandoned branch opens nothing", async () => {
  const sessions = open();
  const approve: Input = { kind: "gate", answer: { verdict: "approved", reason: "Good.", by: "ann" } };
  const begun = await start(sessions, plan("  - {id: one, title: One, prompt: Do it, requireConfirmation: true}\n  - {id: two, title: Two, prompt: Do it, requireConfirmation: true}\n"));
  const firstGate = await sessions.go({ token: tokenOf(begun) }, notes("one"));
  const step = await sessions.go({ token: tokenOf(firstGate) }, approve);
  const back = await sessions.rewind({ token: tokenOf(begun) });
  const again = await sessions.go({ token: tokenOf(await sessions.go({ token: tokenOf(back) }, notes("one"))) }, approve);
  const gate = await sessions.go({ token: tokenOf(again) }, notes("two"));
  expect(gate).toMatchObject({ status: "gate" });
  expect(await sessions.go({ token: tokenOf(step) }, approve)).toMatchObject({ status: "refused", continueToken: gate.continueToken, blockers: [{ code: "step-over", fix: expect.stringContaining("current gate") }] });
  expect((await sessions.go({ sessionId: begun.sessionId }, { kind: "await" })).status).toBe("gate");
  expect(await sessions.go({ token: tokenOf(gate) }, approve)).toMatchObject({ status: "complete" });
  await sessions.close();
});

test("two processes on one data directory take turns: each sees what the other did", async () => {
  const [one, two] = [open(), open()];
  const begun = await start(one, TWO_STEPS);
  const first = await two.go({ token: tokenOf(begun) }, notes("one"));
  expect(await one.go({ token: tokenOf(begun) }, notes("one"))).toEqual(first);
  expect(await one.go({ token: tokenOf(first) }, notes("two"))).toMatchObject({ status: "complete" });
  expect(await two.go({ token: tokenOf(first) }, { kind: "rehydrate" })).toMatchObject({ status: "complete" });
  await Promise.all([one.close(), two.close()]);
});

test("of clients that send the same token at once from processes of their own, each gets the one recorded answer", async () => {
  const processes = Array.from({ length: 4 }, () => open());
  const [first] = processes;
  if (first === undefined) throw new Error("no process");
  let answer = await start(first, plan(Array.from({ length: 6 }, (_, index) => `  - {id: step-${index}, title: S, prompt: Do it}\n`).join("")));
  for (let round = 0; answer.status === "step"; round += 1) {
    const token = tokenOf(answer);
    const answers = await Promise.all(processes.map((each, index) => each.go({ token }, notes(`round ${round}, process ${index}`))));
    const busy = answers.filter(({ status }) => status === "refused");
    for (const refused of busy) expect(refused).toMatchObject({ sessionId: answer.sessionId, continueToken: token, blockers: [{ code: "session-busy", message: expect.not.stringContaining(directory) }] });
    const told = answers.filter(({ status }) => status !== "refused");
    expect(new Set(told.map((each) => JSON.stringify(each))).size).toBe(1);
    answer = told[0] ?? answer;
  }
  expect(answer).toMatchObject({ status: "complete", outcome: "completed" });
  await Promise.all(processes.map((each) => each.close()));
});

test("a client that is always overtaken is told so with its token, and without a path", async () => {
  const sessions = open();
  const begun = await start(sessions, TWO_STEPS);
  const overtaken: FileSystem = { ...nodeFileSystem, size: (path) => (/epochs/.test(path) && !existsSync(path) ? 0 : nodeFileSystem.size(path)) };
  const late = new StoredSessions({ ...deps(), fs: overtaken, clock: { ...clock, sleep: async (ms, signal) => (ms < 1_000 ? undefined : clock.sleep(ms, signal)) } });
  const answer = await late.go({ token: tokenOf(begun) }, notes("one"));
  expect(answer).toMatchObject({ status: "refused", sessionId: begun.sessionId, workflowId: "test-flow", continueToken: tokenOf(begun), blockers: [{ code: "session-busy" }] });
  expect(JSON.stringify(answer)).not.toContain(directory);
  await Promise.all([sessions.close(), late.close()]);
});

test("what holds for the whole session is told at the start and on rehydration, not with every step", async () => {
  const guided = plan("  - {id: first, title: First, prompt: Do it}\n  - {id: second, title: Second, prompt: Do more}\nmetaGuidance: [Be brief]\nsystemPrompt: You are careful.\n");
  const sessions = open();
  const begun = await start(sessions, guided);
  const second = await sessions.go({ token: tokenOf(begun) }, notes("one"));
  const rehydrated = await sessions.go({ token: tokenOf(begun) }, { kind: "rehydrate" });
  const told = [begun, second, rehydrated].map(({ step }) => ["Be brief", "You are careful."].map((text) => step?.prompt.includes(text)));
  expect(told).toEqual([[true, true], [false, false], [true, true]]);
  await sessions.close();
});

test("bad input is a refusal that changes nothing: __proto__, an unknown session, an artifact of the wrong kind, notes over the limit", async () => {
  const sessions = open();
  expect(await start(sessions, TWO_STEPS, { context: JSON.parse('{"a": {"__proto__": 1}}') })).toMatchObject({ status: "refused", blockers: [{ code: "reserved-key" }] });
  expect(await sessions.go({ sessionId: "../../etc" }, { kind: "rehydrate" })).toMatchObject({ status: "refused", blockers: [{ code: "no-such-session" }] });
  const token = tokenOf(await start(sessions, TWO_STEPS));
  const wrong: readonly SentOutput[] = [
    { notesMarkdown: "x".repeat(40_000), artifacts: [], context: {} },
    { notesMarkdown: "x", artifacts: [{ ref: "wr.contracts.nope", value: {} }], context: {} },
    { notesMarkdown: "x", artifacts: [], context: { goal: "mine" } },
  ];
  const refused = [];
  for (const output of wrong) refused.push(await sessions.go({ token }, { kind: "submit", output }));
  expect(refused.map(({ blockers }) => blockers?.[0]?.code)).toEqual(["too-large", "unknown-contract", "reserved-key"]);
  expect(refused.every(({ continueToken }) => continueToken === token)).toBe(true);
  expect(await sessions.go({ token }, notes("x"))).toMatchObject({ step: { id: "second" } });
  await sessions.close();
});


test("sessions are found by words of goal and workflow, newest first, those that are over left out", async () => {
  const sessions = open();
  const done = await start(sessions, plan("  - {id: only, title: Only, prompt: Do it}\n"), { goal: "Round the durations" });
  await sessions.go({ token: tokenOf(done) }, notes("x"));
  await clock.advance(1000);
  const older = await start(sessions, TWO_STEPS, { goal: "Round the totals" });
  await clock.advance(1000);
  const newer = await start(sessions, TWO_STEPS, { goal: "Round the totals again", workspacePath: "/elsewhere" });
  const found = async (query: string, workspace: string | null) => (await sessions.openSessions(query, workspace)).map(({ sessionId }) => sessionId);
  expect(await found("ROUND totals", null)).toEqual([newer.sessionId, older.sessionId]);
  expect(await found("round", directory)).toEqual([older.sessionId]);
  expect(await found("nothing of it", null)).toEqual([]);
  await sessions.close();
});

describe("who is asked, and how bold the work may be", () => {
  const recommends = plan("  - {id: only, title: Only, prompt: Do it, requireConfirmation: true}\nrecommendedPreferences: {recommendedAutonomy: full_auto_never_stop, recommendedRiskPolicy: conservative}\n");

  test("a session starts with what its workflow recommends, else guided and balanced", async () => {
    const sessions = open();
    expect(await start(sessions, GATED)).toMatchObject({ preferences: { autonomy: "guided", riskPolicy: "balanced" } });
    const begun = await start(sessions, recommends);
    expect(begun).toMatchObject({ preferences: { autonomy: "full_auto_never_stop", riskPolicy: "conservative" } });
    expect(begun.step?.prompt).toContain("Risk policy conservative");
    expect(await sessions.go({ token: tokenOf(begun) }, notes("done"))).toMatchObject({ status: "complete", outcome: "completed" });
    await sessions.close();
  });

  test("what it is started with goes before the recommendation", async () => {
    const sessions = open();
    const begun = await start(sessions, recommends, { autonomy: "guided", riskPolicy: "aggressive" });
    expect(begun.step?.prompt).toContain("Risk policy aggressive");
    expect(await sessions.go({ token: tokenOf(begun) }, notes("done"))).toMatchObject({ status: "gate", preferences: { autonomy: "guided", riskPolicy: "aggressive" } });
    await sessions.close();
  });
});

test("a start that is refused leaves nothing behind that could be resumed; a session gone back in after its end can be", async () => {
  const sessions = open();
  const done = await start(sessions, plan("  - {id: only, title: Only, prompt: Do it}\n"));
  await sessions.go({ token: tokenOf(done) }, notes("x"));
  expect(await start(sessions, TWO_STEPS, { context: { a: "x".repeat(300_000) } })).toMatchObject({ status: "refused", blockers: [{ code: "cannot-start" }] });
  expect(await sessions.openSessions("", null)).toEqual([]);
  expect(readdirSync(join(directory, "sessions"))).toEqual([done.sessionId]);
  await sessions.rewind({ token: tokenOf(done) });
  expect((await sessions.openSessions("", null)).map(({ sessionId }) => sessionId)).toEqual([done.sessionId]);
  await sessions.close();
});

test("no secret gets into what is kept, known by value or by form; a token sent again gives the same answer (I6)", async () => {
  const token = `ghp_${"a1".repeat(18)}`;
  const one = open();
  const begun = await start(one, TWO_STEPS, { goal: "Mend it with correct-horse-battery", context: { key: token } });
  const second = await one.go({ token: tokenOf(begun) }, notes(`It was ${token}.`));
  await one.close();
  const two = open();
  expect(await two.go({ token: tokenOf(begun) }, notes(`It was ${token}.`))).toEqual(second);
  await two.close();
  const kept = readdirSync(join(directory, "sessions"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
  expect(kept.join("\n")).toContain("[redacted]");
  expect(kept.some((text) => text.includes(token) || text.includes("correct-horse-battery"))).toBe(false);
});
