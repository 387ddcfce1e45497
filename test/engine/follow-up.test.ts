import { describe, expect, test } from "vitest";
import { foldItem, lookBack, next } from "../../src/engine/pipeline/index.ts";
import type { ItemEvent } from "../../src/record/index.ts";
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
});
