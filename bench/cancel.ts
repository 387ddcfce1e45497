/** How fast a cancelled agent job has stored the end of its journal: the built Action on the local GitHub, SIGINT as a runner sends it. */
import { startDemoWorld, type DemoWorld } from "../test/fakes/demo-world.ts";
import { livingProcesses } from "../test/fakes/processes.ts";
import { scenarioByIssue, straight, use } from "../test/fakes/scripts.ts";
import { until } from "../test/fakes/until.ts";
import type { BenchRow } from "./row.ts";

const RUNS = 2;
const GOAL_S = 2;
const TITLES = Array.from({ length: RUNS }, (_, nth) => `Durations never end, ${nth + 1}`);
/** Known among this machine's processes by its seconds. */
const SECONDS = `8${process.pid}3`;
/** A tool that has made a change and is at work when the signal comes. */
const TURNS = [...straight.code.slice(0, 2), [use("bash", { command: `sleep ${SECONDS}`, timeout_ms: 600_000 })]];

/** Row: from cancelling a run in the middle of a tool to its last segment being accepted, the slowest of them. */
export async function run(): Promise<readonly BenchRow[]> {
  const world = await startDemoWorld(scenarioByIssue(Object.fromEntries(TITLES.map((title) => [title, { code: TURNS }]))));
  try {
    const took: number[] = [];
    for (const title of TITLES) took.push(await cancelOne(world, title));
    const value = Math.max(...took) / 1000;
    return [{ name: "cancel: from SIGINT in the middle of a tool to the last segment accepted", value, unit: "s", floor: null, ratio: null, goal: GOAL_S, ok: value <= GOAL_S }];
  } finally {
    await world.close();
  }
}

/** Milliseconds. */
async function cancelOne(world: DemoWorld, title: string): Promise<number> {
  const atWork = (): boolean => livingProcesses().some(({ command }) => command === `sleep ${SECONDS}`);
  const over = world.play({ title });
  await until(atWork, "the command is at work");
  const runId = [...world.github.state().runs.values()].at(-1)?.id ?? 0;
  const stored = (): number => [...world.github.state().artifacts.values()].filter((artifact) => artifact.runId === runId).length;
  const before = stored();
  let ended = false;
  world.watch((event) => {
    ended ||= event.kind === "step-finished" && event.job === "agent" && event.runId === runId;
  });
  const cancelledAt = performance.now();
  const answered = await world.call(world.maintainerToken, "POST", `/actions/runs/${runId}/cancel`);
  if (answered.status !== 202) throw new Error(`The run could not be cancelled: ${answered.status}.`);
  let seen = before;
  let acceptedAt = Number.NaN;
  await until(() => {
    const now = stored();
    if (now > seen) acceptedAt = performance.now();
    seen = now;
    return ended;
  }, "the agent job ends");
  await over;
  if (seen === before) throw new Error("The cancelled job stored nothing.");
  return acceptedAt - cancelledAt;
}
