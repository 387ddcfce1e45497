/**
 * The log of one job: workflow commands are acted on, registered values are masked before a line leaves this file.
 * Source of the syntax: GitHub docs "Workflow commands", actions/runner ActionCommand.
 */
import { unreachable } from "../../../shared/unreachable.ts";

export type LogLevel = "info" | "debug" | "notice" | "warning" | "error" | "group" | "endgroup";

export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
}

export interface JobLog {
  /** Hides a value, each of its lines and its usual encodings in everything logged from now on. */
  addMask(value: string): void;
  mask(text: string): string;
  /** Whether masking would change the text: it holds a registered value. */
  holdsMasked(text: string): boolean;
  /** A line of the runner's own. */
  say(level: LogLevel, text: string): void;
  /** A listener for the lines of one step's output; workflow commands in them are acted on. */
  stepOutput(): StepOutput;
}

export interface StepOutput {
  readonly line: (text: string) => void;
  /** Commands refused so far; GitHub fails a step for these. */
  readonly refused: () => readonly string[];
}

const MASK = "***";

/** @param write gets every line, masked; must not throw */
export function createJobLog(write: (line: LogLine) => void): JobLog {
  let masks: readonly string[] = [];
  const mask = (text: string): string => masks.reduce((masked, value) => masked.replaceAll(value, MASK), text);
  const say = (level: LogLevel, text: string): void => write({ level, text: mask(text) });
  const addMask = (value: string): void => {
    // Longest first, so that a value inside another does not uncover the rest of it.
    masks = [...new Set([...masks, ...encodingsOf(value)])].sort((a, b) => b.length - a.length);
  };
  return { addMask, mask, holdsMasked: (text) => mask(text) !== text, say, stepOutput: () => createStepOutput(say, addMask) };
}

/** Plain, each line of it, in JSON, in a URL, in base64: what actions/runner registers for a secret, without the shells' own escapes. */
function encodingsOf(value: string): readonly string[] {
  const plain = [value, ...value.split(/\r?\n/)].map((line) => line.trim()).filter((line) => line !== "");
  return plain.flatMap((text) => [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text.toWellFormed()), Buffer.from(text).toString("base64")]);
}

interface Command {
  readonly name: string;
  readonly message: string;
}

function parseCommand(line: string): Command | null {
  const match = /^\s*::([\w-]+)(?: [^]*?)?::([^]*)$/.exec(line);
  if (match === null) return null;
  const message = (match[2] ?? "").replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");
  return { name: (match[1] ?? "").toLowerCase(), message };
}

function createStepOutput(say: JobLog["say"], addMask: JobLog["addMask"]): StepOutput {
  const refused: string[] = [];
  // While set, output is only text until `::token::`: how a step prints what it does not trust.
  let stopToken: string | null = null;
  const line = (text: string): void => {
    if (stopToken !== null) {
      if (text.trim() === `::${stopToken}::`) stopToken = null;
      else say("info", text);
      return;
    }
    const command = parseCommand(text);
    if (command === null) return say("info", text);
    const effect = effectOf(command);
    switch (effect.kind) {
      case "mask":
        addMask(command.message);
        return;
      case "stop":
        stopToken = command.message;
        return;
      case "log":
        return say(effect.level, command.message);
      case "text":
        return say("info", text);
      case "refused":
        refused.push(command.name);
        return say("error", `The command ::${command.name}:: is not played here; write to the command files instead.`);
      default:
        return unreachable(effect);
    }
  };
  return { line, refused: () => refused };
}

type Effect = { readonly kind: "mask" | "stop" | "text" | "refused" } | { readonly kind: "log"; readonly level: LogLevel };

function effectOf(command: Command): Effect {
  switch (command.name) {
    case "add-mask":
      return { kind: "mask" };
    case "stop-commands":
      return { kind: "stop" };
    case "debug":
    case "notice":
    case "warning":
    case "error":
    case "group":
    case "endgroup":
      return { kind: "log", level: command.name };
    case "set-output":
    case "save-state":
    case "set-env":
    case "add-path":
      return { kind: "refused" };
    default:
      return { kind: "text" };
  }
}
