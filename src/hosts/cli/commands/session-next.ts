import { dataOption, jsonOption, sandboxOption, type Command } from "../command.ts";

export const sessionNext: Command = {
  name: "session next",
  operands: "SESSION|TOKEN",
  summary: "Gives the current step, and runs a verification that the session still waits for.",
  options: { data: dataOption, sandbox: sandboxOption, json: jsonOption },
  async run(call, world) {
    const { addressOf, withSessions } = await import("../open-sessions.ts");
    const address = addressOf(call, "session next");
    return withSessions(call, world, (sessions) => sessions.go(address, { kind: "rehydrate" }));
  },
};
