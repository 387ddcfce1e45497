/** A run is cancelled in the middle of the work: the run after the next label goes on from what was saved, and repeats nothing of it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { isPull, type Artifact } from "../../src/hosts/demo/github/records.ts";
import type { SeenRequest } from "../../src/hosts/demo/model/index.ts";
import { labelIssue } from "../../src/hosts/demo/play.ts";
import { git } from "../../src/hosts/demo/world.ts";
import { sha256Hex } from "../../src/shared/hash.ts";
import { canonicalJson } from "../../src/shared/json.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { processesOf } from "../fakes/processes.ts";
import { eventsOf, savedJournal, type SavedJournal } from "../fakes/saved-journal.ts";
import { scenarioByIssue, straight, use } from "../fakes/scripts.ts";
import { until } from "../fakes/until.ts";

const TITLE = "Durations are wrong";

let world: DemoWorld;
let issueNumber: number;
let runs: { readonly first: number; readonly second: number };
let saved: SavedJournal;
/** What the model was asked by each run. */
let asked: { readonly first: readonly SeenRequest[]; readonly second: readonly SeenRequest[] };
let statusAfterCancel: string;
let left: readonly unknown[];

beforeAll(async () => {
  let cancelled = false;
  const cancel = (): void => {
    if (cancelled) return;
    cancelled = true;
    const runId = [...world.github.state().runs.values()].at(-1)?.id ?? 0;
    void world.call(world.maintainerToken, "POST", `/actions/runs/${runId}/cancel`);
  };
  // When the third answer is asked for, the change is made and saved.
  const code = straight.code.toSpliced(3, 0, () => {
    cancel();
    return [use("bash", { command: "sleep 60", timeout_ms: 60_000 })];
  });
  world = await startDemoWorld(scenarioByIssue({ [TITLE]: { code } }));
  issueNumber = await world.play({ title: TITLE });
  const first = world.runs(issueNumber)[0]?.id ?? 0;
  statusAfterCancel = world.statusComments(issueNumber)[0] ?? "";
  left = processesOf(`${world.directory}/actions/jobs`);
  saved = await savedJournal(artifactsOf(first));
  const before = world.model.requests.length;
  await labelAgain();
  runs = { first, second: world.runs(issueNumber)[1]?.id ?? 0 };
  asked = { first: world.model.requests.slice(0, before), second: world.model.requests.slice(before) };
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
});

const artifactsOf = (runId: number): readonly Artifact[] => [...world.github.state().artifacts.values()].filter((artifact) => artifact.runId === runId);

/** As the status comment says: the maintainer takes the label off and sets it again. */
async function labelAgain(): Promise<void> {
  await world.call(world.maintainerToken, "DELETE", `/issues/${issueNumber}/labels/worktrain:ready`);
  await labelIssue(world, issueNumber);
  await until(() => world.runs(issueNumber).length > 1 && / state=ended /.test(world.statusComments(issueNumber)[0] ?? ""), "the second run ends");
  await world.actions.idle();
  await world.github.settled();
}

/** A conversation by what it began with, and how many answers of the model a request of it carries. */
function placeOf({ body }: SeenRequest): { readonly conversation: string; readonly turns: number } {
  const messages = body?.messages ?? [];
  return { conversation: sha256Hex(canonicalJson(JSON.parse(JSON.stringify([body?.system, messages[0]])))), turns: messages.filter(({ role }) => role === "assistant").length };
}

test("fault 36: the cancelled run published nothing, left no process, and the issue says how it goes on", () => {
  const { jobs, runs: all } = world.github.state();
  expect(all.get(runs.first)?.conclusion).toBe("cancelled");
  expect([...jobs.values()].filter((job) => job.runId === runs.first).map(({ name, conclusion }) => [name, conclusion])).toEqual([["agent", "cancelled"], ["verify", "cancelled"], ["deliver", "cancelled"]]);
  expect(statusAfterCancel).toContain("was cancelled");
  expect(statusAfterCancel).toContain("To go on from what is saved, write `/worktrain resume` in a new comment, or remove the label and add it again.");
  expect(left).toEqual([]);
  expect(eventsOf([...saved.streams.values()].flat(), "workspace_saved").length).toBeGreaterThan(0);
});

test("fault 36: the next run goes on from what was saved, the files of the workspace included", () => {
  const log = world.log(runs.second, "agent");
  expect(log).toMatch(new RegExp(`Going on from run ${runs.first}: \\d+ events in \\d+ segments?; nothing of it is lost\\.`));
  expect(log).toMatch(/code: session \S+, resumed/);
});

test("no turn that is in a saved segment is asked of the model again", () => {
  const savedTurns = eventsOf([...saved.streams.values()].flat(), "turn_completed").length;
  const known = asked.first.slice(0, savedTurns).map(placeOf);
  expect(known).toHaveLength(savedTurns);
  const again = asked.second.map(placeOf);
  expect(again.filter((place) => known.some(({ conversation, turns }) => conversation === place.conversation && turns === place.turns))).toEqual([]);
  // The conversation that was cut off is the one that goes on, with everything said so far.
  const cutOff = known.at(-1);
  expect(again[0]).toEqual({ conversation: cutOff?.conversation, turns: (cutOff?.turns ?? 0) + 1 });
});

test("I1: what was saved stands at the beginning of the whole journal, and each turn was completed once", async () => {
  const whole = await savedJournal([...artifactsOf(runs.first), ...artifactsOf(runs.second)]);
  for (const [stream, events] of saved.streams) expect(whole.streams.get(stream)?.slice(0, events.length)).toEqual(events);
  const keys = [...whole.streams].flatMap(([stream, events]) => eventsOf(events, "turn_completed").map(({ data }) => `${stream} ${data.turnKey}`));
  expect(keys).toHaveLength(13);
  expect(new Set(keys).size).toBe(keys.length);
  expect(eventsOf(whole.item, "run_opened").map(({ data }) => data.restored === null)).toEqual([true, false]);
});

test("it ends with the pull request of the item, made of the restored files, and the same comment tells it", async () => {
  const [status, ...others] = world.statusComments(issueNumber);
  expect(others).toEqual([]);
  expect(status).toMatch(/made pull request #\d+/);
  const [pull, ...more] = [...world.github.state().issues.values()].filter(isPull);
  expect(more).toEqual([]);
  expect(world.github.state().runs.get(runs.second)?.conclusion).toBe("success");
  expect(await git(`${world.directory}/repo.git`, ["diff", "--name-only", "main", pull?.pull.head.sha ?? ""])).toBe("src/format.js");
  expect(await git(`${world.directory}/repo.git`, ["show", `${pull?.pull.head.sha}:src/format.js`])).toContain("Math.round(exactSeconds)");
});
