import { describe, expect, test } from "vitest";
import { foldItem, isEscalated, next, retryFrom } from "../../src/engine/pipeline/index.ts";
import type { ItemEvent, Phase } from "../../src/record/index.ts";
import { classify, code, history, review, snapshot, verdict } from "./item-history.ts";

const blocking = review(1, verdict("blocking", "major"));
const stopped: ItemEvent = { kind: "item_ended", data: { outcome: "stopped", ending: "review-blocking", reason: null, snapshot: null } };
const delivered: ItemEvent = { kind: "item_ended", data: { outcome: "deliver", ending: "ready", reason: null, snapshot } };
const fixed = { ...snapshot, tree: "f".repeat(40) };

/** A person asks at the end of these events. */
function retried(events: readonly ItemEvent[], phase: Phase | null) {
  const from = retryFrom(foldItem(events), phase ?? undefined)?.sessionId ?? null;
  const state = foldItem([...events, { kind: "item_retried", data: { sessionId: from, phase, by: "ada" } }]);
  const action = next(state);
  return { from, state, action: action.kind === "run-session" ? `${action.phase} ${action.round}` : action.kind };
}

describe("a retry goes on from before a phase", () => {
  const events = [...history(classify, code, blocking, { phase: "fix", round: 2, snapshot: fixed }, review(2, verdict("blocking", "major"))), stopped];

  test.each<[Phase | null, string | null, string, string | undefined]>([
    [null, "s-4", "review 2", fixed.tree],
    ["review", "s-4", "review 2", fixed.tree],
    ["fix", "s-3", "fix 2", snapshot.tree],
    ["code", "s-1", "code 1", undefined],
    ["classify", "s-0", "classify 1", undefined],
  ])("%s: what came from %s on is set aside, %s is next, on the files from before", (phase, session, action, tree) => {
    const result = retried(events, phase);
    expect([result.from, result.action, result.state.snapshot?.tree]).toEqual([session, action, tree]);
    expect(result.state.ended).toBeNull();
    expect(result.state.sessions.length + result.state.setAside.length).toBe(5);
  });

  test("M2: whoever had work set aside merges by hand", () => {
    expect(isEscalated(foldItem(history(classify, code)))).toBe(false);
    expect(isEscalated(retried(events, "review").state)).toBe(true);
  });

  test("a phase that was not there sets nothing aside", () => {
    const result = retried([...history(classify, code)], "audit");
    expect([result.from, result.state.setAside]).toEqual([null, []]);
  });

  test("I2: a delivered item is not gone back on, whatever its record says", () => {
    const done = [...history(classify, code, review(1, verdict("clean"))), delivered];
    expect(retryFrom(foldItem(done), "code")).toBeNull();
    const forced = foldItem([...done, { kind: "item_retried", data: { sessionId: "s-1", phase: "code", by: "ada" } }]);
    expect([forced.ended?.outcome, forced.sessions.length]).toEqual(["deliver", 3]);
  });

  test("what looked back on the end is gone with it", () => {
    const looked = [...events, ...history({ phase: "retrospect", workflowId: "wr.retrospective" }).slice(1).map((event): ItemEvent => (event.kind === "session_scheduled" || event.kind === "session_concluded" ? ({ ...event, data: { ...event.data, sessionId: "s-9" } } as ItemEvent) : event))];
    expect(foldItem(looked).sessions.at(-1)?.phase).toBe("retrospect");
    expect([retried(looked, null).from, retried(looked, null).action]).toEqual(["s-4", "review 2"]);
    expect(retried(looked, "audit").state.sessions.map(({ phase }) => phase)).toEqual(["classify", "code", "review", "fix", "review"]);
  });

  test("slices side by side are done again together", () => {
    const slice = (id: string) => ({ kind: "session_scheduled" as const, data: { phase: "code" as const, round: 1, sessionId: id, workflowId: "w", goal: "g", context: {}, slice: { id, wave: 1, part: "work" as const } } });
    const result = retried([...history(classify), slice("a"), slice("b")], "code");
    expect([result.from, result.state.sessions.length, result.state.setAside.length]).toEqual(["a", 1, 2]);
  });
});
