/**
 * What clients send, put into the form that our tools take: other names that WorkRail's clients use, and objects sent as JSON
 * text. A name that cannot be taken over is refused with the one that can; what nobody knows is left to be ignored.
 */
import type { Refusal } from "../../shared/errors.ts";
import { closestName } from "../../shared/closest-name.ts";
import { err, ok, type Result } from "../../shared/result.ts";

type Sent = { readonly [field: string]: unknown };

interface Accepts {
  /** Other names of a field. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Fields of `output` that stand beside it. */
  readonly intoOutput?: Readonly<Record<string, string>>;
  /** Objects and lists that may come as JSON text. */
  readonly json?: readonly string[];
  /** Fields of the tool whose misspelling would lose what is handed over. */
  readonly spelt?: readonly string[];
}

const ACCEPTS: Readonly<Record<string, Accepts>> = {
  start_workflow: { aliases: { contextVariables: "context" }, json: ["context"] },
  continue_workflow: {
    aliases: { contextVariables: "context", resumeToken: "continueToken" },
    intoOutput: { notesMarkdown: "notesMarkdown", notes: "notesMarkdown", artifacts: "artifacts" },
    json: ["context", "output", "gate", "artifacts"],
    spelt: ["continueToken", "intent", "output", "context", "gate"],
  },
  resume_session: { aliases: { runId: "sessionId" } },
};

/** Tokens of WorkRail before 3.0, which said twice what one says now. */
const FORMER_TOKENS = ["stateToken", "ackToken"] as const;

export function acceptedInput(tool: string, sent: unknown): Result<unknown, Refusal<"malformed-input">> {
  const { aliases = {}, intoOutput = {}, json = [], spelt = [] } = Object.hasOwn(ACCEPTS, tool) ? (ACCEPTS[tool] ?? {}) : {};
  if (!isObject(sent)) return ok(sent);
  const former = FORMER_TOKENS.find((name) => sent[name] !== undefined);
  if (tool === "continue_workflow" && former !== undefined && sent["continueToken"] === undefined) {
    return refuse(`\`${former}\` is not taken.`, "Send `continueToken`, exactly as the last answer gave it; resume_session gives one for a session's id.");
  }
  const twice = Object.entries(aliases).find(([alias, name]) => sent[alias] !== undefined && sent[name] !== undefined);
  if (twice !== undefined) return refuse(`\`${twice[1]}\` is given twice, once as \`${twice[0]}\`.`, `Send \`${twice[1]}\` only.`);
  const known = new Set([...spelt, ...Object.keys(aliases), ...Object.keys(intoOutput)]);
  for (const field of Object.keys(sent)) {
    const meant = known.has(field) ? null : misspelt(field, spelt);
    if (meant !== null) return refuse(`\`${field}\` is not taken.`, `Send it as \`${meant}\`.`);
  }
  const named = Object.fromEntries(Object.entries(sent).map(([field, value]) => [Object.hasOwn(aliases, field) ? (aliases[field] ?? field) : field, value]));
  const parsed = Object.fromEntries(Object.entries(named).map(([field, value]) => [field, json.includes(field) ? fromText(value) : value]));
  // A mark can be gone back to, and looked at, by its own token.
  const mark = parsed["checkpointToken"];
  const place = tool === "continue_workflow" && parsed["continueToken"] === undefined && mark !== undefined ? { continueToken: mark } : {};
  return withOutput({ ...parsed, ...place, ...goalOf(tool, parsed) }, intoOutput);
}

/** The field that a name is a slip of, or null: other clients' own fields are none, so little may differ. */
function misspelt(field: string, fields: readonly string[]): string | null {
  const near = closestName(field, fields);
  return near !== null && near[0] === field[0]?.toLowerCase() && Math.abs(near.length - field.length) <= 1 ? near : null;
}

/** WorkRail took the goal in the context before it had a field of its own. */
function goalOf(tool: string, { goal, context }: Sent): Sent {
  return tool === "start_workflow" && goal === undefined && isObject(context) && typeof context["goal"] === "string" ? { goal: context["goal"] } : {};
}

function withOutput(sent: Sent, intoOutput: Readonly<Record<string, string>>): Result<unknown, Refusal<"malformed-input">> {
  if (Object.keys(intoOutput).length === 0) return ok(sent);
  const given = sent["output"] ?? {};
  if (!isObject(given)) return ok(sent);
  const output: Record<string, unknown> = {};
  for (const from of [given, sent]) {
    for (const [alias, name] of Object.entries(intoOutput)) {
      const value = from[alias];
      if (value === undefined) continue;
      if (output[name] !== undefined) return refuse(`\`output.${name}\` is given twice, once as \`${alias}\`.`, `Send \`output.${name}\` only.`);
      output[name] = name === "artifacts" ? artifactsFrom(value) : value;
    }
  }
  if (sent["output"] === undefined && Object.keys(output).length === 0) return ok(sent);
  const rest = Object.fromEntries(Object.entries(given).filter(([field]) => !Object.hasOwn(intoOutput, field)));
  return ok({ ...sent, output: { ...rest, ...output } });
}

function artifactsFrom(value: unknown): unknown {
  const list = fromText(value);
  return Array.isArray(list) ? list.map(fromText) : list;
}

/** The value that JSON text of an object or a list stands for; anything else as it is. */
function fromText(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === "object" && parsed !== null ? parsed : value;
  } catch {
    // No JSON: the schema says what was wanted instead.
    return value;
  }
}

const isObject = (value: unknown): value is Sent => typeof value === "object" && value !== null && !Array.isArray(value);
const refuse = (message: string, fix: string): Result<never, Refusal<"malformed-input">> => err({ kind: "malformed-input", message, fix });
