/**
 * The process dies before and after every call of every port, and the machine at every system call; a new process opens what is
 * left and goes on, dies at the same place of its own, and a third one comes to the end. Then nothing acknowledged is lost (I1),
 * each key has one effect (I2) and the state is what the log replays to (I3): each scenario says how that is seen in it.
 */
import { describe, expect, test } from "vitest";
import type { CrashChoice } from "../fakes/file-system.ts";
import { effectScenarios } from "./crash/effects.ts";
import { appending, manyWriters, savers } from "./crash/journals.ts";
import { Life, type Moment } from "./crash/life.ts";
import type { Outside, Scenario } from "./crash/scenario.ts";
import { sessionScenarios } from "./crash/sessions.ts";

const scenarios: readonly Scenario[] = [appending, manyWriters, ...savers, ...effectScenarios, ...sessionScenarios];

type Death = { readonly kind: "port"; readonly moment: Moment } | { readonly kind: "system call"; readonly nth: number };

const LOST: CrashChoice = { unsynced: "lost", names: "lost" };
/** What the disk keeps of its cache: all of it where the process alone dies (null). In the middle of a port's call also every other sector. */
const machinesOf = ({ machines = "all" }: Scenario, { kind }: Death): readonly (CrashChoice | null)[] =>
  machines === "none" ? [null] : kind === "port" ? [null, LOST] : [null, LOST, { unsynced: "holed", names: "kept" }];

/** A life that ends at this moment at the latest. */
async function liveUntil(outside: Outside, death: Death): Promise<void> {
  const life = new Life(death.kind === "port" ? death.moment : null);
  if (death.kind === "system call") outside.disk.crashAtCall(outside.disk.calls + death.nth);
  try {
    await outside.live(life);
  } catch (error) {
    // Whatever comes of a port's end is the death; an invariant that does not hold is told while the process lives.
    if (!life.over) throw error;
  }
  outside.disk.crashAtCall(null);
}

async function dieAndGoOn(scenario: Scenario, death: Death, machine: CrashChoice | null): Promise<void> {
  const outside = scenario.begin();
  try {
    for (let lives = 0; lives < 2; lives += 1) {
      await liveUntil(outside, death);
      outside.died(machine);
    }
    await outside.live(new Life(null));
    // What the last one was told is durable.
    outside.died(LOST);
    await outside.finished();
  } catch (error) {
    const at = death.kind === "port" ? `${death.moment.when} call ${death.moment.call}` : `at system call ${death.nth}`;
    throw new Error(`${scenario.name}: died ${at}, ${machine === null ? "the machine went on" : JSON.stringify(machine)}`, { cause: error });
  }
}

/** How many calls a life has that comes to the end at once. */
async function callsOf(scenario: Scenario): Promise<{ readonly ports: number; readonly system: number }> {
  const outside = scenario.begin();
  const life = new Life(null);
  await outside.live(life);
  const calls = { ports: life.calls, system: outside.disk.calls };
  await outside.finished();
  return calls;
}

function* deathsOf({ ports, system }: { readonly ports: number; readonly system: number }): Generator<Death> {
  for (let call = 1; call <= ports; call += 1) for (const when of ["before", "after"] as const) yield { kind: "port", moment: { call, when } };
  for (let nth = 1; nth <= system; nth += 1) yield { kind: "system call", nth };
}

describe("a crash before and after every call", () => {
  test.each(scenarios.map((scenario) => ({ name: scenario.name, scenario })))("faults 1, 15 and 44: $name", async ({ scenario }) => {
    const calls = await callsOf(scenario);
    expect(calls.ports).toBeGreaterThan(10);
    for (const death of deathsOf(calls)) for (const machine of machinesOf(scenario, death)) await dieAndGoOn(scenario, death, machine);
  });
});
