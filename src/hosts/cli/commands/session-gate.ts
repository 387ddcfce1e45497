import { resolve } from "node:path";
import { TerminalError } from "../../../shared/errors.ts";
import { dataOption, jsonOption, sandboxOption, type Command } from "../command.ts";

const gateCommand = (word: "approve" | "reject", verdict: "approved" | "rejected", summary: string): Command => ({
  name: `session ${word}`,
  operands: "SESSION|TOKEN",
  summary,
  options: {
    reason: { kind: "text", value: "TEXT", help: "why; it is recorded, and a rejection gives it to whoever does the step again" },
    by: { kind: "text", value: "NAME", help: "who says so (default: cli)" },
    data: dataOption,
    sandbox: sandboxOption,
    json: jsonOption,
  },
  async run(call, world) {
    const { addressOf, dataDirectoryOf, withSessions } = await import("../open-sessions.ts");
    const address = addressOf(call, `session ${word}`);
    const reason = call.text("reason");
    if (reason === undefined || reason.trim() === "") throw new TerminalError(`\`worktrain session ${word}\` needs --reason.`, 'Say why: --reason "..."');
    const answer = { verdict, reason, by: call.text("by") ?? "cli" };
    const { answerItemGate, itemOfSession } = await import("../item-sessions.ts");
    const places = { data: dataDirectoryOf(call, world), usual: resolve(world.environment().dataDirectory) };
    const item = "sessionId" in address ? await itemOfSession(world, places.data, address.sessionId) : null;
    if (item !== null && "sessionId" in address) return answerItemGate(world, item, { sessionId: address.sessionId, answer, places });
    return withSessions(call, world, (sessions) => sessions.go(address, { kind: "gate", answer }));
  },
});

export const sessionApprove = gateCommand("approve", "approved", "Approves the gate that a session is at.");
export const sessionReject = gateCommand("reject", "rejected", "Rejects the gate that a session is at: the step is sent back with the reason.");
