/** Reads one line that starts with `/worktrain` or a mention of the App. Total: every text is a command or a refusal that says where and what instead. */
import type { Refusal } from "../../shared/errors.ts";
import { codeOf, firstHidden } from "../../shared/hidden.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { beginsQuote, COMMANDS, isLeftOpen, MAX_LINE_CHARS, MAX_TEXT_CHARS, unquoted, usageOf, type Command, type CommandName, type CommandRule, type Grammar, type OperandRule } from "./grammar.ts";
import { nearest } from "./nearest.ts";

export type LineRefusal = Refusal<
  "command-missing" | "command-unknown" | "flag-unknown" | "flag-repeated" | "operand-missing" | "operand-unexpected" | "operand-malformed" | "too-long" | "hidden-character" | "look-alike"
> & {
  /** Counted in characters from 1. */
  readonly column: number;
};

export const PREFIX = "/worktrain";

interface Token {
  readonly text: string;
  /** In UTF-16 units. */
  readonly at: number;
}

type Parsed<Name extends string> = Result<Command<Name>, LineRefusal>;

/** What a mention alone asks for. */
const MENTIONED = "run";

/** @param line begins with `/worktrain` or a mention, and holds no line end */
export function parseCommandLine(line: string): Parsed<CommandName>;
export function parseCommandLine(line: string, grammar: Grammar): Parsed<string>;
export function parseCommandLine(line: string, grammar: Grammar = COMMANDS): Parsed<string> {
  if (line.length > MAX_LINE_CHARS) return refuse(line, MAX_LINE_CHARS, "too-long", `The line has ${line.length} characters; a command has at most ${MAX_LINE_CHARS}.`, "Say it shorter, or put the detail into the issue.");
  const hidden = firstHidden(line);
  if (hidden !== null) return refuse(line, hidden.index, "hidden-character", `The line holds a character that does not show (${hidden.code}).`, "Type the command by hand instead of pasting it.");
  const tokens = tokensOf(line);
  const [head, name = mentionAlone(head, line), ...rest] = tokens;
  if (name === undefined) return refuse(line, line.length, "command-missing", "There is no command behind `/worktrain`.", "Type `/worktrain help` for the list.");
  const strange = lookAlike(line, name);
  if (strange !== null) return strange;
  if (!Object.hasOwn(grammar, name.text)) return unknownCommand(line, name, grammar);
  const rule = grammar[name.text];
  return rule === undefined ? unknownCommand(line, name, grammar) : parseRest({ line, name: name.text, rule, end: line.trimEnd().length }, rest);
}

const mentionAlone = (head: Token | undefined, line: string): Token | undefined => (head?.text.startsWith("@") === true ? { text: MENTIONED, at: line.length } : undefined);

interface Scene {
  readonly line: string;
  readonly name: string;
  readonly rule: CommandRule;
  readonly end: number;
}

function parseRest(scene: Scene, tokens: readonly Token[]): Parsed<string> {
  const { line, name, rule, end } = scene;
  const operands: Record<string, readonly string[]> = {};
  const flags: string[] = [];
  const wanted = [...rule.operands];
  for (const token of tokens) {
    if (wanted[0]?.required === false && wanted[1]?.quotable === true && beginsQuote(token.text)) wanted.shift();
    const [operand] = wanted;
    if (token.text.startsWith("-")) {
      const refused = refuseFlag(scene, token, flags);
      if (refused !== null) return refused;
      flags.push(token.text.slice(2));
      continue;
    }
    if (operand === undefined) return unexpected(scene, token);
    if (operand.kind === "text") {
      if (operand.quotable === true && isLeftOpen(line.slice(token.at, end))) return refuse(line, token.at, "operand-malformed", `The quotes of ${operand.name} are not closed.`, "Put the closing one at the end of the line; a command is one line.");
      const text = operand.quotable === true ? unquoted(line.slice(token.at, end)).trim() : line.slice(token.at, end);
      if (text === "") return refuse(line, token.at, "operand-malformed", `${operand.name} is empty.`, "Write it between the quotes, or leave them out.");
      if (text.length > MAX_TEXT_CHARS) return refuse(line, token.at + MAX_TEXT_CHARS, "too-long", `${operand.name} has ${text.length} characters; at most ${MAX_TEXT_CHARS} travel with a command.`, "Say it shorter, or put the detail into the issue.");
      operands[operand.name] = [text];
      wanted.shift();
      break;
    }
    const refused = refuseWord(scene, operand, token);
    if (refused !== null) return refused;
    operands[operand.name] = [...(operands[operand.name] ?? []), token.text];
    if (operand.kind === "word") wanted.shift();
  }
  const missing = wanted.find((operand) => operand.required && operands[operand.name] === undefined);
  if (missing !== undefined) return refuse(line, end, "operand-missing", `\`${PREFIX} ${name}\` needs ${missing.name}.`, `Write \`${usageOf(name, rule)}\`.`);
  return ok({ name, operands, flags });
}

