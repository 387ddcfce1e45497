/**
 * What one durable step of a session costs, against the disk and against its own history.
 *
 * The floor of an advance is what the disk asks for the same bytes: each advance is followed at once by one write and one
 * sync of the very bytes it wrote, in a file opened as the journal opens its own (`O_APPEND`, exclusive) in the same
 * directory. Both are synced by fdatasync, which makes appended bytes and the size needed to read them durable (POSIX);
 * the floor does nothing else. Taking turns, both meet the same load; the row is the median of the pairs' ratios.
 */
import { closeSync, fdatasyncSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measure, type BenchRow } from "./row.ts";
import { epochFileOf, listOfSteps, loopOfSteps, startSession } from "./sessions.ts";

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
  const session = await startSession(directory, listOfSteps(WARM_UP + STEPS + 3));
  const written = openSync(epochFileOf(directory), "r");
  const floorFile = openSync(join(directory, "floor"), "ax");
  let end = fstatSync(written).size;
  let last: Uint8Array = new Uint8Array(0);
  const advance = async (): Promise<number> => {
    const took = await session.advance();
    const grown = fstatSync(written).size;
    last = Buffer.alloc(grown - end);
    readSync(written, last, 0, last.length, end);
    end = grown;
    return took;
  };
  const floor = (): number => {
    const started = performance.now();
    writeSync(floorFile, last);
    fdatasyncSync(floorFile);
    return (performance.now() - started) * 1000;
  };
  for (let warm = 0; warm < WARM_UP; warm += 1) await advance();
  const pair = await measure(advance, floor, STEPS);
  await session.close();
  closeSync(written);
  closeSync(floorFile);
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
