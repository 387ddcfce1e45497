/** How fast the Action starts, and how large its bundle is. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, type BenchRow } from "./row.ts";

const ACTION = join(import.meta.dirname, "..", "action");
const DIST = join(ACTION, "dist");
const RUNS = 15;

/** Rows: start of the bundle to its first request on the wire against a bare Node start; size without the artifact client's chunk, and of the App as a job. */
export async function run(): Promise<readonly BenchRow[]> {
  return [await firstRequest(), bundleSize(), intakeSize()];
}

async function firstRequest(): Promise<BenchRow> {
  const directory = mkdtempSync(join(tmpdir(), "worktrain-bench-"));
  const waiting: (() => void)[] = [];
  const server = createServer((_request, response) => {
    waiting.shift()?.();
    response.writeHead(404, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const environment = jobEnvironment(directory, `http://127.0.0.1:${port}`);
  const starts: number[] = [];
  const floors: number[] = [];
  for (let round = 0; round < RUNS; round += 1) {
    floors.push(await timed([process.execPath, "-e", "0"], {}, (exited) => exited));
    starts.push(await timed([process.execPath, join(DIST, "main.js")], environment, () => new Promise((resolve) => waiting.push(resolve))));
  }
  server.close();
  server.closeAllConnections();
  rmSync(directory, { recursive: true });
  const value = median(starts);
  const floor = median(floors);
  const ratio = value / floor;
  return { name: "action start to first request", value, unit: "ms", floor, ratio, goal: 5, ok: ratio <= 5 };
}

/** Milliseconds from starting a process until `until` settles; the process is then waited for. */
async function timed(command: readonly [string, ...string[]], environment: Readonly<Record<string, string>>, until: (exited: Promise<void>) => Promise<void>): Promise<number> {
  const [program, ...args] = command;
  const started = performance.now();
  const child = spawn(program, args, { env: { ...environment }, stdio: "ignore" });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await Promise.race([until(exited), exited.then(() => (program === process.execPath && args[0] === "-e" ? undefined : Promise.reject(new Error("The Action ended without a request: build it with `npm run build`."))))]);
  const took = performance.now() - started;
  await exited;
  return took;
}

function jobEnvironment(directory: string, apiUrl: string): Readonly<Record<string, string>> {
  const output = join(directory, "output");
  writeFileSync(output, "");
  return {
    GITHUB_API_URL: apiUrl,
    GITHUB_REPOSITORY: "octo/repo",
    GITHUB_REPOSITORY_ID: "1",
    GITHUB_RUN_ID: "1",
    GITHUB_RUN_ATTEMPT: "1",
    GITHUB_WORKFLOW_REF: "octo/repo/.github/workflows/worktrain.yml@refs/heads/main",
    GITHUB_WORKSPACE: directory,
    RUNNER_TEMP: directory,
    GITHUB_OUTPUT: output,
    INPUT_JOB: "agent",
    INPUT_KEY: "0".repeat(32),
    INPUT_ITEM: "1/issue-1/1",
    INPUT_TICKET: "a.b",
    "INPUT_PUBLIC-KEY": "none",
    "INPUT_GITHUB-TOKEN": "none",
    "INPUT_ANTHROPIC-API-KEY": "none",
    INPUT_SANDBOX: "bubblewrap",
    // This machine is nobody's runner: nothing on it is looked at or changed.
    "INPUT_SELF-HOSTED": "ephemeral-with-root",
  };
}

/** Bytes of everything the Action may load but the artifact client, which is a lazy chunk of its own. */
function bundleSize(): BenchRow {
  const value = megabytes(DIST, (name) => !name.startsWith("artifact"));
  return { name: "action bundle without the artifact chunk", value, unit: "MB", floor: null, ratio: null, goal: 1.2, ok: value <= 1.2 };
}

function intakeSize(): BenchRow {
  const value = megabytes(join(ACTION, "intake", "dist"), () => true);
  return { name: "action bundle of the App as a job", value, unit: "MB", floor: null, ratio: null, goal: 0.5, ok: value <= 0.5 };
}

function megabytes(directory: string, isCounted: (name: string) => boolean): number {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name.endsWith(".js") && isCounted(entry.name));
  return files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0) / 1_000_000;
}
