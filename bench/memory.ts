/** What a long session takes of the machine's memory. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchRow } from "./row.ts";

const ADVANCES = 10_000;
const GOAL_MB = 200;

/** Row: the peak resident memory of a process of its own that runs a session of 10,000 advances from the sources. */
export async function run(): Promise<readonly BenchRow[]> {
  const directory = mkdtempSync(join(tmpdir(), "worktrain-bench-memory-"));
  try {
    const child = spawnSync(process.execPath, [join(import.meta.dirname, "long-session.ts"), directory, String(ADVANCES)], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
    const value = Number(child.stdout) / 1e6;
    if (child.status !== 0 || !(value > 0)) throw new Error(`The session of ${ADVANCES} advances ended with ${child.status ?? child.signal}.`);
    return [{ name: "memory: a session of 10,000 advances", value, unit: "MB", floor: null, ratio: null, goal: GOAL_MB, ok: value <= GOAL_MB }];
  } finally {
    rmSync(directory, { recursive: true });
  }
}
