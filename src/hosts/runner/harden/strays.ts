import type { Machine, ProcessFacts } from "./machine.ts";

/** Killed processes take a moment to be gone. */
const ROUNDS = 40;
const ROUND_MS = 50;

/** Processes of this user that are neither this one nor above it: what earlier steps left. They could read our environment. */
export function strays(machine: Machine): readonly ProcessFacts[] {
  const all = machine.processes();
  const byPid = new Map(all.map((each) => [each.pid, each]));
  const line = new Set<number>();
  for (let pid = machine.pid; pid > 0 && !line.has(pid); pid = byPid.get(pid)?.parent ?? 0) line.add(pid);
  return all.filter(({ pid, uids }) => uids.includes(machine.uid) && !line.has(pid));
}

/** Ends them, as often as they start each other anew. @returns those that could not be ended */
export async function endStrays(machine: Machine): Promise<{ readonly ended: number; readonly left: readonly ProcessFacts[] }> {
  const ended = new Set<number>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const left = strays(machine);
    if (left.length === 0) return { ended: ended.size, left };
    for (const { pid } of left) {
      ended.add(pid);
      machine.end(pid);
    }
    await machine.clock.sleep(ROUND_MS);
  }
  return { ended: ended.size, left: strays(machine) };
}
