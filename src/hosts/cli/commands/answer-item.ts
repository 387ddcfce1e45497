import { resolve } from "node:path";
import { TerminalError } from "../../../shared/errors.ts";
import { dataOption, jsonOption, type Command } from "../command.ts";

const answerCommand = (word: "approve" | "reject", verdict: "approved" | "rejected", summary: string): Command => ({
  name: word,
  operands: "ITEM",
  summary,
  about: "Answers what a local task asks when it waits for a person: how it was understood, or whether large work is to be cut. The gate of a session is answered with `worktrain session approve` or `reject`.",
  options: {
    reason: { kind: "text", value: "TEXT", help: word === "reject" ? "what is meant instead; it is recorded and told" : "why; it is recorded" },
    by: { kind: "text", value: "NAME", help: "who says so (default: cli)" },
    data: dataOption,
    json: jsonOption,
  },
  async run(call, world) {
    const [item] = call.positionals;
    if (item === undefined) throw new TerminalError(`\`worktrain ${word}\` answers one task.`, "Name its ITEM, as `worktrain run` told it.");
    const reason = call.text("reason")?.trim() ?? "";
    if (word === "reject" && reason === "") throw new TerminalError("`worktrain reject` needs --reason.", 'Say what is meant: --reason "..."');
    const [{ dataDirectoryOf }, { answerLocalItem }] = await Promise.all([import("../open-sessions.ts"), import("../run/answer-local-item.ts")]);
    const places = { data: dataDirectoryOf(call, world), usual: resolve(world.environment().dataDirectory) };
    return answerLocalItem(world, { item, places, answer: { verdict, by: call.text("by") ?? "cli", ...(reason === "" ? {} : { reason }) } });
  },
});

export const approve = answerCommand("approve", "approved", "Says yes to what a local task asks: how it was understood, or how it is cut.");
export const reject = answerCommand("reject", "rejected", "Says no to what a local task asks: not understood ends it, not to be cut makes it one piece of work.");
