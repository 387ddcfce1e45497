import { TerminalError } from "../../../shared/errors.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { dataOption, jsonOption, sandboxOption, type Call, type CliWorld, type Command } from "../command.ts";

export const sessionSubmit: Command = {
  name: "session submit",
  operands: "SESSION|TOKEN",
  summary: "Hands over the current step; runs its verification.",
  about: "With a token, the same command again gives the recorded answer instead of handing over twice.",
  options: {
    notes: { kind: "text", value: "TEXT|@FILE", help: "what was done and found in this step" },
    artifact: { kind: "texts", value: "REF=JSON|REF=@FILE", help: "a typed result; may be given several times" },
    context: { kind: "text", value: "JSON|@FILE", help: "context values, by key" },
    output: { kind: "text", value: "@FILE|-", help: "all of it as JSON {notesMarkdown, artifacts, context}; - reads standard input" },
    data: dataOption,
    sandbox: sandboxOption,
    json: jsonOption,
  },
  async run(call, world) {
    const { addressOf, withSessions } = await import("../open-sessions.ts");
    const { sentOutputSchema } = await import("../../../session/stored/index.ts");
    const address = addressOf(call, "session submit");
    const output = sentOutputSchema.safeParse(await outputOf(call, world));
    if (!output.success) throw new TerminalError(`The output does not fit: ${output.error.issues[0]?.path.map(String).join(".") ?? ""} ${output.error.issues[0]?.message ?? ""}.`, "Give notesMarkdown as text, artifacts as a list and context as an object.");
    return withSessions(call, world, (sessions) => sessions.go(address, { kind: "submit", output: output.data }));
  },
};

async function outputOf(call: Call, world: CliWorld): Promise<JsonObject> {
  const { parseJson, parseJsonObject, textOrFile } = await import("../json-text.ts");
  const whole = call.text("output");
  const base = whole === undefined ? {} : parseJsonObject(whole === "-" ? await world.readStdin() : whole, "--output");
  const notes = call.text("notes");
  const artifacts = call.texts("artifact").map((given) => {
    const at = given.indexOf("=");
    if (at === -1) throw new TerminalError(`--artifact ${given} names no contract.`, "Write --artifact REF=JSON.");
    return { ref: given.slice(0, at), value: parseJson(textOrFile(given.slice(at + 1), "--artifact"), "--artifact") };
  });
  return {
    ...base,
    ...(notes === undefined ? {} : { notesMarkdown: textOrFile(notes, "--notes") }),
    ...(artifacts.length === 0 ? {} : { artifacts }),
    ...(call.text("context") === undefined ? {} : { context: parseJsonObject(call.text("context"), "--context") }),
  };
}
