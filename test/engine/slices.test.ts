/** Large work in slices: the contract of a plan, and what the pipeline makes of it. */
import { describe, expect, test } from "vitest";
import { explainItem, foldItem, next, plannedSlices, type ItemAction } from "../../src/engine/pipeline/index.ts";
import { itemEventSchema, type ItemEvent, type PipelinePolicy, type SnapshotRef } from "../../src/record/index.ts";
import type { Json } from "../../src/shared/json.ts";
import { ancestorsOf, MAX_SLICES, sliceFaults, slicesSchema, type Slice } from "../../src/workflow/index.ts";
import fc from "../fakes/fast-check.ts";
import { classified, handover, playItem, snapshot, type Outcome } from "./item-history.ts";

const slice = (id: string, dependsOn: readonly string[] = [], files: readonly string[] = [`src/${id}.ts`]): Slice => ({ id, title: id, goal: `do ${id}`, files: [...files], dependsOn: [...dependsOn] });
const plan = (...slices: readonly Slice[]): Outcome => ({ artifacts: [{ contractRef: "wr.contracts.slices", value: { slices: slices as unknown as Json[], rationale: "so" } }] });

describe("a plan of slices", () => {
  test.each<[string, readonly Slice[], string | null]>([
    ["independent", [slice("a"), slice("b")], null],
    ["a chain", [slice("a"), slice("b", ["a"]), slice("c", ["b"])], null],
    ["listed before what they depend on", [slice("b", ["a"]), slice("a")], null],
    ["one file in a chain", [slice("a", [], ["x.ts"]), slice("b", ["a"]), slice("c", ["b"], ["x.ts"])], null],
    ["one file side by side", [slice("a", [], ["x.ts"]), slice("b", [], ["./x.ts"])], '"b" and "a" may be at work at the same time and both name ./x.ts'],
    ["a directory and what is in it", [slice("a", [], ["src/"]), slice("b", [], ["src/x.ts"])], "both name src/x.ts"],
    ["names that only begin alike", [slice("a", [], ["src/x"]), slice("b", [], ["src/x.ts"])], null],
    ["everything", [slice("a", [], ["./"]), slice("b")], "both name src/b.ts"],
    ["an id twice", [slice("a"), slice("a", [], ["y"])], '"a" is the id of an earlier slice as well'],
    ["nobody to depend on", [slice("a", ["z"])], 'there is no slice "z"'],
    ["itself", [slice("a", ["a"])], '"a" depends on itself'],
    ["a circle", [slice("a", ["c"]), slice("b", ["a"]), slice("c", ["b"])], "round in a circle: a -> c -> b -> a"],
  ])("%s", (_, slices, fault) => {
    const said = sliceFaults(slices).map(({ message }) => message);
    if (fault === null) expect(said).toEqual([]);
    else expect(said.join("\n")).toContain(fault);
    expect(slicesSchema.safeParse({ slices }).success).toBe(fault === null);
  });

  test.each<[string, Json]>([
    ["none", { slices: [] }],
    ["too many", { slices: Array.from({ length: MAX_SLICES + 1 }, (_, index) => slice(`s${index}`)) as unknown as Json[] }],
    ["an id that is no name", { slices: [{ ...slice("a"), id: "../a" }] as unknown as Json[] }],
    ["no files", { slices: [{ ...slice("a"), files: [] }] as unknown as Json[] }],
  ])("%s is refused", (_, value) => expect(slicesSchema.safeParse(value).success).toBe(false));
});

const POLICY: PipelinePolicy = { mode: "implement", confirm: "never", slices: "auto", parallelSlices: 2 };
const large = classified({ taskComplexity: "large" });
const tree = (name: string): SnapshotRef => ({ ...snapshot, tree: Buffer.from(name.padEnd(20, ".")).toString("hex").slice(0, 40) });

