/**
 * The few words an action says to its runner: outputs and the job summary through files, the rest as lines on stdout.
 * Written here because @actions/core brings an HTTP client of 400 KB that every start would load.
 * Format: GitHub's "Workflow commands" reference (P-workflow-commands).
 */
import { appendFileSync } from "node:fs";
import { randomUUID } from "node:crypto";

/** Larger, and the runner drops the whole summary (P-step-summary). */
const SUMMARY_LIMIT_BYTES = 1024 * 1024;

export interface RunnerCommands {
  /** An action input, "" when it is not set. */
  input(name: string): string;
  /** Hides a value in everything printed after it. */
  mask(value: string): void;
  output(name: string, value: string): void;
  /** Adds Markdown to the job's page; what is too large is replaced by a sentence. */
  summary(markdown: string): void;
  /** Prints a text of the runner's own making, folded under a title. */
  group(title: string, text: string): void;
  notice(message: string): void;
  error(message: string): void;
  /** Prints text from anywhere, a model's or a test's included: no line of it is a command to the runner (attack 11). */
  log(text: string): void;
}

export function runnerCommands(environment: Readonly<Record<string, string | undefined>>, print: (line: string) => void): RunnerCommands {
  const command = (name: string, value: string): void => print(`::${name}::${escaped(value)}`);
  const append = (variable: string, text: string): void => {
    const path = environment[variable];
    if (path === undefined || path === "") throw new Error(`${variable} is not set: this is not a GitHub Actions runner.`);
    appendFileSync(path, text);
  };
  return {
    input: (name) => environment[`INPUT_${name.replaceAll(" ", "_").toUpperCase()}`]?.trim() ?? "",
    mask: (value) => {
      if (value !== "") command("add-mask", value);
    },
    output: (name, value) => {
      // A random delimiter: no value can close its own block.
      const delimiter = `worktrain_${randomUUID()}`;
      append("GITHUB_OUTPUT", `${name}<<${delimiter}\n${value}\n${delimiter}\n`);
    },
    summary: (markdown) => {
      const fits = Buffer.byteLength(markdown) <= SUMMARY_LIMIT_BYTES;
      append("GITHUB_STEP_SUMMARY", fits ? `${markdown}\n` : "The summary is larger than 1 MiB; the whole record is in the run's artifacts.\n");
    },
    group: (title, text) => {
      command("group", title);
      if (text !== "") print(text.replace(/\n$/, ""));
      print("::endgroup::");
    },
    notice: (message) => command("notice", message),
    error: (message) => command("error", message),
    log: (text) => print(commandless(text)),
  };
}

const escaped = (value: string): string => value.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");

/**
 * The runner takes `::name::` for a command at a line's start, white space aside, and the older `##[name]` anywhere in a line
 * (actions/runner, ActionCommand.cs). A word joiner breaks both and is not seen.
 */
const commandless = (text: string): string => text.replace(/^([\s\u0085]*):(?=:)/gm, "$1:\u2060").replaceAll("##[", "##\u2060[");
