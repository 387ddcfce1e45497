/** Verification commands of sessions that a client drives: run for real, or said not to have been run. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createVerifier } from "../../../src/session/stored/index.ts";
import { nodeProcesses } from "../../../src/shared/node-processes.ts";
import type { Processes } from "../../../src/shared/ports.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const directory = mkdtempSync(join(tmpdir(), "worktrain-verifier-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const options = (processes: Processes, mode: "bubblewrap" | "weak") => ({ mode, processes, nodePath: process.execPath, helperPath: join(ROOT, "src/workspace/helper/main.ts"), path: process.env["PATH"] ?? "", dataDirectory: join(directory, "none") });

test("without bubblewrap nothing is run: the result says so with the cure", async () => {
  const started: string[] = [];
  const none: Processes = {
    run: async (program) => {
      started.push(program);
      return { exitCode: 127, signal: null, stdout: new Uint8Array(), stderr: new TextEncoder().encode("not found"), timedOut: false, truncated: false };
    },
    start: (program) => {
      throw new Error(`${program} was started`);
    },
  };
  const result = await createVerifier(options(none, "bubblewrap"), directory)({ command: "touch ran" });
  expect(result).toMatchObject({ exitCode: 126, sandbox: "none", outputTail: expect.stringMatching(/^Nothing was run\. .*bubblewrap.*weak/s) });
});

test("in the weak mode that was asked for the command runs in the workspace, and its exit code is recorded", async () => {
  const verify = createVerifier(options(nodeProcesses, "weak"), directory);
  expect(await verify({ command: "pwd; exit 3" })).toMatchObject({ exitCode: 3, sandbox: "weak", outputTail: expect.stringContaining("worktrain-verifier-") });
});

test("a data directory in the workspace is named as what is in the way, with the cure: nothing is run beside the session's own record", async () => {
  const data = join(directory, "data");
  mkdirSync(data);
  for (const dataDirectory of [data, directory]) {
    const result = await createVerifier({ ...options(nodeProcesses, "bubblewrap"), dataDirectory }, directory)({ command: "true" });
    expect(result).toMatchObject({ exitCode: 126, sandbox: "none", outputTail: expect.stringContaining(`The data directory ${dataDirectory} lies in the workspace`) });
    expect(result.outputTail).toContain("--data DIR");
  }
});

test("a workspace that is gone is said, not guessed", async () => {
  expect(await createVerifier(options(nodeProcesses, "weak"), join(directory, "gone"))({ command: "true" })).toMatchObject({ exitCode: 126, sandbox: "none" });
  expect(await createVerifier(options(nodeProcesses, "weak"), null)({ command: "true" })).toMatchObject({ exitCode: 126, sandbox: "none" });
});
