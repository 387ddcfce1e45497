import { dataOption, jsonOption, type Command } from "../command.ts";

export const sessionShow: Command = {
  name: "session show",
  operands: "SESSION|ITEM|DIR",
  summary: "Shows what happened in a session and why: every step offered or passed over, with its condition and values.",
  about: "Also shows the sessions of a work item (by its name below items/) or of any journal directory. Changes nothing.",
  options: { data: dataOption, json: jsonOption },
  async run(call, world) {
    const { showSessions } = await import("../show-sessions.ts");
    return showSessions(call, world);
  },
};
