import { resolve } from "node:path";
import { TerminalError } from "../../../shared/errors.ts";
import { dataOption, jsonOption, sourceOption, type Command } from "../command.ts";

export const sessionStart: Command = {
  name: "session start",
  operands: "ID|PATH",
  summary: "Starts a session of a workflow and gives its first step.",
  options: {
    goal: { kind: "text", value: "TEXT", help: "what is to be done" },
    workspace: { kind: "text", value: "DIR", help: "the repository worked in (default: the current directory)" },
    context: { kind: "text", value: "JSON|@FILE", help: "values the workflow starts with" },
    source: sourceOption,
    data: dataOption,
    json: jsonOption,
  },
  async run(call, world) {
    const [{ withSessions }, { parseJsonObject }, { findNamedWorkflow }] = await Promise.all([import("../open-sessions.ts"), import("../json-text.ts"), import("../named-workflow.ts")]);
    const goal = call.text("goal");
    if (goal === undefined || goal.trim() === "") throw new TerminalError("`worktrain session start` needs --goal.", 'Say what to do: --goal "..."');
    const workspacePath = resolve(world.workingDirectory, call.text("workspace") ?? ".");
    const { plan, folder: workflowFolder } = findNamedWorkflow(call, world, workspacePath);
    const context = parseJsonObject(call.text("context"), "--context");
    return withSessions(call, world, (sessions) => sessions.start({ plan, goal, context, workspacePath, workflowFolder, autonomy: "guided" }));
  },
};
