import { TerminalError } from "../../../shared/errors.ts";
import { usableDataDirectory } from "../../../shared/data-directory.ts";
import { dataOption, jsonOption, type Command } from "../command.ts";
import { runningDirectory } from "../run/running.ts";

export const tell: Command = {
  name: "tell",
  operands: "SESSION|ITEM TEXT",
  summary: "Says something to a running session; its agent reads it before its next turn.",
  about: "The words stand in the session's record as said by a person. Exit code 1 when no session reads them.",
  options: {
    wait: { kind: "text", value: "SECONDS", help: "how long to wait until they are read (default: 10)" },
    data: dataOption,
    json: jsonOption,
  },
  async run(call, world) {
    const [target, text] = call.positionals;
    if (target === undefined || text === undefined || text.trim() === "") throw new TerminalError("`worktrain tell` needs a session and what to say.", 'Write it like worktrain tell SESSION "..."');
    const waitMs = Number(call.text("wait") ?? "10") * 1_000;
    if (!(waitMs >= 0 && Number.isFinite(waitMs))) throw new TerminalError(`--wait ${call.text("wait") ?? ""} is no number of seconds.`, "Write it like --wait 10.");
    const { tellSession } = await import("../run/tell-session.ts");
    const { dataDirectory } = world.environment();
    return tellSession({ target, text, waitMs, running: runningDirectory(dataDirectory), dataDirectory: usableDataDirectory(call.text("data") ?? dataDirectory) }, world);
  },
};
