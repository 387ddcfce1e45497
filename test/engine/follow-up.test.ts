import { describe, expect, test } from "vitest";
import { foldItem, hasReopened, isUnanswered, lookBack, next, retryFrom } from "../../src/engine/pipeline/index.ts";
import type { ItemEvent, Phase } from "../../src/record/index.ts";
import { classify, code, history, review, snapshot, verdict, type Step } from "./item-history.ts";

const FINDING = { severity: "major", summary: "The check \"ci\" ended with failure on the delivered commit", evidence: "no comment" };
const delivered: ItemEvent = { kind: "item_ended", data: { outcome: "deliver", ending: "ready", reason: null, snapshot } };
const followedUp: ItemEvent = { kind: "item_followed_up", data: { because: "ci", by: "ada", headSha: "c".repeat(40), findings: [FINDING] } };
const mended = { ...snapshot, tree: "f".repeat(40) };
const FIRST = [classify, code, review(1, verdict("clean"))] as const;

/** What comes after a first delivery, a follow-up and these sessions. */
function after(...sessions: readonly Step[]) {
  const all = history(...FIRST, ...sessions);
  // Two events a session: those of the first delivery, then the rest.
  const place = history(...FIRST).length;
  return foldItem([...all.slice(0, place), delivered, followedUp, ...all.slice(place)]);
}

describe("what was delivered is worked on again", () => {
  test("by a fix that is given what was said, in a round of its own", () => {
    const state = after();
    expect([state.ended, state.followUps.map(({ tree, round }) => [tree, round])]).toEqual([null, [[snapshot.tree, 1]]]);
    expect(next(state)).toMatchObject({ kind: "run-session", phase: "fix", round: 2, context: { findings: [FINDING] }, why: "checks on the delivered commit failed" });
  });

  test("what it mends is reviewed before it is delivered", () => {
    const fix = { phase: "fix" as const, round: 2, snapshot: mended };
    expect(next(after(fix))).toMatchObject({ kind: "run-session", phase: "review", round: 2 });
    expect(next(after(fix, review(2, verdict("clean"))))).toMatchObject({ kind: "deliver", snapshot: { tree: mended.tree } });
  });

  test("rounds of review are counted from the delivery", () => {
    const rounds = [{ phase: "fix" as const, round: 2, snapshot: mended }, review(2, verdict("minor", "minor")), { phase: "fix" as const, round: 3, snapshot: { ...mended, tree: "e".repeat(40) } }] as const;
    expect(next(after(...rounds.slice(0, 2)))).toMatchObject({ kind: "run-session", phase: "fix", round: 3 });
    expect(next(after(...rounds, review(3, verdict("minor", "minor"))))).toMatchObject({ kind: "run-session", phase: "fix", round: 4 });
    expect(next(after(...rounds, review(3, verdict("minor", "minor")), { phase: "fix", round: 4, snapshot: mended }, review(4, verdict("minor", "minor"))))).toMatchObject({ kind: "stop", ending: "review-blocking" });
  });

  test("an answer without a change has nothing to deliver, and says so", () => {
    expect(next(after({ phase: "fix", round: 2, snapshot: null }))).toMatchObject({ kind: "stop", ending: "nothing-to-do" });
  });

  test("only what was delivered: a stop is none, and neither is work that is under way", () => {
    const stopped: ItemEvent = { kind: "item_ended", data: { outcome: "stopped", ending: "review-blocking", reason: null, snapshot: null } };
    for (const events of [[...history(...FIRST), stopped, followedUp], [...history(...FIRST), followedUp]]) expect(foldItem(events).followUps).toEqual([]);
  });

  test("after an answer that came to nothing the next one begins from what was delivered, not from what was left", () => {
    const stopped: ItemEvent = { kind: "item_ended", data: { outcome: "stopped", ending: "review-blocking", reason: null, snapshot: null } };
    const all = history(...FIRST, { phase: "fix", round: 2, snapshot: mended });
    const place = history(...FIRST).length;
    const state = foldItem([...all.slice(0, place), delivered, followedUp, ...all.slice(place), stopped, followedUp]);
    expect([state.ended, state.followUps.length, state.snapshot?.tree, state.followUps.at(-1)?.tree]).toEqual([null, 2, snapshot.tree, snapshot.tree]);
    expect(next(state)).toMatchObject({ kind: "run-session", phase: "fix", round: 3 });
  });

  test("a look back between the two decides nothing", () => {
    const state = foldItem([...history(...FIRST), delivered, ...history({ phase: "retrospect", workflowId: "wr.retrospective" }).slice(1), followedUp]);
    expect(next(state)).toMatchObject({ kind: "run-session", phase: "fix", round: 2 });
    expect(lookBack(state)).toBeNull();
  });
});

