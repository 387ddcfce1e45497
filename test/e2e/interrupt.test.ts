/** The demo is ended in the middle: by Ctrl-C it says so and leaves no process that it started; killed, it does not leave the App. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { descendantsOf, processesOf, stillAlive, type Seen } from "../fakes/processes.ts";
import { until } from "../fakes/until.ts";

const ROOT = join(import.meta.dirname, "..", "..");
/** From the signal to the end, on a busy machine. */
const SOON_MS = 10_000;

interface Demo {
  readonly child: ChildProcess;
  /** Its process id, which is also its group's. */
  readonly pid: number;
  readonly directory: string;
  readonly printed: { stdout: string; stderr: string };
}

/** Starts the demo as a shell does: as a process group of its own. */
async function startDemo(launcher: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Demo> {
  const directory = await mkdtemp(join(tmpdir(), "worktrain-e2e-interrupt-"));
  const child = spawn(process.execPath, [...launcher, "src/hosts/demo/main.ts", "--json", "--keep", directory], { cwd: ROOT, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const printed = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (printed.stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (printed.stderr += String(chunk)));
  return { child, pid: child.pid ?? 0, directory, printed };
}

/** Interrupts a demo when `when` holds and waits for its end. Nothing it had started may be there after it. */
async function interrupted(demo: Demo, when: (demo: Demo) => boolean, send: (demo: Demo) => void): Promise<void> {
  try {
    await until(() => when(demo) || demo.child.exitCode !== null, "the demo gets so far");
    const before: readonly Seen[] = descendantsOf(demo.pid);
    const exited = once(demo.child, "exit");
    const sentAt = performance.now();
    send(demo);
    const [exitCode, signal] = await exited;
    expect({ exitCode, signal, stdout: demo.printed.stdout }).toEqual({ exitCode: 130, signal: null, stdout: "" });
    expect(performance.now() - sentAt).toBeLessThan(SOON_MS);
    expect(demo.printed.stderr).toContain("everything that was started has been ended");
    expect(before.length).toBeGreaterThan(0);
    // A process that was killed needs a moment to be gone.
    await until(() => stillAlive(before).length === 0 && processesOf(demo.directory).length === 0, "nothing is left").catch(() => {
      expect([...stillAlive(before), ...processesOf(demo.directory)]).toEqual([]);
    });
  } finally {
    demo.child.kill("SIGKILL");
    for (const { pid } of processesOf(demo.directory)) process.kill(pid, "SIGKILL");
    await rm(demo.directory, { recursive: true, force: true });
  }
}

const agentWorks = ({ printed }: Demo): boolean => /agent \| .*code ·/.test(printed.stderr);
const appStarts = ({ pid }: Demo): boolean => descendantsOf(pid).some(({ command }) => command.includes("hosts/app/main.ts"));

test.concurrent("Ctrl-C in a terminal, which reaches the whole process group of `npm run demo`", async () => {
  await interrupted(await startDemo(["scripts/run.mjs"]), agentWorks, ({ pid }) => process.kill(-pid, "SIGINT"));
});

test.concurrent("SIGINT to the demo's own process while the agent works", async () => {
  await interrupted(await startDemo([]), agentWorks, ({ pid }) => process.kill(pid, "SIGINT"));
});

test.concurrent("SIGINT while the box is still being set up", async () => {
  await interrupted(await startDemo([]), appStarts, ({ pid }) => process.kill(pid, "SIGINT"));
});

test.concurrent("SIGKILL to the demo's own process: the App it started ends too", async () => {
  const demo = await startDemo([]);
  try {
    const isUp = (): boolean => demo.printed.stderr.includes("the App and a model server are up");
    await until(() => isUp() || demo.child.exitCode !== null, "the App is up");
    const app = descendantsOf(demo.pid).filter(({ command }) => command.includes("hosts/app/main.ts"));
    expect(app).toHaveLength(1);
    process.kill(demo.pid, "SIGKILL");
    await until(() => stillAlive(app).length === 0, "the App is gone");
  } finally {
    demo.child.kill("SIGKILL");
    for (const { pid } of processesOf(demo.directory)) process.kill(pid, "SIGKILL");
    await rm(demo.directory, { recursive: true, force: true });
  }
});

test.concurrent("a machine without git is told so", async () => {
  const demo = await startDemo([], { ...process.env, PATH: "/nonexistent" });
  try {
    expect(await once(demo.child, "close")).toEqual([1, null]);
    expect(demo.printed.stderr).toContain("git was not found. Install git");
    expect(demo.printed.stdout).toBe("");
  } finally {
    await rm(demo.directory, { recursive: true, force: true });
  }
});
