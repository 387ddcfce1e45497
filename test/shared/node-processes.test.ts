import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeProcesses } from "../../src/shared/node-processes.ts";

const env = { PATH: "/usr/bin:/bin" };
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const sh = (script: string, options: object = {}) => nodeProcesses.run("sh", ["-c", script], { env, ...options });

/** Processes, dead ones included, that were started with this marker in their arguments. */
const withMarker = (marker: string) =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/cmdline`))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(marker);
      } catch {
        return false; // ended meanwhile
      }
    });

test("a program gets exactly its arguments, input and environment, no shell in between", async () => {
  const result = await nodeProcesses.run("sh", ["-c", 'printf "%s|" "$0" "$1"; cat; env | grep -v -e ^PWD -e ^_ -e ^SHLVL', "$(id)", "a b;c"], { env: { ONLY: "this", PATH: env.PATH }, input: "in\n" });
  expect(text(result.stdout).split("\n").toSorted()).toEqual(["", "$(id)|a b;c|in", "ONLY=this", `PATH=${env.PATH}`]);
  expect(result).toMatchObject({ exitCode: 0, signal: null, timedOut: false, truncated: false });
});

test("a program that cannot be started is exit code 127 with the reason, whatever is wrong", async () => {
  for (const program of ["no-such-program", "/etc", "with\0nul"]) {
    const result = await nodeProcesses.run(program, [], { env });
    expect(result.exitCode).toBe(127);
    expect(text(result.stderr)).not.toBe("");
  }
  expect(await sh("true", { cwd: "/no/such/directory" })).toMatchObject({ exitCode: 127 });
  expect(await nodeProcesses.start("no-such-program", [], { env }).exited).toMatchObject({ exitCode: 127 });
});

test("fault 5: where no file can be opened any more, a program that cannot be started is told like any other", async () => {
  const script = `
    import { openSync } from "node:fs";
    import { nodeProcesses } from ${JSON.stringify(join(import.meta.dirname, "../../src/shared/node-processes.ts"))};
    try { for (;;) openSync("/dev/null", "r"); } catch (error) { if (error.code !== "EMFILE") throw error; }
    const child = nodeProcesses.start("true", [], { env: {} });
    child.write("to nobody");
    child.onStdout(() => undefined);
    console.log((await nodeProcesses.run("true", [], { env: {} })).exitCode, (await child.exited).exitCode);
  `;
  const result = await nodeProcesses.run("sh", ["-c", 'ulimit -n 100 && exec "$0" --input-type=module -e "$1"', process.execPath, script], { env });
  expect([text(result.stdout), text(result.stderr)]).toEqual(["127 127\n", ""]);
});

test("output over the cap is cut and said so; the program still ends by itself", async () => {
  const result = await sh("head -c 3000000 /dev/zero; echo err >&2; exit 4", { maxOutputBytes: 1_000 });
  expect(result).toMatchObject({ exitCode: 4, truncated: true });
  expect(result.stdout).toHaveLength(1_000);
  expect(text(result.stderr)).toBe("err\n");
});

test("a program that does not read its input is no error", async () => {
  expect(await sh("exit 0", { input: new Uint8Array(5_000_000) })).toMatchObject({ exitCode: 0 });
});

test("fault 42: at the time-out the whole group ends, also what ignores SIGTERM", async () => {
  const marker = `93${process.pid}1`;
  const result = await sh(`trap '' TERM; sleep ${marker} & while :; do sleep 1; done`, { timeoutMs: 100 });
  expect(result).toMatchObject({ exitCode: null, signal: "SIGKILL", timedOut: true });
  expect(withMarker(marker)).toEqual([]);
});

test("background children end with their program and do not hold the result back", async () => {
  const marker = `93${process.pid}2`;
  expect(text((await sh(`sleep ${marker} & echo done`)).stdout)).toBe("done\n");
  expect(withMarker(marker)).toEqual([]);
});

test("an abort ends the group; an abort before the start starts nothing", async () => {
  const controller = new AbortController();
  const running = sh("sleep 1000", { signal: controller.signal });
  controller.abort();
  expect(await running).toMatchObject({ exitCode: null, signal: "SIGTERM", timedOut: false });
  expect(await sh("touch /never", { signal: AbortSignal.abort() })).toMatchObject({ exitCode: null, signal: "SIGTERM" });
});

test("a started child talks until it is killed", async () => {
  const child = nodeProcesses.start("cat", [], { env });
  const heard = new Promise<string>((resolve) => child.onStdout((chunk) => resolve(text(chunk))));
  child.write("hello\n");
  expect(await heard).toBe("hello\n");
  child.kill("SIGKILL");
  expect(await child.exited).toEqual({ exitCode: null, signal: "SIGKILL" });
  child.write("after its end");
  child.kill("SIGTERM");
});