/** What happens to each slice where something else than its completion does. */
interface Fates {
  readonly fails?: readonly string[];
  /** Its first session alone. */
  readonly failsOnce?: readonly string[];
  /** Its merge conflicts; `never` resolved, or resolved. */
  readonly conflicts?: Readonly<Record<string, "resolved" | "left" | "stuck">>;
  readonly nothing?: readonly string[];
}

/** Plays an item whose plan is this, each wave's sessions ending in reverse order, and says what was done in short. */
function play(slices: readonly Slice[], { fails = [], failsOnce = [], conflicts = {}, nothing = [] }: Fates = {}, policy: PipelinePolicy = POLICY): { readonly path: readonly string[]; readonly events: readonly ItemEvent[]; readonly last: ItemAction } {
  const events: ItemEvent[] = [...playItem(policy, [large, plan(...slices)]).events];
  const path: string[] = [];
  const conclude = (sessionId: string, id: string, completed: boolean, left: SnapshotRef | null): void => {
    const end = completed ? { outcome: "completed" as const, reason: null } : { outcome: "stopped" as const, reason: { code: "stuck", message: "went round in circles" } };
    events.push({ kind: "session_concluded", data: { phase: "code", round: 1, sessionId, ...end, artifacts: [{ contractRef: "wr.contracts.coding_handoff", value: { filesChanged: [`src/${id}.ts`] } }], head: { seq: 9, hash: "e".repeat(64) }, turns: 1, usage: { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 }, costMicroUsd: 1, snapshot: left } });
  };
  const failing = [...failsOnce];
  const completes = (id: string): boolean => !fails.includes(id) && (!failing.includes(id) || failing.splice(failing.indexOf(id), 1).length === 0);
  for (let step = 0; step < 200; step += 1) {
    const action = next(foldItem(events));
    if (action.kind === "run-session" && action.slice !== undefined) {
      const { phase, round, workflowId, context, slice: place, why } = action;
      path.push(`${place.part} ${place.id} ${place.wave}`);
      events.push({ kind: "session_scheduled", data: { phase, round, sessionId: `code-1-${step}`, workflowId, goal: "g", context, slice: place, ...(why === undefined ? {} : { why }) } });
    } else if (action.kind === "resume-slices") {
      path.push(`together ${action.sessions.map((session) => session.slice?.id).join(" ")}`);
      for (const session of action.sessions.toReversed()) {
        const id = session.slice?.id ?? "";
        const merge = session.slice?.part === "merge";
        conclude(session.sessionId, id, merge ? conflicts[id] !== "stuck" : completes(id), nothing.includes(id) ? null : tree(merge ? `resolved ${id}` : id));
      }
    } else if (action.kind === "integrate-slice") {
      const { sliceId, sessionId, base, ours, theirs, resolves } = action;
      const sides = { sliceId, sessionId, base, ours, theirs };
      const conflicted = sliceId in conflicts && (resolves === null || conflicts[sliceId] === "left");
      path.push(`${conflicted ? "conflict" : "merge"} ${sliceId}`);
      if (conflicted) events.push({ kind: "slice_conflicted", data: { ...sides, snapshot: tree(`marks ${sliceId}`), conflicts: [{ path: "x.ts", kind: "markers" }] } });
      else events.push({ kind: "slice_integrated", data: { ...sides, how: resolves === null ? "merged" : "resolved", snapshot: nothing.includes(sliceId) ? ours : tree(`with ${sliceId}`), changed: { paths: [`src/${sliceId}.ts`], more: 0 } } });
    } else return { path: [...path, action.kind === "run-session" ? action.workflowId : action.kind === "stop" ? `stop ${action.ending} ${action.reason.code}` : action.kind], events, last: action };
  }
  throw new Error(`no end: ${path.join(", ")}`);
}

