import { BASH_OUTPUT_BYTES } from "../protocol.ts";
import { runShell } from "./shell-command.ts";
import type { HelperTool } from "./tool.ts";

const MAX_TIMEOUT_MS = 6 * 60 * 60 * 1000; // a job on GitHub ends after 6 h (P-job-time)
const MAX_OUTPUT_BYTES = 1024 * 1024;

/** `{command, timeout_ms, max_output_bytes}`: a command of the host, such as the repository's tests; only the end of its output is kept. */
export const runCommand: HelperTool = {
  exclusive: true,
  async run(input, setting) {
    const command = input.text("command");
    const timeoutMs = input.integer("timeout_ms", { min: 1, max: MAX_TIMEOUT_MS, fallback: MAX_TIMEOUT_MS });
    const tailBytes = input.integer("max_output_bytes", { min: 1, max: MAX_OUTPUT_BYTES, fallback: BASH_OUTPUT_BYTES });
    const result = await runShell({ command, directory: setting.workspace, timeoutMs, headBytes: 0, tailBytes }, setting);
    const { exitCode, timedOut, durationMs, breach } = result;
    return { content: breach === null ? result.output : `${result.output}\n[Ended with everything it started: ${breach}.]`, outcome: { exitCode, timedOut, durationMs } };
  },
};
