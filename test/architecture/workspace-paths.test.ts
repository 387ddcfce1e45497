/** The Action's process opens no path of the workspace: what an agent put there (links, devices, endless files) never meets it. */
import { sep } from "node:path";
import { expect, test, vi } from "vitest";
import { inShell, put, repository, sandboxOn, workspaceOn, blobStore } from "../workspace/small-repository.ts";
import { importsOf, reachableFrom } from "./imports.ts";

/** Calls to the file system by any module, as `function path`. */
const seen = vi.hoisted((): { calls: string[] } => ({ calls: [] }));
const watched = vi.hoisted(() => (module: object): object =>
  Object.fromEntries(
    Object.entries(module).map(([name, member]: [string, unknown]) => [
      name,
      typeof member !== "function" || /^[A-Z]/.test(name)
        ? member
        : (...args: unknown[]) => {
            for (const arg of args) if (typeof arg === "string" && /^\/[^\n]*$/.test(arg)) seen.calls.push(`${name} ${arg}`);
            return Reflect.apply(member, module, args);
          },
    ]),
  ),
);
vi.mock("node:fs", async (original) => watched(await original()));
vi.mock("node:fs/promises", async (original) => watched(await original()));

test("opening, calling, saving, restoring and describing touch of the workspace only that it is there", async () => {
  const { directory, base } = repository({ "a.txt": "a\n", "sub/b.txt": "b\n" });
  put(directory, "link", { link: "/etc" });
  inShell(directory, "mkfifo fifo");
  seen.calls.length = 0;
  const sandbox = await sandboxOn(directory, "bubblewrap");
  const workspace = await workspaceOn(directory, base);
  const journal = blobStore();
  for (const [tool, input] of [["read", { path: "a.txt" }], ["edit", { path: "a.txt", old_string: "a", new_string: "z" }], ["write", { path: "new/c.txt", content: "c" }], ["glob", { pattern: "**" }], ["grep", { pattern: "b" }], ["bash", { command: "echo x > sub/b.txt" }]] as const) {
    expect(await sandbox.call(tool, input)).toMatchObject({ isError: false });
  }
  await sandbox.runCommand({ command: "true", timeoutMs: 10_000, maxOutputBytes: 10 });
  const saved = await workspace.save(journal.put);
  expect(saved?.changedFiles).toBe(3);
  if (saved !== null) expect(await workspace.describe(saved, journal.get)).toContain("new/c.txt");
  expect(await workspace.restore(null, journal.get)).toMatchObject({ ok: true });
  expect(await workspace.restore(saved, journal.get)).toMatchObject({ ok: true });
  await sandbox.renew();
  await workspace.close();
  await sandbox.close();

  expect(seen.calls.length).toBeGreaterThan(20);
  const below = seen.calls.filter((call) => call.includes(`${directory}${sep}`));
  expect(below).toEqual([]);
  expect(new Set(seen.calls.filter((call) => call.endsWith(` ${directory}`)).map((call) => call.split(" ")[0]))).toEqual(new Set(["existsSync", "realpathSync", "statfsSync"]));
});

/** Beside the sandbox's own helper, what of the agent job reaches the file system, processes or the network, and for what. */
const MAY_TOUCH: Readonly<Record<string, string>> = {
  "src/shared/durable-files.ts": "the journal's directory",
  "src/shared/node-ports.ts": "the ports themselves",
  "src/shared/node-processes.ts": "the ports themselves",
  "src/workspace/bubblewrap.ts": "whether paths to mount are there",
  "src/workspace/confined-helper.ts": "writes the sandbox's /etc",
  "src/workspace/incoming.ts": "objects on their way into the private repository",
  "src/workspace/local-clone.ts": "a person's clone, before the agent begins",
  "src/workspace/memory-scope.ts": "whether the user has a systemd",
  "src/workspace/network/gateway.ts": "the way out",
  "src/workspace/network/public-address.ts": "arithmetic on addresses",
  "src/workspace/network/tally.ts": "a type",
  "src/workspace/private-git.ts": "the private repository",
  "src/workspace/sandbox.ts": "the scratch directory",
  "src/workspace/scratch.ts": "the scratch directory",
  "src/workspace/workspace.ts": "the private directory",
};

test("nothing else of the agent job imports what could open a path", () => {
  const modules = /^(?:node:)?(?:fs|fs\/promises|child_process|net|http|https|tls|dgram|worker_threads|vm|module)$/;
  const touching = [...reachableFrom("src/hosts/runner/agent/agent.ts").keys()].filter((file) => file.endsWith(".ts") && importsOf(file).some(({ specifier }) => modules.test(specifier)));
  expect(touching.filter((file) => MAY_TOUCH[file] === undefined)).toEqual([]);
});
