/** Plays many worlds, and tells what did not hold so that a person can read it. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { violationsOf, type Violation } from "./item-invariants.ts";
import { playItem } from "./item-world.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";
import { moveWords, playSession, sessionPlanOf, type Move } from "./session-world.ts";
import { shrink } from "./shrink.ts";
import { troublesOf, troubleWords, type Trouble } from "./trouble.ts";

export interface PlayOptions {
  readonly json: boolean;
  readonly write: (text: string) => void;
}

/** Seeds a second of one core that the machines of CI are to manage; printed, never a reason to fail. */
const GOALS = { sessions: 500, items: 20 };
/** Worlds until most of the code that they run is compiled; of few, a half. */
const WARM_UP = { sessions: 500, items: 50 };
/** More would not be read. */
const FAILURES_SHOWN = 3;
/** The end of a world's trace that a person reads. */
const TRACE_LINES = 60;

export interface Failure {
  readonly world: "session" | "item";
  readonly seed: number;
  readonly commit: string;
  /** What of the world is needed for it, in words. */
  readonly needed: readonly string[];
  readonly violations: readonly string[];
  readonly trace: readonly string[];
}

interface Pace {
  readonly played: number;
  /** The first of them, in which code is loaded and compiled: their time does not count. */
  readonly warmUp: number;
  /** The others a second of one core: by the time the process worked, so that a busy machine counts less. */
  readonly perSecond: number;
  readonly goal: number;
}

/** @returns whether everything held */
export async function playSeeds({ from, sessions, items }: { readonly from: number; readonly sessions: number; readonly items: number }, options: PlayOptions): Promise<boolean> {
  const failures: Failure[] = [];
  const session = await pace(sessions, "sessions", async (index) => {
    const failure = await trySession(from + index);
    if (failure !== null) failures.push(failure);
    return failures.length < FAILURES_SHOWN;
  });
  const item = await pace(items, "items", async (index) => {
    // The chosen worlds first.
    const scenario = SCENARIOS[index];
    const failure = from === 1 && scenario !== undefined ? await tryItem(scenario.seed, scenario.troubles) : await tryItem(from + index, troublesOf(from + index));
    if (failure !== null) failures.push(failure);
    return failures.length < FAILURES_SHOWN;
  });
  if (options.json) options.write(`${JSON.stringify({ sessions: session, items: item, failures })}\n`);
  else {
    for (const failure of failures) options.write(failureText(failure));
    options.write(`${paceText("sessions", session)}\n${paceText("work items", item)}\n${failures.length === 0 ? "Everything held." : "Something did not hold."}\n`);
  }
  return failures.length === 0;
}

async function pace(count: number, worlds: keyof typeof GOALS, play: (index: number) => Promise<boolean>): Promise<Pace> {
  const warmUp = Math.min(WARM_UP[worlds], Math.floor(count / 2));
  let before = process.cpuUsage();
  let played = 0;
  for (; played < count; played += 1) {
    if (played === warmUp) before = process.cpuUsage();
    if (!(await play(played))) break;
  }
  const { user, system } = process.cpuUsage(before);
  const counted = played - warmUp;
  return { played, warmUp, perSecond: counted <= 0 ? 0 : Math.round((counted / (user + system)) * 10_000_000) / 10, goal: GOALS[worlds] };
}

const paceText = (what: string, { played, warmUp, perSecond, goal }: Pace): string => `${played} ${what}: ${perSecond} a second of one core, the first ${warmUp} left out (goal ${goal})`;

/** Plays a session's world; when something does not hold, with as few moves as that takes. */
async function trySession(seed: number): Promise<Failure | null> {
  const world = sessionPlanOf(seed);
  const first = await withoutStacks(() => playSession(seed, world));
  const [violation] = first.violations;
  if (violation === undefined) return null;
  const fails = async (moves: readonly Move[]): Promise<boolean> => (await playSession(seed, { ...world, moves })).violations.some((each) => kindOf(each) === kindOf(violation));
  const moves = await shrink(world.moves, fails);
  const { violations, trace } = await playSession(seed, { ...world, moves });
  return { world: "session", seed, commit: commit(), needed: [`workflow ${world.plan.id} on ${world.machine === "own" ? "a machine of its own" : "a runner"}`, ...moves.map(moveWords)], violations, trace };
}

async function tryItem(seed: number, troubles: readonly Trouble[]): Promise<Failure | null> {
  const [violation] = await withoutStacks(() => violationsIn(seed, troubles));
  if (violation === undefined) return null;
  const needed = await shrink(troubles, async (fewer) => (await violationsIn(seed, fewer)).some((each) => kindOf(textOf(each)) === kindOf(textOf(violation))));
  const world = await playItem(seed, needed);
  return { world: "item", seed, commit: commit(), needed: needed.map(troubleWords), violations: violationsOf(world).map(textOf), trace: readable(world.trace) };
}

