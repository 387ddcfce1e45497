/** Plays a scenario in a world that is up, and holds what came against how it must end. */
import { TerminalError } from "../../shared/errors.ts";
import { canonicalJson, type Json } from "../../shared/json.ts";
import { nodeClock } from "../../shared/node-ports.ts";
import type { Resumed } from "./kill-at.ts";
import { gather, type Came, type Outcome } from "./outcome.ts";
import { gatherPeople } from "./people.ts";
import type { DemoScenario, ItemEnd } from "./scenario/scenario.ts";
import type { World } from "./world.ts";

export interface Playing {
  readonly world: World;
  readonly directory: string;
  readonly scenario: DemoScenario;
  readonly nodePath: string;
  /** When it began, by the machine's monotonic clock. */
  readonly started: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What came of each issue that was opened. */
export type CameOfAll = readonly [Came, ...Came[]];

export async function playThrough({ world, directory, scenario, nodePath, started, say, signal }: Playing): Promise<CameOfAll> {
  const { people, issues } = gatherPeople(world, { directory, say, signal });
  await scenario.people(people);
  const durationMs = Math.round(nodeClock.monotonicMs() - started);
  const came: Came[] = [];
  // One after the other: the tests of each run in the same checkout.
  for (const [at, issueNumber] of issues.entries()) came.push(await gather({ world, directory, nodePath, issueNumber, durationMs, says: scenario.ends[at]?.says ?? [] }));
  const [first, ...others] = came;
  if (first === undefined) throw new TerminalError(`Nobody opens an issue in the scenario ${scenario.name}.`, "This is a bug in the demo; please report it.");
  return [first, ...others];
}

export const isSame = (came: ItemEnd, wanted: ItemEnd | undefined): boolean => wanted !== undefined && canonicalJson(plain(came)) === canonicalJson(plain(wanted));

const plain = (end: ItemEnd): Json => JSON.parse(JSON.stringify(end)) as Json;

export const endsAsItShould = ({ ends }: DemoScenario, came: CameOfAll): boolean => came.length === ends.length && came.every(({ end }, at) => isSame(end, ends[at]));

/** What `--json` prints: everything about the first issue, what came of all of them against how it must end, and the other issues. */
export function jsonOf(scenario: DemoScenario, [first, ...others]: CameOfAll, resumed: Resumed | undefined) {
  return { ...told(first.outcome), resumed, scenario: scenario.name, outcome: [first, ...others].map(({ end }) => end), ends: scenario.ends, otherIssues: others.map(({ outcome }) => ofIssue(outcome)) };
}

/** Live progress is not part of what `--json` promises. */
const told = (outcome: Outcome) => ({ ...outcome, liveProgressRequests: undefined });
/** Requests and time are those of all of them. */
const ofIssue = ({ issue, pullRequest, checkRuns, comments, sessions }: Outcome) => ({ issue, pullRequest, checkRuns, comments, sessions });
