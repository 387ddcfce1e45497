import type { Command, CommandOption } from "./command.ts";

const written = (name: string, { kind, short, value }: CommandOption): string => `${short === undefined ? "" : `-${short}, `}--${name}${kind === "flag" ? "" : kind === "optional" ? ` [${value ?? "VALUE"}]` : ` ${value ?? "VALUE"}`}`;

/** `worktrain validate PATH... [--json]`: the line that says how a command is written. */
export const usageLine = ({ name, operands, options }: Command): string =>
  ["worktrain", name, operands, ...Object.entries(options).map(([option, each]) => `[${written(option, each)}]`)].filter((part) => part !== "").join(" ");

/** Every command, one line each. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "Usage: worktrain COMMAND [OPTIONS]",
    "",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    "`worktrain COMMAND --help` says more of one. With --json every command prints one JSON object, errors as {error: {message, fix}}.",
  ].join("\n");
}

/** All of one command. */
export function commandHelp(command: Command): string {
  const options = Object.entries(command.options).map(([name, option]) => [written(name, option), option.help] as const);
  const width = Math.max(0, ...options.map(([left]) => left.length));
  return [`Usage: ${usageLine(command)}`, "", command.summary, ...(command.about === undefined ? [] : [command.about]), "", ...options.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`)].join("\n");
}

/** Every command for `docs/commands.md`. */
export const commandsMarkdown = (commands: readonly Command[]): string =>
  commands
    .map((command) => {
      const options = Object.entries(command.options).map(([name, option]) => `| \`${written(name, option).replaceAll("|", "\\|")}\` | ${option.help} |`);
      const about = command.about === undefined ? [] : [command.about];
      return [`### ${command.name}`, "", `\`worktrain ${[command.name, command.operands].filter((part) => part !== "").join(" ").replaceAll("|", " or ")}\``, "", [command.summary, ...about].join("\n"), "", "| option | meaning |", "|---|---|", ...options].join("\n");
    })
    .join("\n\n");
