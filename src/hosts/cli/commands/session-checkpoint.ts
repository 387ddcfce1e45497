import { dataOption, jsonOption, sandboxOption, type Command } from "../command.ts";

export const sessionCheckpoint: Command = {
  name: "session checkpoint",
  operands: "SESSION",
  summary: "Marks where a session is, so that it can be rewound to.",
  options: { note: { kind: "text", value: "TEXT", help: "what the mark is for" }, data: dataOption, sandbox: sandboxOption, json: jsonOption },
  async run(call, world) {
    const { sessionIdOf, withSessions } = await import("../open-sessions.ts");
    const sessionId = sessionIdOf(call, "session checkpoint");
    return withSessions(call, world, (sessions) => sessions.checkpoint({ sessionId }, call.text("note")));
  },
};