describe("an item that was cut into slices", () => {
  test.each<[string, readonly Slice[], Fates, readonly string[]]>([
    ["two side by side", [slice("a"), slice("b")], {}, ["work a 1", "work b 1", "together a b", "merge a", "merge b", "wr.slices-join"]],
    ["what depends waits, also when it is listed first", [slice("b", ["a"]), slice("a")], {}, ["work a 1", "together a", "merge a", "work b 2", "together b", "merge b", "wr.slices-join"]],
    ["no more at a time than is said", [slice("a"), slice("b"), slice("c")], {}, ["work a 1", "work b 1", "together a b", "merge a", "merge b", "work c 2", "together c", "merge c", "wr.slices-join"]],
    ["a conflict that a session resolves", [slice("a"), slice("b")], { conflicts: { b: "resolved" } }, ["work a 1", "work b 1", "together a b", "merge a", "conflict b", "merge b 1", "together b", "merge b", "wr.slices-join"]],
    ["a conflict whose session leaves marks of it", [slice("a"), slice("b")], { conflicts: { b: "left" } }, ["work a 1", "work b 1", "together a b", "merge a", "conflict b", "merge b 1", "together b", "conflict b", "stop not-completed merge-conflict"]],
    ["a conflict whose session does not come to its end", [slice("a"), slice("b")], { conflicts: { b: "stuck" } }, ["work a 1", "work b 1", "together a b", "merge a", "conflict b", "merge b 1", "together b", "stop not-completed stuck"]],
    ["one that fails: the other is integrated, what depends on it and what is left is not begun", [slice("a"), slice("b"), slice("c", ["a"]), slice("d")], { fails: ["a"] }, ["work a 1", "work b 1", "together a b", "merge b", "stop not-completed stuck"]],
    ["once one has failed, no session is begun for a conflict", [slice("a"), slice("b"), slice("c")], { fails: ["a"], conflicts: { b: "resolved" } }, ["work a 1", "work b 1", "together a b", "conflict b", "stop not-completed stuck"]],
    ["one that changes nothing", [slice("a"), slice("b")], { nothing: ["a"] }, ["work a 1", "work b 1", "together a b", "merge a", "merge b", "wr.slices-join"]],
  ])("%s", (_, slices, fates, path) => {
    const played = play(slices, fates);
    expect(played.path).toEqual(path);
    for (const event of played.events) expect(itemEventSchema.parse(event)).toEqual(event);
  });

  const second: PipelinePolicy = { ...POLICY, rules: 2 };
  test.each<[string, readonly Slice[], Fates, readonly string[]]>([
    ["a second try, from what is integrated by then", [slice("a"), slice("b")], { failsOnce: ["a"] }, ["work a 1", "work b 1", "together a b", "merge b", "work a 2", "together a", "merge a", "wr.slices-join"]],
    ["no third one", [slice("a"), slice("b")], { fails: ["a"] }, ["work a 1", "work b 1", "together a b", "merge b", "work a 2", "together a", "stop not-completed stuck"]],
  ])("a session of a slice that does not complete gets %s", (_, slices, fates, path) => {
    const played = play(slices, fates, second);
    expect(played.path).toEqual(path);
    for (const event of played.events) expect(itemEventSchema.parse(event)).toEqual(event);
    const retry = played.events.findLast((event) => event.kind === "session_scheduled" && event.data.slice?.wave === 2);
    expect(retry).toMatchObject({ data: { context: { failedBefore: "went round in circles" }, why: expect.stringContaining("did not complete") } });
  });

  test("what stopped it is told slice by slice: what failed and why, what is kept, what was not begun", () => {
    const { last } = play([slice("a"), slice("b"), slice("c", ["a"])], { fails: ["a"] });
    expect(last).toMatchObject({ reason: { message: `Slice a failed: The code session did not complete: went round in circles. Integrated and kept in the record: b (tree ${tree("with b").tree}). Not begun: c.`, fix: expect.stringContaining("pipeline.slices") } });
  });

  test("each merge is of what the slice began with, the whole as it is, and what the slice left", () => {
    const { events } = play([slice("a"), slice("b"), slice("c", ["b"])]);
    const merges = events.flatMap((event) => (event.kind === "slice_integrated" ? [[event.data.sliceId, event.data.base?.tree, event.data.ours?.tree, event.data.theirs?.tree]] : []));
    const [withA, withB] = [tree("with a").tree, tree("with b").tree];
    expect(merges).toEqual([["a", undefined, undefined, tree("a").tree], ["b", undefined, withA, tree("b").tree], ["c", withB, withB, tree("c").tree]]);
  });

  test("a slice is told of its own part, of the others, and of what it builds on; and nothing it left is delivered before it is merged", () => {
    const { events } = play([slice("a"), slice("b", ["a"])]);
    const scheduled = events.flatMap((event) => (event.kind === "session_scheduled" && event.data.slice?.id === "b" ? [event.data] : []));
    expect(scheduled).toMatchObject([{ workflowId: "wr.coding-task", context: { slice: { id: "b", goal: "do b" }, otherSlices: [{ id: "a", standing: "integrated" }], before: { a: { filesChanged: ["src/a.ts"] } } } }]);
    const concluded = events.findIndex((event) => event.kind === "session_concluded" && event.data.snapshot?.tree === tree("a").tree);
    expect(foldItem(events.slice(0, concluded + 1)).snapshot).toBeNull();
    expect(foldItem(events).snapshot).toEqual(tree("with b"));
  });

  test("the whole is looked at by one session, and then reviewed as one change", () => {
    const { events, last } = play([slice("a"), slice("b")]);
    expect(last).toMatchObject({ kind: "run-session", phase: "code", context: { slices: [{ id: "a", handoff: { filesChanged: ["src/a.ts"] }, beyondPlan: [] }, { id: "b" }] } });
    const joined = foldItem([...events, { kind: "session_scheduled", data: { phase: "code", round: 1, sessionId: "join", workflowId: "wr.slices-join", goal: "g", context: {} } }]);
    expect(next(joined)).toMatchObject({ kind: "resume-session", session: { sessionId: "join" } });
    expect(joined.snapshot).toEqual(tree("with b"));
    const concluded: ItemEvent = { kind: "session_concluded", data: { phase: "code", round: 1, sessionId: "join", outcome: "completed", reason: null, artifacts: [...(handover().artifacts ?? [])], head: { seq: 9, hash: "e".repeat(64) }, turns: 1, usage: { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 }, costMicroUsd: 1, snapshot: tree("joined") } };
    const state = foldItem([...events, { kind: "session_scheduled", data: { phase: "code", round: 1, sessionId: "join", workflowId: "wr.slices-join", goal: "g", context: {} } }, concluded]);
    expect(next(state)).toMatchObject({ kind: "run-session", phase: "review", round: 1 });
    expect(state.snapshot).toEqual(tree("joined"));
  });

  test.each<[string, PipelinePolicy, Outcome, readonly string[]]>([
    ["the config says never", { ...POLICY, slices: "never" }, large, ["classify 1", "mode implement", "code 1"]],
    ["it was opened before there were slices", { mode: "implement", confirm: "never" }, large, ["classify 1", "mode implement", "code 1"]],
    ["it is not large", POLICY, classified(), ["classify 1", "mode implement", "code 1"]],
    ["it is large", POLICY, large, ["classify 1", "mode implement", "design 1"]],
    ["it is a large refactoring", { ...POLICY, mode: "refactor" }, large, ["classify 1", "mode refactor", "code 1"]],
  ])("is one only where that is so: %s", (_, policy, task, path) => expect(playItem(policy, [task]).path).toEqual(path));

  test("one slice is done as ever, and a plan that cannot be read stops it", () => {
    expect(playItem(POLICY, [large, plan(slice("a"))]).path.at(-1)).toBe("code 1");
    expect(playItem(POLICY, [large, { artifacts: [] }]).path.at(-1)).toBe("stop no-verdict");
    expect(playItem(POLICY, [large, plan(slice("a", ["b"]), slice("b", ["a"]))]).path.at(-1)).toBe("stop no-verdict");
  });

  test("explained: the waves, the merges and both ways of a conflict are shown", () => {
    const { steps } = explainItem({ policy: POLICY, maxReviewRounds: 1, classification: { taskComplexity: "large", riskLevel: "low", taskMaturity: "ready", interpretation: "x" } });
    expect(new Set(steps.map(({ phase, workflowId }) => (workflowId === null ? phase : workflowId)))).toEqual(new Set(["wr.classify-task", "wr.slicing", "wr.coding-task", "wave", "merge", "wr.merge-conflict", "wr.slices-join", "wr.mr-review"]));
    const ways = steps.flatMap(({ leadsTo }) => leadsTo.map(({ when, next: to }) => `${when} -> ${to}`));
    expect(ways).toEqual(expect.arrayContaining(["both changed the same places -> code: wr.merge-conflict, slice b", "no mark of the conflict is left -> code: wr.coding-task, slice c", expect.stringMatching(/^marks of the conflict are left -> stops \(not-completed\)/), "one slice: it is better done in one piece -> code: wr.coding-task"]));
  });
});