describe("the base branch moved on and conflicts", () => {
  const BASE = { ref: "main", sha: "9".repeat(40) };
  const merged = { ...snapshot, base: BASE.sha, tree: "7".repeat(40) };
  const resolved = { ...merged, tree: "8".repeat(40) };
  const conflicted: ItemEvent = { kind: "item_followed_up", data: { because: "conflict", by: "ada", headSha: "c".repeat(40), findings: [FINDING], onto: { base: BASE, snapshot: merged, conflicts: [{ path: "src/a.ts", kind: "markers" }] } } };
  const fix: Step = { phase: "fix", round: 2, snapshot: resolved };
  const looked = (unresolved: readonly string[]): ItemEvent => ({ kind: "merge_checked", data: { tree: resolved.tree, unresolved: unresolved.map((path) => ({ path, kind: "markers" as const })) } });
  const first = history(...FIRST);
  const answered = (...sessions: readonly Step[]) => history(...FIRST, ...sessions).slice(first.length);

  test("the answer begins with the merge on the new base, and what the tests came to on the old one counts no more", () => {
    const opened = first.map((event): ItemEvent => (event.kind === "item_opened" ? { ...event, data: { ...event.data, hostChecks: true } } : event));
    const state = foldItem([...opened, { kind: "base_tested", data: { command: "npm test", result: null, skipped: "x" } }, delivered, conflicted]);
    expect([state.opening?.base, state.snapshot, state.followUps[0]?.tree, state.baseTested]).toEqual([BASE, merged, snapshot.tree, null]);
    expect(next(state)).toEqual({ kind: "test-base" });
    expect(next(foldItem([...first, delivered, conflicted]))).toMatchObject({ kind: "run-session", phase: "fix", round: 2 });
  });

  test("what a session leaves of it is looked at before it is reviewed; with marks in it nothing is delivered", () => {
    const left = [...first, delivered, conflicted, ...answered(fix)];
    expect(next(foldItem(left))).toMatchObject({ kind: "check-merge", snapshot: { tree: resolved.tree }, ours: { tree: snapshot.tree } });
    expect(next(foldItem([...left, looked([])]))).toMatchObject({ kind: "run-session", phase: "review", round: 2 });
    expect(next(foldItem([...left, looked(["src/a.ts"])]))).toMatchObject({ kind: "stop", ending: "not-completed", reason: { message: expect.stringContaining("src/a.ts still has the marks") } });
  });

  test("a session that changed nothing leaves the marks: it is looked at all the same", () => {
    expect(next(foldItem([...first, delivered, conflicted, ...answered({ phase: "fix", round: 2, snapshot: null })]))).toMatchObject({ kind: "check-merge", snapshot: { tree: merged.tree } });
  });

  test("what was not delivered of it is forgotten with its base when something else is said of the delivery", () => {
    const stopped: ItemEvent = { kind: "item_ended", data: { outcome: "stopped", ending: "not-completed", reason: null, snapshot: null } };
    const state = foldItem([...first, delivered, conflicted, ...answered(fix), looked(["src/a.ts"]), stopped, followedUp]);
    expect([state.opening?.base.sha, state.snapshot?.tree]).toEqual([snapshot.base, snapshot.tree]);
    expect(next(state)).toMatchObject({ kind: "run-session", phase: "fix", round: 3 });
  });

  test("what was delivered of it is where the next one begins", () => {
    const ended: ItemEvent = { kind: "item_ended", data: { outcome: "deliver", ending: "ready", reason: null, snapshot: resolved } };
    const state = foldItem([...first, delivered, conflicted, ...answered(fix, review(2, verdict("clean"))), looked([]), ended, followedUp]);
    expect([state.opening?.base, state.snapshot?.tree, state.followUps.at(-1)?.moved]).toEqual([BASE, resolved.tree, false]);
  });

  test("a retry goes back at most to the merge with the new base", () => {
    const stopped: ItemEvent = { kind: "item_ended", data: { outcome: "stopped", ending: "not-completed", reason: null, snapshot: null } };
    const events = [...first, delivered, conflicted, ...answered(fix), looked(["src/a.ts"]), stopped];
    const state = foldItem([...events, { kind: "item_retried", data: { sessionId: retryFrom(foldItem(events), "fix")?.sessionId ?? null, phase: "fix", by: "ada" } }]);
    expect([state.opening?.base, state.snapshot]).toEqual([BASE, merged]);
    expect(next(state)).toMatchObject({ kind: "run-session", phase: "fix", round: 2 });
  });
});

