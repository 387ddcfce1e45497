/** How long a client waits for the MCP server's first answer. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measure, type BenchRow } from "./row.ts";

const ROOT = join(import.meta.dirname, "..");
const RUNS = 15;

const MESSAGES = [
  { jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "bench", version: "1" } } },
  { jsonrpc: "2.0", method: "notifications/initialized" },
  { jsonrpc: "2.0", id: 2, method: "tools/call", params: { name: "list_workflows", arguments: {} } },
];

/** Row: start of `worktrain mcp` to its answer to `list_workflows`, against a bare Node start. */
export async function run(): Promise<readonly BenchRow[]> {
  const directory = mkdtempSync(join(tmpdir(), "worktrain-bench-mcp-"));
  const { value, floor, ratio } = await measure(() => firstList(directory), bareStart, RUNS);
  rmSync(directory, { recursive: true });
  return [{ name: "mcp start to first list_workflows", value, unit: "ms", floor, ratio, goal: 4, ok: ratio <= 4 }];
}

function bareStart(): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, ["-e", "0"], { stdio: "ignore" });
  return new Promise((resolve) => child.once("exit", () => resolve(performance.now() - started)));
}

/** Milliseconds to the answer; the server is then waited for. */
async function firstList(directory: string): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, [join(ROOT, "bin", "worktrain.mjs"), "mcp", "--data", directory], { stdio: ["pipe", "pipe", "inherit"], cwd: directory });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const answered = new Promise<number>((resolve) => {
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += String(chunk);
      if (said.includes("wr.coding-task")) resolve(performance.now() - started);
    });
  });
  child.stdin.write(MESSAGES.map((message) => `${JSON.stringify(message)}\n`).join(""));
  const took = await Promise.race([answered, exited.then(() => Promise.reject(new Error("The MCP server ended without an answer: build it with `npm run build`.")))]);
  child.stdin.end();
  await exited;
  return took;
}
