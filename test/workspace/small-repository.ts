import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { sha256Hex } from "../../src/shared/hash.ts";
import { nodeProcesses } from "../../src/shared/node-processes.ts";
import { openSandbox, openWorkspace, type Sandbox, type SandboxMode, type SandboxOptions, type Workspace } from "../../src/workspace/index.ts";

export const HELPER = join(import.meta.dirname, "..", "..", "src", "workspace", "helper", "main.ts");

/** A directory that is gone after the test. */
export function temporaryDirectory(parent = tmpdir()): string {
  const directory = realpathSync(mkdtempSync(join(parent, "worktrain-test-")));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export type Content = string | Uint8Array | { readonly link: string } | { readonly executable: string };

export function put(directory: string, path: string, content: Content): void {
  const whole = join(directory, path);
  mkdirSync(dirname(whole), { recursive: true });
  rmSync(whole, { recursive: true, force: true });
  if (typeof content === "string" || content instanceof Uint8Array) return writeFileSync(whole, content);
  if ("link" in content) return symlinkSync(content.link, whole);
  writeFileSync(whole, content.executable);
  chmodSync(whole, 0o755);
}

export const inShell = (directory: string, command: string): string =>
  execFileSync("bash", ["-ec", command], {
    cwd: directory,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] ?? "", HOME: directory, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
  });

/** A repository with these files in one commit. */
export function repository(files: Readonly<Record<string, Content>>): { readonly directory: string; readonly base: string } {
  const directory = join(temporaryDirectory(), "workspace");
  mkdirSync(directory);
  for (const [path, content] of Object.entries(files)) put(directory, path, content);
  inShell(directory, "git init -q . && git config user.name T && git config user.email t@example.com && git add -A && git commit -q --allow-empty -m base");
  return { directory, base: inShell(directory, "git rev-parse HEAD").trim() };
}

/** A sandbox that must open: without bubblewrap the test fails. */
export async function sandboxOn(workspaceDir: string, mode: SandboxMode, more: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const opened = await openSandbox({ workspaceDir, mode, processes: nodeProcesses, nodePath: process.execPath, helperPath: HELPER, ...more });
  if (!opened.ok) throw new Error(`${opened.error.message} ${opened.error.fix}`);
  onTestFinished(() => opened.value.close());
  return opened.value;
}

export const workspaceOn = (directory: string, base: string, mode: SandboxMode = "bubblewrap"): Promise<Workspace> =>
  openWorkspace({ directory, base, privateDirectory: temporaryDirectory(), processes: nodeProcesses, sandbox: { mode } });

/** Journal blobs in memory. */
export function blobStore() {
  const blobs = new Map<string, Uint8Array>();
  return {
    blobs,
    put: async (bytes: Uint8Array) => {
      const sha256 = sha256Hex(bytes);
      blobs.set(sha256, Uint8Array.from(bytes));
      return sha256;
    },
    get: async (sha256: string) => blobs.get(sha256) ?? null,
  };
}
