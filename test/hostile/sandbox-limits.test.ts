/** What a command inside the sandbox can use up. Needs bubblewrap: without it these tests fail, they do not skip. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeProcesses } from "../../src/shared/node-processes.ts";
import type { Processes } from "../../src/shared/ports.ts";
import type { SandboxLimits } from "../../src/workspace/index.ts";
import { findMemoryScope } from "../../src/workspace/memory-scope.ts";
import { makeScratch } from "../../src/workspace/scratch.ts";
import { HOST_PATH } from "../../src/workspace/search-path.ts";
import { put, repository, sandboxOn, temporaryDirectory } from "../workspace/small-repository.ts";

const MiB = 1024 ** 2;

async function open(limits: Partial<SandboxLimits>) {
  const { directory } = repository({ "a.txt": "text\n" });
  const sandbox = await sandboxOn(directory, "bubblewrap", { limits });
  const bash = async (command: string, timeoutMs = 30_000) => (await sandbox.call("bash", { command, timeout_ms: timeoutMs })).content;
  return { directory, sandbox, bash };
}

/** Each holds about 60 MB and waits. */
const HOLD_60_MB = `node -e 'globalThis.held = Buffer.alloc(60e6, 1); setTimeout(() => {}, 60_000)'`;

describe("fault 41: all processes of a command together", () => {
  test("many small processes cannot take the memory that one large one may not", async () => {
    const { bash, sandbox } = await open({ totalMemoryBytes: 400 * MiB });
    expect(await bash(`for i in 1 2 3 4 5 6 7 8 9 10 11 12; do ${HOLD_60_MB} & done; wait`)).toMatch(/Ended with everything it started: .* more than 419430400 bytes of memory together/);
    // In a session of their own, where ending the command's group does not reach them.
    expect(await bash(`for i in 1 2 3 4 5 6 7 8 9 10 11 12; do setsid ${HOLD_60_MB} & done; sleep 60`)).toContain("bytes of memory together");
    expect(await bash("ls -d /proc/[0-9]* | wc -l")).toMatch(/^[4-7]\n/);
    expect(await sandbox.call("read", { path: "a.txt" })).toMatchObject({ isError: false });
  });

  test("files in /tmp, /dev/shm and the home count as memory and have a size", async () => {
    const { bash } = await open({ totalMemoryBytes: 100 * MiB, temporaryBytes: 70 * MiB });
    expect(await bash("for place in /tmp /dev/shm ~; do head -c 80000000 /dev/zero > $place/big && echo fits; rm -f $place/big; done; echo none")).toMatch(/^(?!fits)[^]*none\n\[exit code 0\]/);
    expect(await bash("head -c 60000000 /dev/zero > /tmp/x; head -c 60000000 /dev/zero > /dev/shm/x; sleep 20")).toContain("bytes of memory together");
    expect(await bash("echo x > /dev/evil")).toContain("Read-only");
  });

  test("a fork bomb ends, also for root, and the next call works", async () => {
    const { bash } = await open({ processes: 200 });
    expect(await bash("bomb() { bomb | bomb & }; bomb; sleep 20", 25_000)).toMatch(/more than 200 processes|exit code|Ended by/);
    expect(await bash("for i in $(seq 400); do sleep 60 & done; wait")).toMatch(/more than 200 processes|Resource temporarily unavailable/);
    expect(await bash("echo on")).toBe("on\n[exit code 0]");
  });
});

describe("fault 41: a control group, where one can be had", () => {
  /** A user's systemd that answers the probe with this, and otherwise starts what it is given. */
  function manager(memoryMax: (asked: string) => string) {
    const runtime = temporaryDirectory();
    put(runtime, "systemd/private", "");
    const asked: string[] = [];
    const processes: Processes = {
      ...nodeProcesses,
      run: async (program, args, options) => {
        if (program !== "systemd-run") return nodeProcesses.run(program, args, options);
        const limit = args.find((arg) => arg.startsWith("MemoryMax="))?.slice("MemoryMax=".length) ?? "";
        asked.push(limit);
        return { exitCode: 0, signal: null, stdout: new TextEncoder().encode(`${memoryMax(limit)}\n`), stderr: new Uint8Array(), timedOut: false, truncated: false };
      },
    };
    return { runtime, asked, processes };
  }
  const limits: SandboxLimits = { processes: 10, memoryBytes: 1, totalMemoryBytes: 1_000_000, fileBytes: 1, cpuSeconds: 1, temporaryBytes: 1, growthBytes: 1, growthFiles: 1 };

  test("is used when the limit is seen from inside it, and the program in it knows nothing of the manager", async () => {
    const { runtime, processes } = manager((asked) => asked);
    const scope = await findMemoryScope(processes, limits, runtime);
    expect(scope).toMatchObject({ program: "systemd-run", env: { XDG_RUNTIME_DIR: runtime } });
    expect(scope?.args).toEqual(expect.arrayContaining(["--user", "--scope", "MemoryMax=999424", "MemorySwapMax=0", "TasksMax=74"]));
    const [env = "", ...rest] = scope?.args.slice((scope?.args.indexOf("--") ?? 0) + 1) ?? [];
    const inside = await nodeProcesses.run(env, [...rest, "env"], { env: { ...scope?.env, SECRET: "x" } });
    expect(new TextDecoder().decode(inside.stdout)).toBe(`PATH=${HOST_PATH}\n`);
  });

  test.each(["max", "", "4096"])("is not used when inside it %j is seen", async (seen) => {
    const { runtime, processes, asked } = manager(() => seen);
    expect(await findMemoryScope(processes, limits, runtime)).toBeNull();
    expect(asked).toEqual(["999424"]);
  });

  test("nothing is started where the user has no manager", async () => {
    const { processes, asked } = manager((limit) => limit);
    expect(await findMemoryScope(processes, limits, temporaryDirectory())).toBeNull();
    expect(asked).toEqual([]);
  });
});

