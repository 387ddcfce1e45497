/**
 * What can be typed in a comment: `/worktrain COMMAND [--FLAG] [OPERAND]`. A new command is one entry of `COMMANDS`: parser, help and
 * the documentation read it here; what it does is one handler of a host.
 */

export interface OperandRule {
  /** As help shows it, e.g. `GATE`. */
  readonly name: string;
  /** `word` has no blank; `words` are all that are left; `text` is the rest of the line. The last two end the list. */
  readonly kind: "word" | "words" | "text";
  readonly required: boolean;
  /** What a word must look like, whole. */
  readonly pattern?: RegExp;
  /** The same in words; ends "It must be ...". */
  readonly form?: string;
  /** Of a text behind an optional word: in quotes it is the text also where that word is left out. */
  readonly quotable?: true;
}

export interface CommandRule {
  /** One sentence. */
  readonly does: string;
  /** Optional ones stand behind required ones. */
  readonly operands: readonly OperandRule[];
  /** Name without `--`, and what it does. */
  readonly flags: Readonly<Record<string, string>>;
}

export type Grammar = Readonly<Record<string, CommandRule>>;

/** Characters of a text operand: with a task that just fits, all inputs of a dispatch still do (P-dispatch). */
export const MAX_TEXT_CHARS = 1_000;
/** Characters of a command's line. */
export const MAX_LINE_CHARS = 2_000;

/** Gates are named in lower case, commits by all their digits: an abbreviated one could come to mean another (attack 5). */
const APPROVED: OperandRule = {
  name: "GATE",
  kind: "word",
  required: false,
  pattern: /^(?:gate-[a-z0-9-]{1,59}|[0-9a-f]{40}|[0-9a-f]{64})$/,
  form: "the gate as the status comment names it, or all digits of a commit's SHA",
};

/** As workflow files name themselves. */
const WORKFLOW: OperandRule = { name: "WORKFLOW", kind: "word", required: false, pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, form: "the id of a workflow, such as wr.research; a goal without one stands in quotes" };
const GOAL: OperandRule = { name: "GOAL", kind: "text", required: false, quotable: true };
const HEAD: OperandRule = { name: "SHA", kind: "word", required: false, pattern: /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, form: "all digits of a commit's SHA" };
const FINDING: OperandRule = { name: "FINDING", kind: "words", required: false, pattern: /^[0-9a-f]{6,16}$/, form: "the id of a finding as the pull request's table of findings shows it" };
const PHASE: OperandRule = { name: "PHASE", kind: "word", required: false, pattern: /^(?:classify|discover|shape|design|investigate|decompose|code|review|audit|fix)$/, form: "a phase as the status comment names it, such as code or review" };
const STEP: OperandRule = { name: "STEP", kind: "word", required: false, pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, form: "the id of a step as `/worktrain explain` lists it" };