/** Errors belong to these worlds, and where each came from is of interest only once something does not hold: it is played again then. */
async function withoutStacks<T>(play: () => Promise<T>): Promise<T> {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return await play();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

const violationsIn = async (seed: number, troubles: readonly Trouble[]): Promise<readonly Violation[]> => violationsOf(await playItem(seed, troubles));

const textOf = ({ invariant, what }: Violation): string => `${invariant}: ${what}`;
/** Two violations are of one kind when they break the same invariant with the same words, numbers and names aside. */
const kindOf = (violation: string): string => (violation.split("\n")[0] ?? "").replaceAll(/[0-9a-f]{7,}|\d+|worktrain\.\S+/g, "#");

/** Reads that only look tell a reader little. */
const readable = (trace: readonly string[]): readonly string[] => trace.filter((line) => !/ GET .* -> (?:200|302|404)$/.test(line));

function failureText({ world, seed, commit: at, needed, violations, trace }: Failure): string {
  const left = trace.length > TRACE_LINES ? [`  ... ${trace.length - TRACE_LINES} lines before`] : [];
  return [
    `SEED ${seed} (${world}) at commit ${at}: play it again with \`npm run simulate -- --${world} ${seed}\``,
    ...violations.map((violation) => `  does not hold: ${violation}`),
    "  it takes:",
    ...(needed.length === 0 ? ["    nothing but the seed"] : needed.map((each) => `    ${each}`)),
    "  what happens then:",
    ...left,
    ...trace.slice(-TRACE_LINES).map((line) => `  ${line}`),
    "",
    "",
  ].join("\n");
}

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: join(import.meta.dirname, ".."), encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "(no git here)";
  }
}

type Kill = Extract<Trouble, { kind: "kill" }>;

/** Where the processes of a scenario can end: before and after each call of a port, places at which the world is the same taken once. */
async function endsOf({ seed, troubles }: Scenario): Promise<readonly Kill[]> {
  const { places } = await playItem(seed, troubles);
  return [...places].flatMap(([process, calls]) => {
    const [who, nth] = process.split("-");
    if (who !== "agent" && who !== "deliver" && who !== "app" && who !== "post") return [];
    // Only of an agent job something is left to do on its machine.
    const lost = who === "agent" ? (["process", "machine"] as const) : (["machine"] as const);
    return calls.flatMap((atCall) => lost.map((what): Kill => ({ kind: "kill", who, nth: Number(nth), atCall, what })));
  });
}

/** Scenarios `from` to `to` (the first is 1), with each process ended at each of its port calls, or at every so manyth. What does not hold is told at once. */
export async function playCrashes({ every, from, to }: { readonly every: number; readonly from: number; readonly to: number }, options: PlayOptions): Promise<boolean> {
  const failures: Failure[] = [];
  const counts: { readonly scenario: string; readonly places: number; readonly held: boolean }[] = [];
  const say = (text: string): void => (options.json ? undefined : options.write(text));
  for (const [index, scenario] of SCENARIOS.slice(from - 1, to).entries()) {
    const { seed, troubles } = scenario;
    const before = failures.length;
    const startedMs = performance.now();
    const ends = (await endsOf(scenario)).filter((_, at) => at % every === (index % every));
    for (const end of ends) {
      // The others are likely of the same kind.
      if (failures.length - before >= FAILURES_SHOWN) break;
      const failure = await tryItem(seed, [...troubles, end]);
      if (failure === null) continue;
      failures.push(failure);
      say(failureText(failure));
    }
    const held = failures.length === before;
    counts.push({ scenario: scenario.name, places: ends.length, held });
    say(`${held ? "held  " : "BROKEN"} scenario ${from + index}, "${scenario.name}": ${ends.length} ends, ${Math.round((performance.now() - startedMs) / 1_000)} s\n`);
  }
  if (options.json) options.write(`${JSON.stringify({ scenarios: counts, failures })}\n`);
  else say(`${counts.reduce((sum, { places }) => sum + places, 0)} ends in ${counts.length} scenarios. ${failures.length === 0 ? "Everything held." : "Something did not hold."}\n`);
  return failures.length === 0;
}

/** One item's world with all that happened in it. */
export async function showItem(seed: number, options: PlayOptions): Promise<boolean> {
  const world = await playItem(seed, troublesOf(seed));
  const violations = violationsOf(world).map(textOf);
  if (options.json) options.write(`${JSON.stringify({ seed, troubles: world.troubles, trace: world.trace, violations })}\n`);
  else options.write(`${[...world.trace, "", ...world.troubles.map((trouble) => `trouble: ${troubleWords(trouble)}`), ...violations.map((each) => `does not hold: ${each}`)].join("\n")}\n`);
  return violations.length === 0;
}

export async function showSession(seed: number, options: PlayOptions): Promise<boolean> {
  const world = sessionPlanOf(seed);
  const { violations, trace } = await playSession(seed, world);
  if (options.json) options.write(`${JSON.stringify({ seed, workflow: world.plan.id, machine: world.machine, trace, violations })}\n`);
  else options.write(`${[`workflow ${world.plan.id}, machine: ${world.machine}`, ...trace, ...violations.map((each) => `does not hold: ${each}`)].join("\n")}\n`);
  return violations.length === 0;
}
