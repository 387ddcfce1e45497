import { statSync } from "node:fs";
import { resolve } from "node:path";
import { TerminalError } from "../../../shared/errors.ts";
import { AUTONOMIES, RISK_POLICIES } from "../../../record/preferences.ts";
import { dataOption, jsonOption, sourceOption, type Call, type Command } from "../command.ts";

export const sessionStart: Command = {
  name: "session start",
  operands: "ID|PATH",
  summary: "Starts a session of a workflow and gives its first step.",
  options: {
    goal: { kind: "text", value: "TEXT", help: "what is to be done" },
    workspace: { kind: "text", value: "DIR", help: "the repository worked in (default: the current directory)" },
    context: { kind: "text", value: "JSON|@FILE", help: "values the workflow starts with" },
    autonomy: { kind: "text", value: AUTONOMIES.join("|"), help: "who is asked (default: what the workflow recommends, else guided)" },
    risk: { kind: "text", value: RISK_POLICIES.join("|"), help: "how bold the work may be, told to whoever does it (default: what the workflow recommends, else balanced)" },
    source: sourceOption,
    data: dataOption,
    json: jsonOption,
  },
  async run(call, world) {
    const [{ withSessions }, { parseJsonObject }, { findNamedWorkflow }] = await Promise.all([import("../open-sessions.ts"), import("../json-text.ts"), import("../named-workflow.ts")]);
    const goal = call.text("goal");
    if (goal === undefined || goal.trim() === "") throw new TerminalError("`worktrain session start` needs --goal.", 'Say what to do: --goal "..."');
    const workspacePath = resolve(world.workingDirectory, call.text("workspace") ?? ".");
    if (statSync(workspacePath, { throwIfNoEntry: false })?.isDirectory() !== true) throw new TerminalError(`The workspace ${workspacePath} is no directory.`, "Name the repository worked in: --workspace DIR.");
    const { plan, folder: workflowFolder } = findNamedWorkflow(call, world, workspacePath);
    const context = parseJsonObject(call.text("context"), "--context");
    const autonomy = oneOf(AUTONOMIES, call, "autonomy");
    const riskPolicy = oneOf(RISK_POLICIES, call, "risk");
    return withSessions(call, world, (sessions) => sessions.start({ plan, goal, context, workspacePath, workflowFolder, autonomy, riskPolicy }));
  },
};

/** The option's value among the words there are. @throws TerminalError on another one */
function oneOf<Word extends string>(words: readonly Word[], call: Call, option: string): Word | undefined {
  const given = call.text(option);
  const word = words.find((each) => each === given);
  if (given !== undefined && word === undefined) throw new TerminalError(`--${option} ${given} is unknown.`, `Use one of: ${words.join(", ")}.`);
  return word;
}
