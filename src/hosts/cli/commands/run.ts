import { TerminalError } from "../../../shared/errors.ts";
import { dataOption, jsonOption, sandboxOption, type Command } from "../command.ts";
import { sandboxMode } from "../sandbox-mode.ts";

export const run: Command = {
  name: "run",
  operands: "",
  summary: "Works on a task in a copy of a git clone and leaves the result there as a branch.",
  about: `Classifies the task, codes, reviews, fixes. The clone itself is not touched but for that branch; uncommitted changes are not
taken along. Environment: ANTHROPIC_API_KEY (required), ANTHROPIC_BASE_URL.`,
  options: {
    goal: { kind: "text", value: "TEXT", help: "what to do; the first line is the title" },
    workspace: { kind: "text", value: "DIR", help: "a git clone with at least one commit" },
    data: dataOption,
    sandbox: sandboxOption,
    json: jsonOption,
  },
  async run(call, world) {
    const environment = world.environment();
    const goal = call.text("goal");
    if (goal === undefined || goal.trim() === "") throw new TerminalError("`worktrain run` needs --goal.", 'Say what to do: --goal "..."');
    const workspace = call.text("workspace");
    if (workspace === undefined) throw new TerminalError("`worktrain run` needs --workspace.", "Name a git clone: --workspace DIR");
    const sandbox = sandboxMode(call.text("sandbox"));
    const { apiKey, modelUrl, path } = environment;
    if (apiKey === "") throw new TerminalError("ANTHROPIC_API_KEY is not set.", "Set it to a key of the Anthropic API.");
    const { runLocally } = await import("../local-run.ts");
    return runLocally({ goal, workspace, dataDirectory: call.text("data") ?? environment.dataDirectory, sandbox, apiKey, modelUrl, path }, world);
  },
};
