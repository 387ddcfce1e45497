import { TerminalError } from "../../../shared/errors.ts";
import { usableDataDirectory } from "../../../shared/data-directory.ts";
import { dataOption, jsonOption, type Command } from "../command.ts";

export const cleanup: Command = {
  name: "cleanup",
  operands: "",
  summary: "Removes old or large items and sessions from the data directory; without --yes it only tells what would go.",
  about: `Where both an age and a size are given, both must hold. What a running process holds always stays. What can be gone on with stays too, and
so does what cannot be read, unless --include-open is given. Export what you want to keep.`,
  options: {
    "older-than": { kind: "text", value: "AGE", help: "not used for so long: 12h, 30d, 8w" },
    "larger-than": { kind: "text", value: "SIZE", help: "taking more than this each: 500MB, 1GB" },
    yes: { kind: "flag", help: "removes it" },
    "include-open": { kind: "flag", help: "also what is open, and what cannot be read" },
    data: dataOption,
    json: jsonOption,
  },
  async run(call, world) {
    const [{ cleanUp }, { readAge, readSize }, { dataDirectoryOf }, { runningDirectory }] = await Promise.all([import("../cleanup/cleanup.ts"), import("../cleanup/amounts.ts"), import("../open-sessions.ts"), import("../run/running.ts")]);
    const [age, size] = [call.text("older-than"), call.text("larger-than")];
    if (age === undefined && size === undefined) throw new TerminalError("`worktrain cleanup` needs --older-than or --larger-than.", "Say what may go, such as --older-than 30d; nothing goes without --yes.");
    return cleanUp(
      {
        data: dataDirectoryOf(call, world),
        running: runningDirectory(usableDataDirectory(world.environment().dataDirectory)),
        olderThanMs: age === undefined ? null : readAge(age),
        largerThanBytes: size === undefined ? null : readSize(size),
        includeOpen: call.flag("include-open"),
        yes: call.flag("yes"),
      },
      world,
    );
  },
};
