import { TerminalError } from "../../../shared/errors.ts";
import { dataOption, jsonOption, sandboxOption, type Command } from "../command.ts";

export const sessionRewind: Command = {
  name: "session rewind",
  operands: "SESSION|TOKEN",
  summary: "Goes back to where a step was offered; going on from there makes a branch that never sees the other's context.",
  about: "With a token, a checkpoint's too, it goes back to the step that the token was given with.",
  options: { to: { kind: "text", value: "NODE", help: "the node, or the checkpoint, as `worktrain session show` names it" }, data: dataOption, sandbox: sandboxOption, json: jsonOption },
  async run(call, world) {
    const { addressOf, withSessions } = await import("../open-sessions.ts");
    const address = addressOf(call, "session rewind");
    const to = call.text("to");
    if (to === undefined && "sessionId" in address) throw new TerminalError("`worktrain session rewind` needs --to.", "Name a node that `worktrain session show` lists, or give an earlier token instead of the session's id.");
    return withSessions(call, world, (sessions) => sessions.rewind(address, to));
  },
};
