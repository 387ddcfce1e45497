/**
 * `{{a.b}}` in a verification command.
 *
 * The attacker is whoever sends a value: an agent, an issue, a file. A value is always one word of the shell and never part of its
 * text: it stands between single quotes, which hold everything but a single quote itself. Places where quotes mean something else
 * (inside other quotes, a comment, a here-document, arithmetic, the text of another shell) take no value at all. Only
 * `{{commands.*}}` of the session's start, the repository's own configuration, is text of the shell.
 */
import type { Json, JsonObject } from "../shared/json.ts";
import { asText, lookUp, PLACEHOLDER_AT } from "./template.ts";

type Part =
  | { readonly kind: "text"; readonly text: string }
  /** `problem`: why no value can stand there; null when one can. */
  | { readonly kind: "value"; readonly path: string; readonly problem: string | null };

/** Where a scan of the command stands. */
interface Scan {
  /** Where the simple command begins that is looked at. */
  command: number;
  quote: "'" | '"' | null;
  /** Why nothing behind this place can hold a value. */
  closed: string | null;
}

const CONFIGURED = /\{\{\s*(commands(?:\.[\w$-]+)+)\s*\}\}/g;
const WHOLE_WORD = /^(["'])\{\{\s*([A-Za-z_$][\w$-]*(?:\.[\w$-]+)*)\s*\}\}\1/;
/** Characters looked at before a placeholder. */
const LOOK_BACK = 300;
/** What stands before a program's name: the beginning of a command, and what may go before the name. */
const BEFORE_PROGRAM = /(?:^|[\n;&|({!])[ \t]*(?:(?:then|do|else|elif|if|while|until|time|exec|command|env|sudo|xargs|nohup|source|trap|\.|[A-Za-z_]\w*=\S*)[ \t]+)*$/;
/** Programs that read an argument as a program's name or text, and why no value can be one. */
const RUNNERS: readonly (readonly [RegExp, string])[] = [
  [/^(?:timeout|xargs|env|nice|ionice|nohup|time|exec|command|builtin|sudo|doas|setsid|stdbuf|strace|watch|parallel|busybox)$/, "runs a program that its arguments name"],
  [/^(?:source|\.|trap|alias|ssh)$/, "reads its arguments as text of a shell"],
  [/^(?:let|declare|typeset|local|readonly|export|unset|read|mapfile|readarray)$/, "reads its arguments as names, in which a shell runs what stands in brackets"],
];
const INTERPRETER = /^(?:node|nodejs|bun|deno|python[\d.]*|perl[\d.]*|ruby[\d.]*|php[\d.]*|lua[\d.]*)$/;
/** An option that makes an interpreter take an argument for its program. */
const PROGRAM_TEXT = /^(?:-\w*[ecEpr]|--eval|--print|eval)$/;
const FIND_RUNS = /^-(?:exec|ok)(?:dir)?$/;
/** What may stand before a program's name in a simple command. */
const NO_PROGRAM = /^(?:then|do|else|elif|if|while|until|!|\{|[A-Za-z_]\w*=.*)$/;
/** Runners of packages: their first argument alone names a program. */
const BEFORE_PACKAGE = /(?:^|\s)(?:npx|bunx|pnpx|uvx|(?:npm|pnpm|yarn|bun)\s+(?:exec|dlx|x))\s+(?:-\S+\s+)*$/;
/** An option by which a shell takes the next word for a program. */
const BEFORE_SHELL_TEXT = /\b(?:ba|da|z|k|a)?sh[ \t]+(?:-\S+[ \t]+)*-\w*c[ \t]+$/;
/** Constructs behind which quotes cannot be told by looking at one character after the other, or that read their words again. */
const OPENERS: readonly (readonly [RegExp, string])[] = [
  [/^`/, "behind a backtick"],
  [/^<</, "behind a here-document"],
  [/^\$['"]/, "behind a quote that begins with $"],
  [/^\$\{(?!\w+\})/, "behind a parameter expansion"],
  [/^(?:\$?\(\(|\$\[|\[\[)/, "behind arithmetic or [["],
  [/^eval\b/, "behind eval"],
];

/** The command as text and places for values. */
function partsOf(template: string): readonly Part[] {
  const parts: Part[] = [];
  const scan: Scan = { command: 0, quote: null, closed: null };
  let start = 0;
  let index = 0;
  while (index < template.length) {
    const rest = template.slice(index);
    const whole = scan.quote === null ? WHOLE_WORD.exec(rest) : null;
    const found = whole ?? PLACEHOLDER_AT.exec(rest);
    if (found === null) {
      const length = stepOver(scan, rest, template.slice(Math.max(0, index - 1), index));
      if (scan.quote === null && length === 1 && /^[\n;&|(){]/.test(rest)) scan.command = index + 1;
      index += length;
      continue;
    }
    const before = template.slice(Math.max(0, index - LOOK_BACK), index).replaceAll("\\\n", " ");
    parts.push({ kind: "text", text: template.slice(start, index) }, { kind: "value", path: (whole === null ? found[1] : found[2]) ?? "", problem: problemAt(before, scan) ?? runnerProblem(template.slice(scan.command, index)) });
    index += found[0].length;
    start = index;
  }
  return [...parts, { kind: "text", text: template.slice(start) }];
}

/** Takes note of one character, or of a backslash with what it escapes. @returns characters to go on by */
function stepOver(scan: Scan, rest: string, before: string): number {
  const [char] = rest;
  if (char === "\\" && scan.quote !== "'") return rest.startsWith("{{", 1) ? 1 : 2;
  if (scan.quote !== null) {
    if (char === scan.quote) scan.quote = null;
    else if (scan.quote === '"' && /^(?:\$[({[]|`)/.test(rest)) scan.closed ??= "behind an expansion inside quotes";
    return 1;
  }
  if (char === "'" || char === '"') scan.quote = char;
  if (char === "#" && /^[\s;&|()<>]?$/.test(before)) scan.closed ??= "behind the beginning of a comment";
  for (const [opener, why] of OPENERS) if (opener.test(rest)) scan.closed ??= why;
  return 1;
}

function problemAt(before: string, { quote, closed }: Scan): string | null {
  if (closed !== null) return `stands ${closed}`;
  if (quote !== null) return "stands inside quotes beside other text";
  if (before.endsWith("\\")) return "stands behind a backslash";
  if (BEFORE_SHELL_TEXT.test(before)) return "would be the program of another shell";
  return BEFORE_PROGRAM.test(before) ? "stands where the shell looks for a program, so its value would choose what is run" : null;
}

/** @param simple a simple command up to a placeholder */
function runnerProblem(simple: string): string | null {
  const text = simple.replaceAll("\\\n", " ");
  if (BEFORE_PACKAGE.test(text)) return "would be the package that is run";
  const words = text.replaceAll(/["'\\]/g, "").split(/\s+/).filter((word) => word !== "");
  const at = words.findIndex((word) => !NO_PROGRAM.test(word));
  const name = (words[at] ?? "").replace(/^.*\//, "");
  const behind = words.slice(at + 1);
  const reason = RUNNERS.find(([program]) => program.test(name))?.[1] ?? null;
  if (reason !== null) return `is an argument of \`${name}\`, which ${reason}`;
  const option = INTERPRETER.test(name) ? behind.find((word) => PROGRAM_TEXT.test(word)) : name === "find" ? behind.find((word) => FIND_RUNS.test(word)) : undefined;
  return option === undefined ? null : `is an argument of \`${name} ${option}\`, which runs what its arguments say`;
}

/** Nothing but quotes that hold nothing stands before in the word. */
const BEGINS_WORD = /(?:^|[\s;&|(){}<>])(?:''|"")*$/;

const problemsOf = (parts: readonly Part[]): readonly string[] => parts.flatMap((part) => (part.kind === "value" && part.problem !== null ? [`{{${part.path}}} ${part.problem}.`] : []));

/** What is wrong with the places of a command's placeholders. The repository's own commands may stand anywhere. */
export const commandProblems = (template: string): readonly string[] => problemsOf(partsOf(template.replace(CONFIGURED, "true")));

export const MEND_COMMAND = "Let it stand outside of quotes as an argument of a program: each value is quoted as one word when the command is run. What is more than that belongs into a script of the repository that takes the value as its argument.";

/** What can be given for the placeholders of a command. */
export interface CommandValues {
  /** The repository's own commands: text of the shell. */
  readonly configured: Json | undefined;
  /** Everything else: one word each. */
  readonly values: JsonObject;
}

export type RenderedCommand =
  | { readonly kind: "command"; readonly text: string }
  /** The command is nothing but one that the repository may configure, and it has not. */
  | { readonly kind: "not-configured" }
  /** One `path -- why` for each placeholder without a value. */
  | { readonly kind: "unset"; readonly unset: readonly string[] }
  | { readonly kind: "unsafe"; readonly problems: readonly string[] };

/** The command as it is run. */
export function renderCommand(template: string, { configured, values }: CommandValues): RenderedCommand {
  const unset: string[] = [];
  const own: JsonObject = configured === undefined ? {} : { commands: configured };
  const withOwn = template.replace(CONFIGURED, (_, path: string) => {
    const found = lookUp(path.split("."), own);
    const text = found.found ? asText(found.value) : "";
    if (text.trim() === "") unset.push(`${path} -- ${found.found ? "it is blank" : found.why}`);
    return text;
  });
  if (unset.length > 0 && /^\s*\{\{[^{}]*\}\}\s*$/.test(template)) return { kind: "not-configured" };
  const parts = partsOf(withOwn);
  const problems = [...problemsOf(parts)];
  let text = "";
  for (const part of parts) {
    if (part.kind === "text") {
      text += part.text;
      continue;
    }
    const found = lookUp(part.path.split("."), values);
    if (!found.found) {
      unset.push(`${part.path} -- ${found.why}`);
      continue;
    }
    const value = asText(found.value);
    if (value.includes("\0")) problems.push(`The value of {{${part.path}}} holds a NUL character, which no argument of a program can.`);
    // Also behind a `--`: npm and its like hand the words behind it on to another program, which reads them as options again.
    if (value.startsWith("-") && BEGINS_WORD.test(text)) problems.push(`The value of {{${part.path}}} begins with "-", so a program could read it as an option. Send it without, a path as \`./-name\`; or let a script of the repository take it.`);
    text += quoted(value);
  }
  if (problems.length > 0) return { kind: "unsafe", problems };
  return unset.length > 0 ? { kind: "unset", unset } : { kind: "command", text };
}

/** One word for a POSIX shell: between single quotes nothing has a meaning but the single quote. */
const quoted = (value: string): string => (/^[\w./:@%+=,-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`);