describe("a retry after a follow-up", () => {
  const stopped: ItemEvent = { kind: "item_ended", data: { outcome: "stopped", ending: "review-blocking", reason: null, snapshot: null } };
  const place = history(...FIRST).length;
  const answer = [{ phase: "fix" as const, round: 2, snapshot: mended }, review(2, verdict("blocking", "major"))] as const;
  const all = history(...FIRST, ...answer);
  const stoppedAnswer = [...all.slice(0, place), delivered, followedUp, ...all.slice(place), stopped];
  const lookedBack = history(...FIRST, ...answer, { phase: "retrospect", workflowId: "wr.retrospective" }).slice(-2);

  const retry = (events: readonly ItemEvent[], phase: Phase | null, sessionId = retryFrom(foldItem(events), phase ?? undefined)?.sessionId ?? null): readonly ItemEvent[] => [...events, { kind: "item_retried", data: { sessionId, phase, by: "ada" } }];
  /** The fix that is next, scheduled and not concluded. */
  const begun = (events: readonly ItemEvent[]): readonly ItemEvent[] => [...events, { kind: "session_scheduled", data: { phase: "fix", round: 2, sessionId: "s-20", workflowId: "w", goal: "g", context: {} } }];

  test.each<[Phase | null, string, string, string]>([
    [null, "s-4", "review", mended.tree],
    ["review", "s-4", "review", mended.tree],
    ["fix", "s-3", "fix", snapshot.tree],
    ["code", "s-3", "fix", snapshot.tree],
    ["classify", "s-3", "fix", snapshot.tree],
  ])("of %s goes on from before %s, at most to what was delivered", (phase, from, then, tree) => {
    expect(retryFrom(foldItem(stoppedAnswer), phase ?? undefined)?.sessionId).toBe(from);
    const state = foldItem(retry(stoppedAnswer, phase));
    expect([state.ended, state.snapshot?.tree, state.sessions.slice(0, 3).map((each) => each.phase)]).toEqual([null, tree, ["classify", "code", "review"]]);
    expect(next(state)).toMatchObject({ kind: "run-session", phase: then, round: 2 });
  });

  test("I3: whatever session the record names, what was delivered stands", () => {
    const state = foldItem(retry(stoppedAnswer, "code", "s-1"));
    expect([state.snapshot?.tree, state.sessions.length, state.setAside.length]).toEqual([snapshot.tree, 3, 2]);
    expect(next(state)).toMatchObject({ phase: "fix", round: 2, context: { findings: [FINDING] } });
  });

  test("the fix that it began is finished, not begun again", () => {
    for (const phase of [null, "fix", "code"] as const) expect(next(foldItem(begun(retry(retry(stoppedAnswer, phase), "fix"))))).toMatchObject({ kind: "resume-session", session: { sessionId: "s-20" } });
  });

  test("a look back at the delivery that is set aside shifts nothing", () => {
    const events = [...all.slice(0, place), delivered, ...lookedBack, followedUp, ...all.slice(place), stopped];
    expect(foldItem(retry(events, "code")).snapshot?.tree).toBe(snapshot.tree);
    expect(next(foldItem(retry(events, "code")))).toMatchObject({ kind: "run-session", phase: "fix", round: 2 });
    expect(next(foldItem(begun(retry(events, "code"))))).toMatchObject({ kind: "resume-session" });
  });

  test("what an earlier answer left undelivered does not come back by it", () => {
    const again = history(...FIRST, ...answer, { phase: "fix", round: 3, snapshot: { ...mended, tree: "e".repeat(40) } });
    const state = foldItem(retry([...stoppedAnswer, followedUp, ...again.slice(all.length), stopped], "fix"));
    expect(state.snapshot?.tree).toBe(snapshot.tree);
    expect(next(state)).toMatchObject({ kind: "run-session", phase: "fix", round: 3 });
  });
});

