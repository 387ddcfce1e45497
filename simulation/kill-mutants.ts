/** Plays each planted fault in a process of its own, until a world notices it. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { MUTANTS } from "./mutants.ts";
import type { PlayOptions } from "./play.ts";

/** Worlds in which a fault has to be noticed. */
const SEEDS = { sessions: 3_000, items: 150 };
/** Both cores of a small machine. */
const AT_ONCE = 2;

/** @returns whether every mutant was noticed */
export async function killMutants(options: PlayOptions): Promise<boolean> {
  const results: { readonly name: string; readonly killed: boolean; readonly by: string }[] = [];
  const waiting = [...MUTANTS.keys()];
  const work = async (): Promise<void> => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
      const { exitCode, output } = await run(index);
      const by = /does not hold: (.*)/.exec(output)?.[1] ?? (exitCode === 0 ? "" : (output.trim().split("\n").at(-1) ?? ""));
      // A world that cannot be played at all has noticed nothing.
      const killed = exitCode === 1 && output.includes("does not hold: ");
      results.push({ name: MUTANTS[index]?.name ?? "", killed, by });
      if (!options.json) options.write(`${killed ? "killed  " : "SURVIVED"} ${MUTANTS[index]?.name ?? ""}${by === "" ? "" : `: ${by.slice(0, 160)}`}\n`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const survived = results.filter(({ killed }) => !killed).length;
  options.write(options.json ? `${JSON.stringify({ mutants: results })}\n` : `${results.length - survived} of ${results.length} mutants killed\n`);
  return survived === 0;
}

function run(index: number): Promise<{ readonly exitCode: number | null; readonly output: string }> {
  return new Promise((resolve) => {
    const args = [join(import.meta.dirname, "main.ts"), "--mutant", String(index), "--seeds", String(SEEDS.sessions), "--items", String(SEEDS.items)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => void (output += chunk.toString()));
    child.on("close", (exitCode) => resolve({ exitCode, output }));
  });
}
