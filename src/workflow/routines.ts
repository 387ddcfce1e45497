/** Routines: workflows whose steps a template call puts in the caller's place at compile time. */
import { canonicalJson, type Json, type JsonObject } from "../shared/json.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { readDocument } from "./document.ts";

export interface WorkflowSource {
  readonly text: string;
  readonly file: string;
}

/** Finds a routine by its name, such as `ideation` for the workflow `wr.routine-ideation`. */
export interface Routines {
  readonly names: readonly string[];
  find(name: string): Result<{ readonly root: JsonObject; readonly file: string }, string> | null;
}

const TEMPLATE = "wr.templates.routine.";
const ROUTINE_ID = /^(?:[a-z][a-z0-9_-]+\.)?routine-([a-z0-9_-]+)$/;

/** The name of the routine that a workflow's id makes it, or null. */
export const routineName = (workflowId: string): string | null => ROUTINE_ID.exec(workflowId)?.[1] ?? null;
/** The name of the routine that a template id asks for, or null for another kind of template. */
export const templateRoutine = (templateId: string): string | null => (templateId.startsWith(TEMPLATE) ? templateId.slice(TEMPLATE.length) : null);
/** Of a routine's own id, or of the template id that asks for it. */
export const routineOf = (id: string): string | null => routineName(id) ?? templateRoutine(id);
export const templateId = (name: string): string => `${TEMPLATE}${name}`;

export const NO_ROUTINES: Routines = { names: [], find: () => null };

const documents = new WeakMap<WorkflowSource, ReturnType<typeof readDocument>>();

/** The source's document; it is read once, whoever asks. */
export function documentOf(source: WorkflowSource): ReturnType<typeof readDocument> {
  const known = documents.get(source) ?? readDocument(source.text, source.file);
  documents.set(source, known);
  return known;
}

const ID_LINE = /^[ \t{]*"?id"?[ \t]*:[ \t]*["']?([a-z0-9_.-]+)/m;

/** The id that a workflow's text claims; of a text that is no document the first that looks like one. */
export function declaredId(source: WorkflowSource): string | null {
  const document = documentOf(source);
  if (!document.ok) return ID_LINE.exec(source.text)?.[1] ?? null;
  const { value } = document.value;
  const id = value === null || typeof value !== "object" || Array.isArray(value) ? null : value["id"];
  return typeof id === "string" ? id : null;
}

/** What stands in a text otherwise than it reads: YAML's escapes, and a line that is folded into the next. */
const WRITTEN_OTHERWISE = /\\(?:[uxU]|\r?\n)/;

/** Whether a text could claim an id that holds these words. Reading it is dear, and of most texts this is enough to know that it does not. */
export const couldDeclare = ({ text }: WorkflowSource, words: string): boolean => text.includes(words) || WRITTEN_OTHERWISE.test(text);

/** The ids that workflow texts claim. */
export interface DeclaredIds {
  has(id: string): boolean;
  /** Whether one of them is a routine's of this name. */
  hasRoutine(name: string): boolean;
  all(): readonly string[];
}

/** Reads a text only when it is asked for an id that it could claim. */
export function declaredIn(sources: readonly WorkflowSource[]): DeclaredIds {
  const some = (words: string, holds: (id: string) => boolean): boolean => sources.some((source) => couldDeclare(source, words) && holds(declaredId(source) ?? ""));
  return {
    has: (id) => some(id, (declared) => declared === id),
    hasRoutine: (name) => some(name, (declared) => routineOf(declared) === name),
    all: () => [...new Set(sources.flatMap((source) => declaredId(source) ?? []))],
  };
}

/**
 * The routines among workflow texts. Of two with one name the first counts, so a team's own go before the shipped ones. A text is read
 * when one is asked for that it could be.
 */
export function routinesOf(sources: readonly WorkflowSource[]): Routines {
  const nameOf = (source: WorkflowSource): string | null => routineName(declaredId(source) ?? "");
  return {
    get names() {
      return [...new Set(sources.filter((source) => couldDeclare(source, "routine-")).flatMap((source) => nameOf(source) ?? []))].toSorted();
    },
    find(name) {
      const source = sources.find((each) => couldDeclare(each, `routine-${name}`) && nameOf(each) === name);
      return source === undefined ? null : readRoutine(source);
    },
  };
}

function readRoutine(source: WorkflowSource): Result<{ root: JsonObject; file: string }, string> {
  const { file } = source;
  const document = documentOf(source);
  if (!document.ok) return err(`${file}:${document.error[0]?.line}: ${document.error[0]?.message}`);
  const { value, issues, locate } = document.value;
  const [issue] = issues;
  if (issue !== undefined) return err(`${file}:${locate(issue).line}: ${issue.message}`);
  return value === null || typeof value !== "object" || Array.isArray(value) ? err(`${file} is not a mapping.`) : ok({ root: value, file });
}

const PLACEHOLDER = /(?<!\{)\{([A-Za-z_][A-Za-z0-9_]*)\}(?!\})/g;
/** Keys whose text names something and is never an author's prose. */
const NOT_PROSE: ReadonlySet<string> = new Set(["id", "type", "contractRef", "loopId", "target", "templateId", "refId", "functionReferences", "runCondition", "when", "condition"]);

export type Arguments = ReadonlyMap<string, string>;

/** Which arguments were asked for while a routine's text was filled in. */
export interface ArgumentUse {
  /** Names in a prompt or title that nobody gave. */
  readonly missing: Set<string>;
  readonly used: Set<string>;
}

/** The routine's steps with `{name}` replaced by its argument. */
export function withArguments(value: Json, args: Arguments, use: ArgumentUse, required = false): Json {
  if (typeof value === "string") {
    return value.replace(PLACEHOLDER, (whole, name: string) => {
      const given = args.get(name);
      if (given !== undefined) use.used.add(name);
      else if (required) use.missing.add(name);
      return given ?? whole;
    });
  }
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item) => withArguments(item, args, use, required));
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, NOT_PROSE.has(key) ? member : withArguments(member, args, use, required || key === "prompt" || key === "title" || key === "promptBlocks")]),
  );
}

/** A routine run as a workflow of its own takes its arguments from the context: `{name}` reads as `{{name}}`. */
export function argumentsFromContext(value: Json): Json {
  if (typeof value === "string") return value.replace(PLACEHOLDER, "{{$1}}");
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(argumentsFromContext);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, NOT_PROSE.has(key) ? member : argumentsFromContext(member)]));
}

export const asArgument = (value: Json): string | null => (typeof value === "string" ? value : value === null || typeof value === "object" ? null : canonicalJson(value));
