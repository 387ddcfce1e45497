import { promises as fs } from "node:fs";
import { BASH_DEFAULT_TIMEOUT_MS, BASH_MAX_TIMEOUT_MS, BASH_OUTPUT_BYTES } from "../protocol.ts";
import { resolveExisting } from "./paths.ts";
import { runShell, type ShellResult } from "./shell-command.ts";
import { ToolFailure, type HelperTool } from "./tool.ts";

/** `{command, cwd?, timeout_ms?}`: output with the exit code; nothing the command started outlives it. */
export const bash: HelperTool = {
  exclusive: true,
  async run(input, setting) {
    const command = input.text("command");
    if (command.trim() === "" || command.includes("\0")) throw new ToolFailure("`command` is empty or holds a NUL character.");
    const timeoutMs = input.integer("timeout_ms", { min: 1, max: BASH_MAX_TIMEOUT_MS, fallback: BASH_DEFAULT_TIMEOUT_MS });
    const directory = await resolveExisting(setting.workspace, input.optionalText("cwd") ?? ".");
    if (!(await fs.stat(directory.real)).isDirectory()) throw new ToolFailure(`${directory.shown} is not a directory.`);
    const half = BASH_OUTPUT_BYTES / 2;
    const result = await runShell({ command, directory: directory.real, timeoutMs, headBytes: half, tailBytes: half }, setting);
    const { exitCode, timedOut, durationMs } = result;
    return { content: report(result, timeoutMs), isError: exitCode !== 0, outcome: { exitCode, timedOut, durationMs } };
  },
};

function report(result: ShellResult, timeoutMs: number): string {
  const parts = [result.output.trimEnd()].filter((text) => text !== "");
  if (result.cancelled) parts.push("[Cancelled; all its processes were ended.]");
  else if (result.breach !== null) parts.push(`[Ended with everything it started: ${result.breach}.]`);
  else if (result.timedOut) parts.push(`[Timed out after ${timeoutMs} ms; all its processes were ended. Use a longer timeout_ms or a smaller task.]`);
  else if (result.exitCode === null) parts.push(`[Ended by ${result.signal}: a limit of memory, CPU time or file size, or a kill.]`);
  else parts.push(`[exit code ${result.exitCode}]`);
  if (result.swept > 0 && !result.timedOut && !result.cancelled && result.breach === null) parts.push(`[Background processes were ended with the command: ${result.swept}. Run what needs them in the same call.]`);
  return parts.join("\n");
}
