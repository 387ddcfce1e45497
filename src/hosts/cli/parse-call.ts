import { parseArgs } from "node:util";
import { closestName } from "../../shared/closest-name.ts";
import { TerminalError } from "../../shared/errors.ts";
import type { Call, Command } from "./command.ts";

/** Reads a command's arguments. @throws TerminalError on an option it does not have, one without its value, or a word too many */
export function parseCall(command: Command, args: readonly string[]): Call {
  const config = Object.entries(command.options).map(([name, option]) => [name, { type: option.kind === "flag" ? "boolean" : "string", multiple: option.kind === "texts", ...(option.short === undefined ? {} : { short: option.short }) }] as const);
  const { tokens, positionals } = parseArgs({ args: withEmptyValues(command, args), options: Object.fromEntries(config), allowPositionals: true, strict: false, tokens: true });
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const option = Object.hasOwn(command.options, token.name) ? command.options[token.name] : undefined;
    if (option === undefined) throw unknownOption(command, token.rawName, token.name);
    if (option.kind === "flag" && token.value !== undefined) throw new TerminalError(`${token.rawName} takes no value.`, `Write ${token.rawName} alone.`);
    if (option.kind !== "flag" && (token.value === undefined || (!token.inlineValue && token.value.startsWith("--")))) {
      throw new TerminalError(`${token.rawName} needs a value.`, `Write ${token.rawName} ${option.value ?? "VALUE"}.`);
    }
    values.set(token.name, [...(values.get(token.name) ?? []), token.value ?? ""]);
  }
  const surplus = command.operands.includes("...") ? undefined : positionals[command.operands.split(" ").filter((operand) => operand !== "").length];
  if (surplus !== undefined) throw surplusWord(command, surplus);
  return {
    positionals,
    text: (name) => values.get(name)?.at(-1),
    texts: (name) => values.get(name) ?? [],
    flag: (name) => values.has(name),
  };
}

/** Gives an optional value that was left out as an empty one: what follows would be taken for it. */
const withEmptyValues = ({ options }: Command, args: readonly string[]): string[] =>
  args.flatMap((word, index) => {
    const option = word.startsWith("--") && Object.hasOwn(options, word.slice(2)) ? options[word.slice(2)] : undefined;
    const next = args[index + 1];
    return option?.kind === "optional" && (next === undefined || next.startsWith("-")) ? [`${word}=`] : [word];
  });

function surplusWord({ name, operands }: Command, word: string): TerminalError {
  const fix = operands === "" ? `Run \`worktrain ${name} --help\` for what there is.` : `Write \`worktrain ${name} ${operands}\`, and what is several words in quotes.`;
  return new TerminalError(`\`worktrain ${name}\` does not take ${JSON.stringify(word)}.`, fix);
}

function unknownOption(command: Command, rawName: string, name: string): TerminalError {
  const near = closestName(name, Object.keys(command.options));
  const fix = near === null ? `Run \`worktrain ${command.name} --help\` for what there is.` : `Did you mean --${near}?`;
  return new TerminalError(`\`worktrain ${command.name}\` has no option ${rawName}.`, fix);
}