describe("what is said of a delivery is answered once", () => {
  type Said = Extract<ItemEvent, { kind: "item_followed_up" }>["data"];
  const by = "ada";
  const stopped: ItemEvent = { kind: "item_ended", data: { outcome: "stopped", ending: "nothing-to-do", reason: null, snapshot: null } };
  const [headSha, other] = ["c".repeat(40), "d".repeat(40)];
  /** Delivered, and this was answered with nothing to deliver. */
  const answered = (said: Partial<Said>) => foldItem([...history(...FIRST), delivered, { kind: "item_followed_up", data: { because: "review", by, headSha, findings: [FINDING], ...said } }, stopped]);

  test.each<[string, Partial<Said>, Partial<Said>, boolean]>([
    ["the same review", { reviewId: 7 }, { reviewId: 7 }, false],
    ["another reviewer's of that commit", { reviewId: 7 }, { reviewId: 8 }, true],
    ["one of another commit", { reviewId: 7 }, { reviewId: 7, headSha: other }, true],
    ["a review, behind a record that does not say which", {}, { reviewId: 8 }, false],
    ["the same findings", { because: "asked", named: ["a1", "b2"] }, { because: "asked", named: ["a1", "b2"] }, false],
    ["other findings", { because: "asked", named: ["a1"] }, { because: "asked", named: ["b2"] }, true],
    ["one finding after all", { because: "asked", named: [] }, { because: "asked", named: ["b2"] }, true],
    ["findings, behind a record that does not say which", { because: "asked" }, { because: "asked", named: ["b2"] }, false],
    ["the same checks", { because: "ci" }, { because: "ci" }, false],
  ])("%s: to be answered by a run that goes on with another: %s, %s: %s", (_, before, said, is) => {
    const now = { because: "review" as const, headSha, ...said };
    expect(isUnanswered(answered(before), now, { anew: false })).toBe(is);
    expect(isUnanswered(answered(before), now, { anew: true })).toBe(true);
  });

  test("nothing is said anew of work that goes on, or of none", () => {
    for (const state of [foldItem([...history(...FIRST), delivered, followedUp]), foldItem([...history(...FIRST), stopped])]) expect(isUnanswered(state, { because: "ci", headSha }, { anew: true })).toBe(false);
  });

  test("fault 32: a dispatch that came to two runs opens the item again once", () => {
    const run = (key: string | null): ItemEvent => ({ kind: "run_opened", data: { host: "actions", runId: 1, runAttempt: 1, key, ticket: null, sandbox: "none", restored: null, segments: [] } });
    const events = [...history(...FIRST), run("a"), delivered, run("b"), followedUp, run("c")];
    expect(["a", "b", "c", "d", null].map((key) => hasReopened(events, key))).toEqual([false, true, false, false, false]);
    expect(hasReopened([run(null), followedUp], null)).toBe(false);
  });
});
