/**
 * What one durable step of a session costs, against the disk (`raw-append.ts` says how) and against its own history. A step is
 * decided, validated, written in canonical form, hashed, appended and synced; the next one's prompt is rendered by who reads it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRawAppend, TURN } from "./raw-append.ts";
import { measure, type BenchRow } from "./row.ts";
import { loopOfSteps, startSession } from "./sessions.ts";

/** The code of the first steps is compiled as they run; what a long session pays is measured after them. */
const WARM_UP = 1_500;
const STEPS = 1_000;
const GOAL = 1.3;

/** Rows: one submitted step against the floor; the last tenth of a session against its first; the 10,000th against the 1,000th. */
export async function run(): Promise<readonly BenchRow[]> {
  const directory = mkdtempSync(join(tmpdir(), "worktrain-bench-"));
  try {
    return [await durable(join(directory, "durable")), await flat(directory, FIRST_TENTH), await flat(directory, LATE)];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function durable(directory: string): Promise<BenchRow> {
  const session = await startSession(directory, loopOfSteps(12));
  for (let warm = 0; warm < WARM_UP; warm += 1) await session.advance();
  await session.written();
  const raw = openRawAppend(join(directory, "raw"));
  let parts: Uint8Array[] = [];
  const advance = async (): Promise<number> => {
    let took = 0;
    parts = [];
    for (let index = 0; index < TURN; index += 1) {
      took += await session.advance();
      parts.push(await session.written());
    }
    return took / TURN;
  };
  await advance();
  const pair = await measure(advance, () => raw.turn(parts), STEPS / TURN);
  await session.close();
  raw.close();
  return { name: "durable step advance", ...pair, unit: "µs", goal: GOAL, ok: pair.ratio <= GOAL };
}

/** Advances of an old and of a young session that take turns: from which one on, and how many. */
interface Ages {
  readonly name: string;
  readonly old: number;
  readonly young: number;
  readonly runs: number;
}

const FIRST_TENTH: Ages = { name: "the last 100 of 1,000 to the first", old: 900, young: 0, runs: 100 };
const LATE: Ages = { name: "the 10,000th to the 1,000th", old: 9_800, young: 800, runs: 200 };
const FLAT_GOAL = 1.1;

/** Row: a step costs the step, never the history. */
async function flat(directory: string, { name, old, young, runs }: Ages): Promise<BenchRow> {
  const plan = loopOfSteps(12);
  const sessions = [await startSession(join(directory, `old-${old}`), plan), await startSession(join(directory, `young-${old}`), plan)] as const;
  for (let index = 0; index < old; index += 1) await sessions[0].advance();
  for (let index = 0; index < young; index += 1) await sessions[1].advance();
  const pair = await measure(sessions[0].advance, sessions[1].advance, runs);
  for (const session of sessions) await session.close();
  return { name: `durable step advance: ${name}`, ...pair, unit: "µs", goal: FLAT_GOAL, ok: pair.ratio <= FLAT_GOAL };
}
