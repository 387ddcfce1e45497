/** Runs verification commands for sessions whose client works outside: in the workspace it named, behind the sandbox. */
import { existsSync, realpathSync, statSync } from "node:fs";
import { relative } from "node:path";
import type { Processes } from "../../shared/ports.ts";
import { openSandbox, type SandboxMode } from "../../workspace/index.ts";
import { OUTPUT_TAIL_BYTES } from "../output-tail.ts";
import type { SessionDeps, VerificationResult } from "../session.ts";

export interface VerifierOptions {
  readonly mode: SandboxMode;
  readonly processes: Processes;
  /** The Node (24 or later) that runs the sandbox's helper. */
  readonly nodePath: string;
  readonly helperPath: string;
  /** PATH inside the sandbox. */
  readonly path: string;
  /** No mount of the sandbox may contain it. */
  readonly dataDirectory: string;
}

export type Verify = SessionDeps["verify"];

/** A verification may take this long: past it the command counts as failed. */
const TIMEOUT_MS = 15 * 60_000;
/** What a shell gives for a command it cannot run (POSIX). */
const CANNOT_RUN = 126;

/** The verifier of one workspace. Where no sandbox can be had nothing is run, and the result says so with the cure. */
export function createVerifier(options: VerifierOptions, workspacePath: string | null): Verify {
  return async ({ command }, signal) => {
    if (workspacePath === null || !existsSync(workspacePath) || !statSync(workspacePath).isDirectory()) {
      return notRun(`Nothing was run: the session's workspace ${workspacePath ?? "(none)"} is no directory on this machine.`);
    }
    const { mode, processes, nodePath, helperPath, path, dataDirectory } = options;
    const sandbox = await openSandbox({ workspaceDir: workspacePath, mode, processes, nodePath, helperPath, path, privatePaths: [dataDirectory] });
    if (!sandbox.ok) {
      const within = holds(workspacePath, dataDirectory) ? ` The data directory ${dataDirectory} lies in the workspace, and a command must not reach the session's own record: start the session again with one elsewhere (--data DIR).` : "";
      return notRun(`Nothing was run. ${sandbox.error.message} ${sandbox.error.fix}${within}`);
    }
    try {
      const result = await sandbox.value.runCommand({ command, timeoutMs: TIMEOUT_MS, maxOutputBytes: OUTPUT_TAIL_BYTES }, signal);
      return { ...result, sandbox: sandbox.value.mode };
    } finally {
      await sandbox.value.close();
    }
  };
}

function holds(outer: string, inner: string): boolean {
  const path = existsSync(inner) ? relative(realpathSync(outer), realpathSync(inner)) : relative(outer, inner);
  return path !== ".." && !path.startsWith("../");
}

const notRun = (why: string): VerificationResult => ({ exitCode: CANNOT_RUN, timedOut: false, outputTail: why, durationMs: 0, sandbox: "none" });
