/** Commands of findings in a real sandbox on a real workspace: a model wrote them, and the reviewer that did may execute nothing. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runForItem } from "../../src/coordinator/host-checks.ts";
import type { CoordinatorDeps } from "../../src/coordinator/index.ts";
import { openMemoryJournal } from "../../src/journal/index.ts";
import type { ItemEvent, SnapshotRef } from "../../src/record/index.ts";
import { nodeRandom } from "../../src/shared/node-ports.ts";
import { fakeClock } from "../fakes/clock.ts";
import { inShell, put, repository, sandboxOn, workspaceOn } from "../workspace/small-repository.ts";

type Mode = "bubblewrap" | "weak";
const SECRET = "sk-ant-secret-0123456789";

async function scene(mode: Mode) {
  const { directory, base } = repository({ "a.txt": "base\n", ".gitignore": "cache/\n", "node_modules.txt": "kept\n" });
  const sandbox = await sandboxOn(directory, mode);
  const workspace = await workspaceOn(directory, base, mode);
  const journal = openMemoryJournal({ clock: fakeClock() });
  const aborted = new AbortController();
  const deps: CoordinatorDeps = {
    journal,
    redact: (text) => text.replaceAll(SECRET, "[redacted]"),
    clock: fakeClock(),
    random: nodeRandom,
    findPlan: () => ({ ok: false, error: { kind: "none", message: "None.", fix: "None." } }),
    repository: null,
    workspace,
    sandbox,
    model: { endpoint: { apiKey: "x" }, name: "x", tiers: { lightweight: "x", mid: "x", heavy: "x" } },
    rules: [],
    budget: { turns: 1, tokens: 1, costMicroUsd: 1, ms: 1 },
    commands: { test: "grep -q base a.txt && echo ran >> a.txt && echo left > new.txt" },
    saving: null,
    onProgress: () => undefined,
    signal: aborted.signal,
  };
  // The reviewed files: one changed, one new.
  put(directory, "a.txt", "reviewed\n");
  put(directory, "b.txt", "new\n");
  const snapshot: SnapshotRef | null = await workspace.save((bytes) => journal.putBlob(bytes));
  if (snapshot === null) throw new Error("Nothing was saved.");
  const status = () => inShell(directory, "git status --short && cat a.txt b.txt 2>/dev/null || true");
  const reviewed = status();
  const check = async (command: string) => {
    const event = await runForItem(deps, { kind: "check-finding", round: 1, command, snapshot });
    if (event?.kind !== "finding_checked") throw new Error("Nothing was recorded.");
    return event.data;
  };
  return { directory, deps, check, status, reviewed, aborted };
}

describe.each(["bubblewrap", "weak"] as const)("the command of a finding in the %s sandbox", (mode) => {
  test("sees the reviewed files, and what it does to them happens to a copy", async () => {
    const { directory, check, status, reviewed } = await scene(mode);
    const { result, skipped } = await check("cat a.txt b.txt; pwd; rm -rf a.txt b.txt .git; mkdir cache; echo evil > cache/x; echo evil > c.txt; exit 7");
    expect(skipped).toBeNull();
    expect(result).toMatchObject({ exitCode: 7, timedOut: false, sandbox: mode, outputTail: expect.stringMatching(/^reviewed\nnew\n/) });
    expect(result?.outputTail).not.toContain(`${directory}\n`);
    expect(status()).toBe(reviewed);
    expect(existsSync(join(directory, "cache"))).toBe(false);
  });

  test("that goes for the workspace by its path finds it put back", async () => {
    const { directory, check, status, reviewed } = await scene(mode);
    expect((await check(`echo evil > ${directory}/a.txt; echo evil > ${directory}/c.txt; rm ${directory}/b.txt`)).result?.exitCode).toBe(0);
    expect(status()).toBe(reviewed);
  });

});

describe("the command of a finding, with whatever is in it,", () => {
  const mode = "bubblewrap";
  test.each([
    ["that ends the shell's line before it", "; exit 3", 3],
    ["in several lines", "false\nexit 4", 4],
    ["that is no shell at all", "if then (", 2],
    ["that wants to be read as an option", "--version", 127],
  ])("%s is still one command in the copy", async (_, command, exitCode) => {
    const { check, status, reviewed } = await scene(mode);
    const { result } = await check(command);
    // bash: a syntax error in a line that follows others ends with 2.
    expect([exitCode, 1, 2]).toContain(result?.exitCode);
    expect(result?.exitCode).not.toBe(0);
    expect(status()).toBe(reviewed);
  });

  test("leaves nothing running and nothing in the scratch directories for the next", async () => {
    const { check } = await scene(mode);
    await check("echo left > $TMPDIR/left; (sleep 300 &) ; echo ok");
    const { result } = await check("ls $TMPDIR; ps -e -o args= | grep -c '[s]leep 300' || true");
    expect(result?.outputTail.split("\n").filter((line) => line === "left")).toEqual([]);
    expect(result?.outputTail.trim().split("\n").at(-1)).toBe("0");
  });

  test("that prints a secret or much is recorded without it and cut", async () => {
    const { check } = await scene(mode);
    const { result } = await check(`head -c 100000 /dev/zero | tr '\\0' x; echo; echo ${SECRET}`);
    expect(result?.outputTail).toContain("[redacted]");
    expect(result?.outputTail).not.toContain(SECRET);
    expect(result?.outputTail.length).toBeLessThanOrEqual(8 * 1024);
  });
});

test("the network is closed to it", async () => {
  const { check } = await scene("bubblewrap");
  expect((await check("exec 3<>/dev/tcp/192.0.2.1/80")).result?.exitCode).not.toBe(0);
  expect((await check("ls /sys/class/net 2>/dev/null; cat /proc/net/route")).result?.outputTail).not.toMatch(/eth|ens/);
});

test("the tests before the work see the base, whatever lies in the workspace, and what they leave is taken back", async () => {
  const { directory, deps } = await scene("bubblewrap");
  const event: ItemEvent | null = await runForItem(deps, { kind: "test-base" });
  expect(event).toMatchObject({ kind: "base_tested", data: { result: { exitCode: 0 }, skipped: null } });
  expect(readFileSync(join(directory, "a.txt"), "utf8")).toBe("base\n");
  expect(["b.txt", "new.txt"].filter((name) => existsSync(join(directory, name)))).toEqual([]);
});

test("a cancelled check records nothing", async () => {
  const { deps, aborted, check } = await scene("bubblewrap");
  aborted.abort();
  await expect(check("exit 1")).rejects.toThrow("Nothing was recorded");
  expect(await runForItem(deps, { kind: "test-base" })).toBeNull();
});
