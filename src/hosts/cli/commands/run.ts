import { TerminalError } from "../../../shared/errors.ts";
import { usableDataDirectory } from "../../../shared/data-directory.ts";
import { dataOption, jsonOption, sandboxOption, type Call, type CliEnvironment, type CliWorld, type Command } from "../command.ts";
import { limitOptions, readLimits } from "../run/limit-flags.ts";
import { sandboxMode } from "../sandbox-mode.ts";
import type { LocalRun } from "../run/asked-run.ts";

export const run: Command = {
  name: "run",
  operands: "",
  summary: "Works on a task in a copy of a git clone and leaves the result there as a branch.",
  about: `Classifies the task, codes, reviews, fixes; or runs one workflow (--workflow). The clone itself is not touched but for that branch; uncommitted changes are not
taken along. What a limit, an outage or a cancel stopped goes on with --resume, a limit with a higher one.
Limits given as flags hold until a later run of the task gives others.
Environment: ANTHROPIC_API_KEY (required, but for --dry-run), ANTHROPIC_BASE_URL; docs/operations.md has other providers.`,
  options: {
    goal: { kind: "text", value: "TEXT", help: "what to do; the first line is the title" },
    workspace: { kind: "text", value: "DIR", help: "a git clone with at least one commit" },
    workflow: { kind: "text", value: "ID|PATH", help: "runs this workflow alone, in place of classify, code, review and fix" },
    resume: { kind: "text", value: "ITEM", help: "goes on with a task that was stopped, by the name the run gave it" },
    "dry-run": { kind: "flag", help: "shows what the first request would hold and cost; sends and changes nothing" },
    ...limitOptions,
    data: dataOption,
    sandbox: sandboxOption,
    json: jsonOption,
  },
  async run(call, world) {
    const environment = world.environment();
    const asked = readCall(call, world, environment);
    if (call.flag("dry-run")) {
      const { dryRun } = await import("../run/dry-run.ts");
      return dryRun(asked, world);
    }
    if (asked.model.apiKey === "" && asked.model.provider === undefined) throw new TerminalError("ANTHROPIC_API_KEY is not set.", "Set it to a key of the Anthropic API.");
    const { runLocally } = await import("../local-run.ts");
    return runLocally(asked, world);
  },
};

function readCall(call: Call, world: CliWorld, { model, path, dataDirectory }: CliEnvironment): LocalRun {
  const sandbox = call.text("sandbox");
  return {
    task: readTask(call),
    places: { data: usableDataDirectory(call.text("data") ?? dataDirectory), usual: usableDataDirectory(dataDirectory) },
    sandbox: sandbox === undefined ? null : sandboxMode(sandbox),
    limits: readLimits(call),
    model: { ...model(), fetch: world.fetch },
    path,
  };
}

function readTask(call: Call): LocalRun["task"] {
  const item = call.text("resume");
  const goal = call.text("goal");
  const workspace = call.text("workspace");
  const workflow = call.text("workflow") ?? null;
  if (item !== undefined) {
    if (goal !== undefined || workspace !== undefined || workflow !== null) throw new TerminalError("--resume goes with neither --goal, --workspace nor --workflow.", "They are those that the task was started with.");
    if (call.flag("dry-run")) throw new TerminalError("--dry-run shows the start of a task; it does not go with --resume.", "Give --goal and --workspace.");
    return { kind: "resume", item };
  }
  if (goal === undefined || goal.trim() === "") throw new TerminalError("`worktrain run` needs --goal.", 'Say what to do: --goal "..."');
  if (workspace === undefined) throw new TerminalError("`worktrain run` needs --workspace.", "Name a git clone: --workspace DIR");
  return { kind: "new", goal, workspace, workflow };
}
