import { TerminalError } from "../../../shared/errors.ts";
import { jsonOption, type Command } from "../command.ts";
import { runningDirectory } from "../run/running.ts";

export const cancel: Command = {
  name: "cancel",
  operands: "SESSION|ITEM",
  summary: "Stops a running task, or with --all every one of this user on this machine; its journal stays and can be gone on with.",
  about: "Sends SIGINT and, to what has not ended after five seconds, SIGTERM. Exit code 1 when something is still running after it.",
  options: { all: { kind: "flag", help: "stops every run, wherever its data is" }, json: jsonOption },
  async run(call, world) {
    const [target] = call.positionals;
    const all = call.flag("all");
    if (all === (target !== undefined)) throw new TerminalError("`worktrain cancel` needs a session, or --all.", "Name one of the two.");
    const { cancelRuns } = await import("../run/cancel-runs.ts");
    return cancelRuns(target ?? null, runningDirectory(world.environment().dataDirectory), world);
  },
};
