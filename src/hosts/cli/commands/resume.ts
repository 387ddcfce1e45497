import { dataOption, jsonOption, sandboxOption, type Command } from "../command.ts";
import { askedRun, needKey } from "../run/asked-run.ts";
import { limitOptions } from "../run/limit-flags.ts";

export const resume: Command = {
  name: "resume",
  operands: "[ITEM]",
  summary: "Goes on with a task that was stopped or whose process was lost; without ITEM with the newest that is open.",
  about: "No turn and no tool call that is in its journal is made again. Exit code 1 when there is nothing to resume, else as `worktrain run`.",
  options: { ...limitOptions, data: dataOption, sandbox: sandboxOption, json: jsonOption },
  async run(call, world) {
    const [said = null] = call.positionals;
    const environment = world.environment();
    const { itemToResume } = await import("../run/resumable.ts");
    const asked = askedRun(call, world, environment, { kind: "resume", item: said ?? "" });
    const item = await itemToResume(said, asked.places, world.fs);
    needKey(asked);
    const { runLocally } = await import("../local-run.ts");
    return runLocally({ ...asked, task: { kind: "resume", item } }, world);
  },
};
