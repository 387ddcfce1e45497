import { dataOption, jsonOption, sandboxOption, type Command } from "../command.ts";
import { askedRun, needKey } from "../run/asked-run.ts";
import { limitOptions } from "../run/limit-flags.ts";

export const resume: Command = {
  name: "resume",
  operands: "[ITEM]",
  summary: "Goes on with a task that was stopped or whose process was lost; without ITEM with the newest that is open.",
  about: `No turn and no tool call that is in its journal is made again. A task that came to a stop (unclear, blocked, open findings, tests red, ...) goes on from before its
latest phase, or from before the one that --from names, with --tell as the answer of a person; what was done before that stands, and what is set aside still counts
for its limits. It keeps the text, the commit and the configuration it was started with: with others it is a new task. Exit code 1 when there is nothing to resume, else as \`worktrain run\`.`,
  options: {
    from: { kind: "text", value: "PHASE", help: "goes back to before this phase: classify, code, review and so on, as the run names them" },
    tell: { kind: "text", value: "TEXT", help: "says this to the session that works next; it stands in the record as said by a person" },
    ...limitOptions, 
    data: dataOption,
    sandbox: sandboxOption,
    json: jsonOption,
  },
  async run(call, world) {
    const [said = null] = call.positionals;
    const environment = world.environment();
    const { itemToResume } = await import("../run/resumable.ts");
    const asked = askedRun(call, world, environment, { kind: "resume", item: said ?? "" });
    const task = await itemToResume({ item: said, from: call.text("from") ?? null, tell: call.text("tell") ?? null }, asked.places, world.fs);
    needKey(asked);
    const { runLocally } = await import("../local-run.ts");
    return runLocally({ ...asked, task: { kind: "resume", ...task } }, world);
  },
};
