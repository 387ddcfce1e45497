import type { AgentEndpoint } from "../../agent/index.ts";
import type { Clock, Fetch, FileSystem, Processes, Random } from "../../shared/ports.ts";

export interface CommandOption {
  /** A flag has no value; an optional one is "" when nothing, or another option, follows it. */
  readonly kind: "text" | "texts" | "flag" | "optional";
  /** One letter, for `-o`. */
  readonly short?: string;
  /** What stands for the value in the usage line. */
  readonly value?: string;
  readonly help: string;
}

/** What a command was called with; options the command does not list never get here. */
export interface Call {
  readonly positionals: readonly string[];
  /** The value of an option, or undefined when it was not given. */
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  flag(name: string): boolean;
}

export interface CliEnvironment {
  readonly apiKey: string;
  /** Who serves the model. @throws TerminalError naming the variable that is missing or wrong */
  model(): AgentEndpoint;
  /** PATH of what commands start. */
  readonly path: string;
  /** Where addresses of issues are read. */
  readonly github: { readonly apiUrl: string; readonly token: string };
  /** The App's settings, where this machine has them; each null where it is not set. */
  readonly app: { readonly id: string | null; readonly privateKey: string | null; readonly privateKeyPath: string | null; readonly ticketKey: string | null };
  /** Values of variables that are secrets by their names. */
  readonly secrets: readonly string[];
  /** Where sessions and items are kept unless `--data` says otherwise. */
  readonly dataDirectory: string;
}

/** What commands work on. */
export interface CliWorld {
  /** @throws TerminalError naming the variable that is wrong */
  environment(): CliEnvironment;
  readonly clock: Clock;
  readonly random: Random;
  readonly fs: FileSystem;
  readonly processes: Processes;
  readonly fetch: Fetch;
  readonly packageRoot: string;
  readonly nodePath: string;
  readonly workingDirectory: string;
  /** Tells progress, beside the result. */
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
  readStdin(): Promise<string>;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly text: string;
  /** Printed as one JSON object with `--json`. */
  readonly data: { readonly [key: string]: unknown };
}

/** One command: a file in `commands/` and a line in its index. What it needs beyond this file it loads when it runs. */
export interface Command {
  /** `session start`, say. */
  readonly name: string;
  /** What follows the name before the options, a word each; "..." takes any number. More words than these are refused. */
  readonly operands: string;
  readonly summary: string;
  /** More than the summary, where that is needed. */
  readonly about?: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  /** Null when the command has spoken for itself. @throws TerminalError on what cannot be done */
  readonly run: (call: Call, world: CliWorld) => Promise<CommandResult | number>;
}

export const jsonOption: CommandOption = { kind: "flag", help: "prints the result as one JSON object" };
export const dataOption: CommandOption = { kind: "text", value: "DIR", help: "where sessions are kept (default: $XDG_DATA_HOME/worktrain or ~/.local/share/worktrain)" };
export const sourceOption: CommandOption = { kind: "texts", value: "DIR", help: "an extra folder of workflows; may be given several times" };
export const sandboxOption: CommandOption = { kind: "text", value: "bubblewrap|weak", help: "weak runs commands without a sandbox; the record then says so" };