function refuseFlag({ line, name, rule }: Scene, token: Token, given: readonly string[]): Result<never, LineRefusal> | null {
  const strange = lookAlike(line, token);
  if (strange !== null) return strange;
  const flag = token.text.slice(2);
  if (!token.text.startsWith("--") || !Object.hasOwn(rule.flags, flag)) {
    const meant = nearest(token.text.replace(/^-+/, ""), Object.keys(rule.flags));
    const fix = meant === null ? `Write \`${usageOf(name, rule)}\`.` : `Did you mean \`--${meant}\`?`;
    return refuse(line, token.at, "flag-unknown", `\`${PREFIX} ${name}\` has no flag like this.`, fix);
  }
  return given.includes(flag) ? refuse(line, token.at, "flag-repeated", `The flag \`--${flag}\` is given twice.`, "Give it once.") : null;
}

function refuseWord({ line }: Scene, operand: OperandRule, token: Token): Result<never, LineRefusal> | null {
  const strange = lookAlike(line, token);
  if (strange !== null) return strange;
  if (operand.pattern === undefined || operand.pattern.test(token.text)) return null;
  const short = /^[0-9a-f]{4,39}$/i.test(token.text) ? " An abbreviated SHA is not taken: it could come to mean another commit." : "";
  return refuse(line, token.at, "operand-malformed", `This is no ${operand.name}.${short}`, operand.form === undefined ? "Write it otherwise." : `It must be ${operand.form}.`);
}

function unexpected({ line, name, rule }: Scene, token: Token): Result<never, LineRefusal> {
  return refuse(line, token.at, "operand-unexpected", `\`${PREFIX} ${name}\` takes nothing here.`, `Write \`${usageOf(name, rule)}\` on a line of its own; words to people go on another.`);
}

function unknownCommand(line: string, name: Token, grammar: Grammar): Result<never, LineRefusal> {
  const meant = nearest(name.text.toLowerCase(), Object.keys(grammar));
  return refuse(line, name.at, "command-unknown", "There is no such command.", meant === null ? "Type `/worktrain help` for the list." : `Did you mean \`${PREFIX} ${meant}\`? \`${PREFIX} help\` lists the commands.`);
}

/** Commands, flags and words are plain ASCII: a letter of another script that looks the same is another letter (attack 2). */
function lookAlike(line: string, token: Token): Result<never, LineRefusal> | null {
  const index = token.text.search(/[^\x21-\x7e]/);
  if (index === -1) return null;
  const character = String.fromCodePoint(token.text.codePointAt(index) ?? 0);
  return refuse(line, token.at + index, "look-alike", `The character ${codeOf(character)} is none of a command's, whatever it looks like.`, "Type the command by hand, in plain Latin letters.");
}

function tokensOf(line: string): readonly Token[] {
  return [...line.matchAll(/[^ \t]+/g)].map(({ 0: text, index }) => ({ text, at: index }));
}

/** The column of a place in a line, in characters from 1. */
export const columnOf = (line: string, index: number): number => Array.from(line.slice(0, index)).length + 1;

function refuse(line: string, index: number, kind: LineRefusal["kind"], message: string, fix: string): Result<never, LineRefusal> {
  return err({ kind, message, fix, column: columnOf(line, index) });
}
