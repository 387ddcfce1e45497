/** A run is cancelled in the middle of a tool call that does not want to end (SIGINT, as GitHub sends it). */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDemoWorld, type DemoWorld } from "../fakes/demo-world.ts";
import { livingProcesses, processesOf } from "../fakes/processes.ts";
import { eventsOf, savedJournal } from "../fakes/saved-journal.ts";
import { scenarioByIssue, straight, use } from "../fakes/scripts.ts";
import { until } from "../fakes/until.ts";

const TITLE = "Durations never end";
/** Known among this machine's processes by their seconds. */
const SECONDS = `9${process.pid}7`;
const STUBBORN = `trap '' TERM INT HUP; sleep ${SECONDS} & setsid sh -c 'trap "" TERM INT; sleep ${SECONDS}; sleep ${SECONDS}' & ( ( setsid nohup sleep ${SECONDS} >/dev/null 2>&1 & ) & ); while :; do sleep ${SECONDS}; done`;
/** From the cancel to the last segment being stored (fault 36). GitHub's SIGTERM comes after 7.5 s. */
const UPLOADED_WITHIN_MS = 5_000;

const sleepers = (): number => livingProcesses().filter(({ command }) => command === `sleep ${SECONDS}`).length;

let world: DemoWorld;
let runId: number;
let tookMs: number;
let summary: string | null = null;

beforeAll(async () => {
  world = await startDemoWorld(scenarioByIssue({ [TITLE]: { code: [...straight.code.slice(0, 2), [use("bash", { command: STUBBORN, timeout_ms: 600_000 })]] } }));
  const over = world.play({ title: TITLE });
  await until(() => sleepers() >= 4, "the command is at work");
  runId = [...world.github.state().runs.values()].at(-1)?.id ?? 0;
  const before = world.github.state().artifacts.size;
  const cancelledAt = performance.now();
  let jobOver = false;
  world.watch((event) => {
    if (event.kind !== "step-finished" || event.job !== "agent") return;
    jobOver = true;
    summary ??= event.summary;
  });
  expect((await world.call(world.maintainerToken, "POST", `/actions/runs/${runId}/cancel`)).status).toBe(202);
  await until(() => jobOver, "the step ends");
  tookMs = performance.now() - cancelledAt;
  expect(world.github.state().artifacts.size).toBeGreaterThan(before);
  await over;
});
afterAll(() => world.close());

test("fault 36: within five seconds its children are ended, the end is journaled and the journal is stored", async () => {
  expect(tookMs).toBeLessThan(UPLOADED_WITHIN_MS);
  expect(sleepers()).toBe(0);
  expect(processesOf(`${world.directory}/actions/jobs`)).toEqual([]);
  const { streams } = await savedJournal([...world.github.state().artifacts.values()].filter((artifact) => artifact.runId === runId));
  const events = [...streams.values()].flat();
  expect(eventsOf(events, "agent_ended").at(-1)?.data.code).toBe("cancelled");
  // The change made before is saved with it.
  expect(eventsOf(events, "workspace_saved").length).toBeGreaterThan(0);
});

test("no deliver job runs, so the agent job's own page tells how far it came and where it stopped", () => {
  expect(summary).toMatch(/^### ⚠️ This run ended before the work did\n\n\*\*Durations never end\*\*\n/);
  expect(summary).toContain("```mermaid\nflowchart TD");
  expect(summary).toMatch(/\n- \*\*code, round 1\*\*: not ended\n[\s\S]*\n {2}- ✔ Understand the task and reproduce it `understand`/);
});

test("fault 36: nothing is published, and the issue says that it was cancelled and how it goes on", () => {
  expect([...world.github.state().issues.values()].filter((issue) => issue.pull !== null)).toEqual([]);
  const [status] = world.statusComments(1);
  expect(status).toMatch(/cancelled/i);
  expect(status).toMatch(/label/);
});
