import { jsonOption, type Command } from "../command.ts";

export const config: Command = {
  name: "config",
  operands: "",
  summary: "Shows every key of the configuration with the value that holds; exit code 1 when the file has a fault.",
  about: "Reads .github/worktrain.yml as it is in the working copy here, committed or not; `*` marks what the file sets. On GitHub the default branch's counts.",
  options: { json: jsonOption },
  async run(_call, world) {
    const { showConfig } = await import("../set-up/show-config.ts");
    return showConfig(world);
  },
};
