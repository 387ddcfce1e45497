import { TerminalError } from "../../../shared/errors.ts";
import { dataOption, jsonOption, sandboxOption, type Command } from "../command.ts";

export const sessionRewind: Command = {
  name: "session rewind",
  operands: "SESSION",
  summary: "Goes back to where a step was offered; going on from there makes a branch that never sees the other's context.",
  options: { to: { kind: "text", value: "NODE", help: "the node, as `worktrain session show` names it" }, data: dataOption, sandbox: sandboxOption, json: jsonOption },
  async run(call, world) {
    const { sessionIdOf, withSessions } = await import("../open-sessions.ts");
    const sessionId = sessionIdOf(call, "session rewind");
    const to = call.text("to");
    if (to === undefined) throw new TerminalError("`worktrain session rewind` needs --to.", "Name a node that `worktrain session show` lists.");
    return withSessions(call, world, (sessions) => sessions.rewind({ sessionId }, to));
  },
};
