import { TerminalError } from "../../../shared/errors.ts";
import { dataOption, jsonOption, sandboxOption, type Call, type Command } from "../command.ts";
import { limitOptions } from "../run/limit-flags.ts";
import { askedRun, needKey, type LocalRun } from "../run/asked-run.ts";

export const run: Command = {
  name: "run",
  operands: "",
  summary: "Works on a task in a copy of a git clone and leaves the result there as a branch.",
  about: `Classifies the task, codes, reviews, fixes; or runs one workflow (--workflow). The clone itself is not touched but for that branch; uncommitted changes are not
taken along. What a limit, an outage or a cancel stopped goes on with \`worktrain resume\`, a limit with a higher one; so does what
came to a stop that a person can cure.
Limits given as flags hold until a later run of the task gives others.
Environment: ANTHROPIC_API_KEY (required, but for --dry-run), ANTHROPIC_BASE_URL; docs/operations.md has other providers.`,
  options: {
    goal: { kind: "text", value: "TEXT", help: "what to do; the first line is the title" },
    workspace: { kind: "text", value: "DIR", help: "a git clone with at least one commit" },
    workflow: { kind: "text", value: "ID|PATH", help: "runs this workflow alone, in place of classify, code, review and fix" },
    resume: { kind: "text", value: "ITEM", help: "goes on with a task that was stopped, by the name the run gave it" },
    record: { kind: "text", value: "ref", help: "keeps the record on refs/worktrain-journal/<item> of the clone as well, at every step and whenever a run of the task ends" },
    "dry-run": { kind: "flag", help: "shows what the first request would hold and cost; sends and changes nothing" },
    ...limitOptions,
    data: dataOption,
    sandbox: sandboxOption,
    json: jsonOption,
  },
  async run(call, world) {
    const environment = world.environment();
    const asked = askedRun(call, world, environment, readTask(call));
    if (call.flag("dry-run")) {
      const { dryRun } = await import("../run/dry-run.ts");
      return dryRun(asked, world);
    }
    needKey(asked);
    const { runLocally } = await import("../local-run.ts");
    if (asked.task.kind === "new") return runLocally(asked, world);
    const { itemToResume } = await import("../run/resumable.ts");
    return runLocally({ ...asked, task: { kind: "resume", ...(await itemToResume({ item: asked.task.item, from: null, tell: null }, asked.places, world.fs)) } }, world);
  },
};

function readTask(call: Call): LocalRun["task"] {
  const item = call.text("resume");
  const goal = call.text("goal");
  const workspace = call.text("workspace");
  const workflow = call.text("workflow") ?? null;
  const record = call.text("record") ?? null;
  if (record !== null && record !== "ref") throw new TerminalError(`--record ${record} is not known.`, "Only --record ref is: the clone's refs/worktrain-journal/<item>.");
  if (item !== undefined) {
    if (goal !== undefined || workspace !== undefined || workflow !== null || record !== null) throw new TerminalError("--resume goes with neither --goal, --workspace, --workflow nor --record.", "They are those that the task was started with.");
    if (call.flag("dry-run")) throw new TerminalError("--dry-run shows the start of a task; it does not go with --resume.", "Give --goal and --workspace.");
    return { kind: "resume", item };
  }
  if (goal === undefined || goal.trim() === "") throw new TerminalError("`worktrain run` needs --goal.", 'Say what to do: --goal "..."');
  if (workspace === undefined) throw new TerminalError("`worktrain run` needs --workspace.", "Name a git clone: --workspace DIR");
  return { kind: "new", goal, workspace, workflow, record };
}
