import { dataOption, sandboxOption, sourceOption, type Command } from "../command.ts";

export const mcp: Command = {
  name: "mcp",
  operands: "",
  summary: "Serves workflows to an MCP client on stdin and stdout.",
  options: { data: dataOption, sandbox: sandboxOption, source: sourceOption },
  async run(call) {
    const { main } = await import("../../mcp/main.ts");
    const given = (name: string): readonly string[] => call.texts(name).flatMap((value) => [`--${name}`, value]);
    return main([...given("data"), ...given("sandbox"), ...given("source")]);
  },
};