describe("fault 41: the disk", () => {
  test("the workspace grows up to its cap, in one call or many, and can be cleaned up", async () => {
    const { bash, directory, sandbox } = await open({ growthBytes: 150 * MiB });
    expect(await bash("for i in $(seq 40); do head -c 50000000 /dev/zero > big-$i || exit; done; sync; sleep 20", 60_000)).toContain("the workspace grew by more than 157286400 bytes");
    expect(await bash("for i in $(seq 40); do head -c 50000000 /dev/zero > more-$i || exit; done; sync; sleep 20", 60_000)).toContain("the workspace grew by more than");
    await sandbox.renew();
    expect(await bash("for i in $(seq 40); do head -c 50000000 /dev/zero > again-$i || exit; done; sync; sleep 20", 60_000)).toContain("the workspace grew by more than");
    expect(await bash("rm -f big-* more-* again-*; sync; echo clean")).toContain("clean\n[exit code 0]");
    expect(readdirSync(directory).filter((name) => name.includes("-"))).toEqual([]);
  });
});

describe("fault 58: a path that changes between check and use", () => {
  test("a directory swapped for a link is noticed, in weak mode too where something can race", async () => {
    const outside = temporaryDirectory();
    put(outside, "file", "SECRET");
    const { directory } = repository({ "a/file": "fine\n" });
    const sandbox = await sandboxOn(directory, "weak");
    const target = join(directory, "a");
    const aside = join(directory, "aside");
    const link = join(directory, "link");
    symlinkSync(outside, link);
    const over = new AbortController();
    const swap = async () => {
      while (!over.signal.aborted) {
        renameSync(target, aside);
        renameSync(link, target);
        await new Promise((resolve) => setImmediate(resolve));
        renameSync(target, link);
        renameSync(aside, target);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const swapping = swap();
    const seen: string[] = [];
    for (let round = 0; round < 150; round += 1) seen.push(...(await Promise.all([1, 2, 3, 4].map(() => sandbox.call("read", { path: "a/file" })))).map(({ content }) => content));
    over.abort();
    await swapping;
    expect(seen.filter((content) => content.includes("SECRET"))).toEqual([]);
    expect(seen.some((content) => content.includes("fine"))).toBe(true);
    expect(seen.some((content) => /outside the workspace|moved or replaced|nothing at/.test(content))).toBe(true);
  });
});

describe("fault 41: what a killed process leaves", () => {
  test("the next start removes the directory of a dead owner, and only that", async () => {
    const parent = temporaryDirectory();
    const own = makeScratch(parent);
    const child = spawn("sleep", ["60"]);
    await once(child, "spawn");
    const abandoned = own.replace(`-${process.pid}-`, `-${child.pid}-`);
    mkdirSync(join(abandoned, "home"), { recursive: true });
    const otherNamespace = abandoned.replace(/sandbox-\d+-/, "sandbox-1-");
    const unrelated = join(parent, "worktrain-sandbox-Xy12");
    for (const path of [otherNamespace, unrelated]) mkdirSync(path);
    rmSync(makeScratch(parent), { recursive: true });
    expect(existsSync(abandoned)).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    const link = `${abandoned}-link`;
    const outside = temporaryDirectory();
    put(outside, "kept", "");
    symlinkSync(outside, link);
    const next = makeScratch(parent);
    expect([own, abandoned, otherNamespace, unrelated, next].map((path) => existsSync(path))).toEqual([true, false, true, true, true]);
    expect(existsSync(join(outside, "kept"))).toBe(true);
  });
});
