/** Looking back on an item, which must neither hold up nor endanger what was decided. */
import { afterEach, expect, test } from "vitest";
import { STALL_MS } from "../../src/agent/silence.ts";
import type { OpenItem } from "../../src/coordinator/index.ts";
import { openMemoryJournal, type Journal } from "../../src/journal/index.ts";
import type { ItemEvent } from "../../src/record/index.ts";
import { fakeClock, type FakeClock } from "../fakes/clock.ts";
import { until } from "../fakes/until.ts";
import { cleanReview, completeStep, decidedOtherwise, itemWorld, workflow, write, type ItemWorld, type ItemWorldOptions } from "./item-world.ts";

const worlds: ItemWorld[] = [];
afterEach(async () => {
  const closed = worlds.splice(0);
  await Promise.all(closed.map((world) => world.model.close()));
  expect((await Promise.all(closed.map(decidedOtherwise))).flat()).toEqual([]);
});

const ALWAYS: OpenItem["pipeline"] = { mode: "quick", confirm: "never", rules: 2, retrospective: "always" };
const SHORT = [workflow("wr.quick-task", `  - { id: change, title: change, prompt: "Work on {{goal}}", outputContract: { contractRef: wr.contracts.coding_handoff } }\n`)];
const LESSONS = { asked: "That it is mended, as the issue says.", came: "It was mended in one file, as was meant.", costs: [], slipped: [], keep: [], proposals: [] };
const TURNS: ItemWorldOptions["turns"] = {
  "wr.classify-task": [completeStep("wr.contracts.classification", { taskKind: "chore", taskComplexity: "small", riskLevel: "low", hasUi: false, touchesArchitecture: false, taskMaturity: "ready", interpretation: "Mend it.", ambiguities: [], deduplicationKey: "mend-it" })],
  "wr.quick-task": [write("a.txt", "mended"), completeStep("wr.contracts.coding_handoff", { prTitle: "Mend it", filesChanged: ["a.txt"], testsAdded: [], sideEffects: [] })],
  "wr.mr-review": [cleanReview],
};
const open = async (retrospective: ItemWorldOptions["turns"][string], more: Partial<ItemWorldOptions> = {}): Promise<ItemWorld> => {
  const world = await itemWorld({ pipeline: ALWAYS, workflows: SHORT, ...more, turns: { ...TURNS, "wr.retrospective": retrospective } });
  worlds.push(world);
  return world;
};
/** What happened after the end was decided. */
const afterEnd = (events: readonly ItemEvent[]): readonly string[] => events.slice(events.findIndex(({ kind }) => kind === "item_ended") + 1).map((event) => (event.kind === "session_concluded" ? `${event.data.phase} ${event.data.outcome} ${event.data.reason?.code ?? ""}`.trim() : event.kind));

test("its typed lessons go to the record after the end, on the cheap model, with nothing but reading", async () => {
  const models = new Set<string>();
  const world = await open([completeStep(), write("a.txt", "sabotaged"), completeStep(), completeStep("retrospective", LESSONS)], { onRequest: (request) => Promise.resolve(void models.add(`${/^Workflow: (\S+)/m.exec(JSON.stringify(request.system).replaceAll("\\n", "\n"))?.[1] ?? ""} ${request.model}`)) });
  expect(await world.run()).toMatchObject({ ending: "ready", reason: null });
  const events = await world.item();
  expect(afterEnd(events)[0]).toBe("session_scheduled");
  expect(world.workspace.files).toEqual({ "a.txt": "mended" });
  expect(world.saves.at(-1)).toMatchObject({ step: "end", ending: "ready" });
  expect([...models].some((each) => each.startsWith("wr.retrospective") && !each.endsWith("claude-haiku-5-5"))).toBe(false);
});

test("the lessons are typed", async () => {
  const world = await open([completeStep(), completeStep(), completeStep("retrospective", LESSONS)]);
  expect((await world.run()).ending).toBe("ready");
  expect(afterEnd(await world.item())).toEqual(["session_scheduled", "retrospect completed"]);
  expect((await world.item()).at(-1)).toMatchObject({ data: { artifacts: [{ contractRef: "retrospective", value: LESSONS }] } });
});

test("one that goes on and on is stopped after twelve turns, and the item ends as was decided", async () => {
  const world = await open(() => [{ type: "tool_use", name: "read", input: { path: "a.txt" } }]);
  expect(await world.run()).toMatchObject({ ending: "ready", reason: null });
  const [, concluded = ""] = afterEnd(await world.item());
  expect(concluded).toMatch(/^retrospect stopped /);
  const last = (await world.item()).at(-1);
  expect(last?.kind === "session_concluded" ? last.data.turns : null).toBeLessThanOrEqual(12);
});

test("one that cannot be begun is told and left out", async () => {
  const inner = openMemoryJournal({ clock: fakeClock() });
  const append = inner.append.bind(inner);
  const refusing: Journal["append"] = (stream, after, events) =>
    events.some((event) => event.kind === "session_scheduled" && event.data.phase === "retrospect") ? Promise.reject(new Error("the disk is full")) : append(stream, after, events);
  const journal = Object.assign(inner, { append: refusing });
  const world = await open([], { journal });
  expect(await world.run()).toMatchObject({ ending: "ready", reason: null });
  expect(world.progress).toContainEqual({ kind: "left-out", what: "the retrospective", why: "the disk is full" });
  expect(world.saves.at(-1)).toMatchObject({ ending: "ready" });
});

test("a run that is cancelled in it ends as was decided, and a later one does not begin it again", async () => {
  const stop = new AbortController();
  const world = await open(() => {
    stop.abort();
    return [{ type: "tool_use", name: "read", input: { path: "a.txt" } }];
  });
  expect(await world.run({ signal: stop.signal })).toMatchObject({ ending: "ready", reason: null });
  const before = afterEnd(await world.item()).filter((each) => each === "session_scheduled");
  expect(await world.run()).toMatchObject({ ending: "ready" });
  expect(afterEnd(await world.item()).filter((each) => each === "session_scheduled")).toEqual(before);
});


test("one whose model never answers holds the end up for five minutes and no longer, whatever the run has left", async () => {
  const clocks: FakeClock[] = [];
  let asked = 0;
  const world = await open([], {
    onTurn: (clock) => Promise.resolve(void clocks.push(clock)),
    onRequest: (request) => {
      if (!JSON.stringify(request.system).includes("wr.retrospective")) return Promise.resolve();
      asked += 1;
      return new Promise(() => undefined);
    },
  });
  let over = false;
  const running = world.run({ budget: { ms: 6 * 3_600_000 } }).finally(() => (over = true));
  await until(() => asked === 1, "the model is asked to look back");
  const [clock] = clocks;
  await clock?.advance(STALL_MS);
  await until(() => asked === 2, "a silent request is given up and made once more");
  await clock?.advance(5 * 60_000 - STALL_MS - 1);
  expect(over).toBe(false);
  await clock?.advance(1);
  expect(await running).toMatchObject({ ending: "ready", reason: null });
  expect(afterEnd(await world.item())).toEqual(["session_scheduled", "retrospect stopped budget_time"]);
  expect(world.saves.at(-1)).toMatchObject({ step: "end", ending: "ready" });
});
