/** What a long session takes of the machine's memory. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { BenchRow } from "./row.ts";

const ADVANCES = 10_000;
const GOAL_MB = 200;

/** Rows: the peak resident memory of processes of their own that run a session of 10,000 advances. */
export async function run(): Promise<readonly BenchRow[]> {
  const directory = mkdtempSync(join(tmpdir(), "worktrain-bench-memory-"));
  try {
    return [row("memory: a session of 10,000 advances", fromSources(directory)), row("memory: the MCP server with a session of 10,000 advances", await overMcp(directory))];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const row = (name: string, bytes: number): BenchRow => ({ name, value: bytes / 1e6, unit: "MB", floor: null, ratio: null, goal: GOAL_MB, ok: bytes / 1e6 <= GOAL_MB });

function fromSources(directory: string): number {
  const child = spawnSync(process.execPath, [join(import.meta.dirname, "long-session.ts"), directory, String(ADVANCES)], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const bytes = Number(child.stdout);
  if (child.status !== 0 || !(bytes > 0)) throw new Error(`The session of ${ADVANCES} advances ended with ${child.status ?? child.signal}.`);
  return bytes;
}

/** As a client has it: the shipped program, one call after the other. */
async function overMcp(directory: string): Promise<number> {
  const loop = (id: string, count: number, body: unknown) => ({ id, title: id, type: "loop", loop: { type: "for", count, maxIterations: 1000 }, body: [body] });
  const steps = [loop("outer", ADVANCES / 1000, loop("inner", 1000, { id: "step", title: "Step", prompt: "Do it." }))];
  const workflowPath = join(directory, "long.json");
  writeFileSync(workflowPath, JSON.stringify({ schemaVersion: 2, id: "bench-long", name: "Long", version: "1.0.0", description: "A long session.", steps }));
  const child = spawn(process.execPath, [join(import.meta.dirname, "..", "bin", "worktrain.mjs"), "mcp", "--data", join(directory, "data")], { stdio: ["pipe", "pipe", "inherit"], cwd: directory });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let id = 0;
  const ask = async (method: string, params: unknown): Promise<string> => {
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: (id += 1), method, params })}\n`);
    return String((await lines.next()).value);
  };
  const call = async (name: string, args: unknown): Promise<string | undefined> => /"continueToken":"([^"]+)"/.exec(await ask("tools/call", { name, arguments: args }))?.[1];
  await ask("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "bench", version: "1" } });
  child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })}\n`);
  let token = await call("start_workflow", { workflowPath, workspacePath: directory, goal: "g" });
  let advances = 0;
  for (; token !== undefined; advances += 1) token = await call("continue_workflow", { continueToken: token, output: { notesMarkdown: "- Did it." } });
  // Kibibytes (proc_pid_status(5)).
  const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) * 1024;
  child.stdin.end();
  await new Promise((resolve) => child.once("exit", resolve));
  if (advances !== ADVANCES || !(peak > 0)) throw new Error(`The MCP server made ${advances} advances of ${ADVANCES}: build it with \`npm run build\`.`);
  return peak;
}