/** Any plan without circles, its slices in any order. */
const anyPlan = fc
  .integer({ min: 2, max: MAX_SLICES })
  .chain((count) => fc.tuple(fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: count, maxLength: count }), fc.shuffledSubarray(Array.from({ length: count }, (_, index) => index), { minLength: count })))
  .map(([picks, order]) => {
    const slices = picks.map((pick, index) => slice(`s${index}`, index === 0 ? [] : [...new Set(pick.map((each) => `s${each % index}`))]));
    return order.flatMap((index) => slices[index] ?? []);
  });

test("any plan without circles: each slice is begun once when all it depends on is integrated, and integrated once, in such an order", () => {
  fc.assert(
    fc.property(anyPlan, fc.integer({ min: 1, max: 4 }), fc.nat(), fc.nat(), (slices, parallelSlices, fail, conflict) => {
      const ids = slices.map(({ id }) => id);
      const failing = fail % (ids.length * 2);
      const fates: Fates = { fails: ids.slice(failing, failing + 1), conflicts: Object.fromEntries(ids.slice(conflict % ids.length, (conflict % ids.length) + 1).map((id) => [id, "resolved" as const])) };
      const { events, path } = play(slices, fates, { ...POLICY, parallelSlices });
      const integrated: string[] = [];
      const begun: string[] = [];
      for (const event of events) {
        if (event.kind === "session_scheduled" && event.data.slice?.part === "work") {
          const { id } = event.data.slice;
          expect(begun).not.toContain(id);
          begun.push(id);
          for (const before of ancestorsOf(slices, id)) expect(integrated).toContain(before);
        }
        if (event.kind === "slice_integrated") {
          expect(integrated).not.toContain(event.data.sliceId);
          integrated.push(event.data.sliceId);
        }
      }
      const [failed] = fates.fails ?? [];
      if (failed === undefined) expect([integrated.toSorted(), path.at(-1)]).toEqual([ids.toSorted(), "wr.slices-join"]);
      else {
        expect(path.at(-1)).toBe("stop not-completed stuck");
        for (const id of begun) expect(ancestorsOf(slices, id).has(failed)).toBe(false);
      }
      for (const { wave, ids: members } of wavesOf(events)) expect(members.length, `wave ${wave}`).toBeLessThanOrEqual(parallelSlices);
      // Whatever line the log ends with, what comes next is decided by it alone.
      for (let end = 0; end < events.length; end += 1) expect(plannedSlices(foldItem(events.slice(0, end)))?.length ?? ids.length).toBe(ids.length);
    }),
    { numRuns: 150 },
  );
});

function wavesOf(events: readonly ItemEvent[]): readonly { readonly wave: number; readonly ids: readonly string[] }[] {
  const places = events.flatMap((event) => (event.kind === "session_scheduled" && event.data.slice?.part === "work" ? [event.data.slice] : []));
  return [...Map.groupBy(places, ({ wave }) => wave)].map(([wave, members]) => ({ wave, ids: members.map(({ id }) => id) }));
}