export const COMMANDS = {
  help: { does: "Lists the commands.", operands: [], flags: {} },
  status: { does: "Brings the status comment up to date.", operands: [], flags: {} },
  config: { does: "Shows the configuration that holds, defaults included.", operands: [], flags: { "set-up": "instead opens a pull request with the files that are missing, also where one was declined." } },
  run: { does: "Starts work on the issue, as its label does, or goes on with an attempt that was interrupted. With WORKFLOW that one is run instead of the pipeline; GOAL, in quotes where no workflow stands before it, is added to the issue's text.", operands: [WORKFLOW, GOAL], flags: {} },
  plan: { does: "As `run`, and stops before anything is made: the plan is put into a comment, and `approve` or `run` goes on with it.", operands: [], flags: {} },
  review: { does: "On a pull request: reviews its head, once more where it was reviewed. With SHA only if that is the head, which also vouches for the head of a fork.", operands: [HEAD], flags: { full: "the whole change, also what a review before has looked at." } },
  cancel: { does: "Ends what runs. What was done is saved.", operands: [], flags: {} },
  why: { does: "Tells from the record why the work went the way it went. A run of its own reads it, as for the next two.", operands: [], flags: {} },
  explain: { does: "Tells every step with what decided it, or all about STEP.", operands: [STEP], flags: {} },
  verify: { does: "Checks the record: every byte of it, where it came from, and each decision made again.", operands: [], flags: {} },
  approve: { does: "Opens the gate that the work waits at; the run goes on. With GATE only if it is that gate. With the SHA of a delivered commit: approves that commit, which `merge.approval` waits for, and no later one.", operands: [APPROVED], flags: {} },
  merge: { does: "Has GitHub merge what was delivered, at that commit, once the branch's rules are met, where `merge` of the configuration leaves that to WorkTrain.", operands: [], flags: {} },
  reject: { does: "Sends the step at the gate back with the reason; the run goes on with that.", operands: [{ name: "REASON", kind: "text", required: true }], flags: {} },
  retry: { does: "Goes back to before PHASE, without it to before the latest, and goes on from there; also where the attempt stopped.", operands: [PHASE], flags: {} },
  fix: { does: "Works once more on what was delivered, for findings of its last review: those named, or all, minor ones included.", operands: [FINDING], flags: {} },
  resume: { does: "Goes on with work that stopped: cancelled, out of budget or time, or after an outage.", operands: [], flags: {} },
} as const satisfies Grammar;

export type CommandName = keyof typeof COMMANDS;

/** A command that keeps to its rule. */
export interface Command<Name extends string = CommandName> {
  readonly name: Name;
  /** By the operand's name; a `word` or `text` is a list of one, what was left out is not there. */
  readonly operands: Readonly<Record<string, readonly string[]>>;
  /** Without `--`, in the order they were given, each once. */
  readonly flags: readonly string[];
}

/** The command as it is typed; `parseCommandLine` reads it back as it was. */
export function formatCommand(command: Command<string>, grammar: Grammar = COMMANDS): string {
  const operands = (grammar[command.name]?.operands ?? []).flatMap(({ name, quotable }) => (command.operands[name] ?? []).map((text) => (quotable === true ? quoted(text) : text)));
  return ["/worktrain", command.name, ...command.flags.map((flag) => `--${flag}`), ...operands].join(" ");
}

/** In the quotes that the text does not hold; as it is where it holds both. */
const quoted = (text: string): string => (!text.includes('"') ? `"${text}"` : /[\u201c\u201d]/.test(text) ? text : `\u201c${text}\u201d`);

/** What quotes hold that stand around a whole text; the text itself where none do. */
export function unquoted(text: string): string {
  const [, plain, curly] = /^(?:"([^"]*)"|[\u201c\u201d\u201e]([^\u201c\u201d\u201e]*)[\u201c\u201d])$/.exec(text) ?? [];
  return plain ?? curly ?? text;
}

/** Whether a text begins with a quote and has no other, of whichever kind. */
export const isLeftOpen = (text: string): boolean => beginsQuote(text) && !/["\u201c\u201d]/.test(text.slice(1));

/** Whether a word begins a text in quotes: plain ones, or those that phones and word processors make of them. */
export const beginsQuote = (word: string): boolean => /^["\u201c\u201d\u201e]/.test(word);

/** `/worktrain approve [GATE]` */
export function usageOf(name: string, { operands, flags }: CommandRule): string {
  const shown = operands.map((operand) => {
    const word = operand.kind === "words" ? `${operand.name}...` : operand.name;
    return operand.required ? word : `[${word}]`;
  });
  return ["/worktrain", name, ...Object.keys(flags).map((flag) => `[--${flag}]`), ...shown].join(" ");
}

/** The commands as a table of Markdown: the answer to `help`, and the documentation. */
export function commandTable(grammar: Grammar = COMMANDS): string {
  const rows = Object.entries(grammar).map(([name, rule]) => {
    const flags = Object.entries(rule.flags).map(([flag, does]) => ` \`--${flag}\`: ${does}`);
    return `| \`${usageOf(name, rule)}\` | ${rule.does}${flags.join("")} |`;
  });
  return ["| command | what it does |", "| --- | --- |", ...rows].join("\n");
}
