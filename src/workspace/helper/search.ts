import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ToolFailure, type ToolSetting } from "./tool.ts";

/** A search that prints more is cut: the tools show far less. */
const OUTPUT_LIMIT_BYTES = 32 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

export interface SearchOutput {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The program was ended because its output was over the limit. */
  readonly cut: boolean;
}

/** Runs git or ripgrep in the workspace, without a shell. @throws ToolFailure when it takes longer than a minute */
export function runSearch(program: string, args: readonly string[], setting: ToolSetting): Promise<SearchOutput> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: setting.workspace, stdio: ["ignore", "pipe", "pipe"], timeout: TIMEOUT_MS, killSignal: "SIGKILL", signal: setting.signal });
    const chunks: Uint8Array[] = [];
    let size = 0;
    let stderr = "";
    child.stdout.on("data", (chunk: Uint8Array) => {
      size += chunk.length;
      if (size <= OUTPUT_LIMIT_BYTES) chunks.push(chunk);
      else child.kill("SIGKILL");
    });
    child.stderr.on("data", (chunk: Uint8Array) => {
      if (stderr.length < 4_096) stderr += new TextDecoder().decode(chunk);
    });
    child.once("error", (error) => reject(setting.signal.aborted ? new ToolFailure("Cancelled.") : error));
    child.once("close", (exitCode) => {
      const cut = size > OUTPUT_LIMIT_BYTES;
      if (exitCode === null && !cut) return reject(new ToolFailure(`${program} took too long. Search a smaller directory or a simpler pattern.`));
      resolve({ exitCode, stdout: Buffer.concat(chunks).toString("utf8"), stderr, cut });
    });
  });
}

/** True if a program of this name is on the PATH. */
export const isInstalled = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((directory) => directory !== "" && existsSync(join(directory, program)));

/** Git on the workspace's own repository, with all that could start a program switched off. */
export const GIT_SAFE = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "safe.directory=*", "--no-optional-locks"];
