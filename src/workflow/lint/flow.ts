/** Which values steps set and use, and which can be there when a step begins. */
import type { Condition } from "../condition.ts";
import type { Criteria } from "../criteria.ts";
import type { JsonSchema } from "../schema-check.ts";
import type { PlanStep } from "../plan.ts";
import { placeholders } from "../template.ts";
import type { PlacedStep } from "./placed-steps.ts";

/** What hosts may start a session with; which of them depends on the workflow (docs/authoring-workflows.md, "Values"). */
export const GIVEN_BY_HOSTS: ReadonlySet<string> = new Set(["goal", "commands", "change", "classification", "findings", "testsBefore", "earlierFindings", "reviewedBefore", "handoff", "question", "handedOver", "taskUrl", "pitch", "direction", "slice", "otherSlices", "before", "slices", "conflict", "ours", "theirs", "failedBefore"]);

export interface Use {
  /** As written: `a.b`. */
  readonly path: string;
  readonly by: PlacedStep;
  readonly as: "text" | "condition" | "key";
  /** Looked at when the work is done, so that what the step itself hands over counts. */
  readonly after: boolean;
}

export interface Flow {
  readonly uses: readonly Use[];
  /** The schemas that steps which may run before declare for the key; null when whoever starts the session gives it. */
  sets(use: Pick<Use, "path" | "by" | "after">): readonly JsonSchema[] | null;
  /** What looks at the key where the value can be that the step at this place sets: a template, a condition, a loop, a child, a step that requires it. */
  readersOf(key: string, index: number): readonly Use[];
  /** Whoever starts the session gives the key, or may. */
  given(key: string): boolean;
  /** One of these steps asks for the key in its words; any step, where none are named. */
  mentioned(key: string, among?: readonly PlanStep[]): boolean;
}

interface Setting {
  readonly key: string;
  readonly index: number;
  readonly schema: JsonSchema;
}

export const keyOf = (path: string): string => path.split(".")[0] ?? "";

/** @param everywhere texts that every step is shown */
export function flowOf(steps: readonly PlacedStep[], passed: ReadonlySet<string>, everywhere: readonly string[]): Flow {
  const settings = steps.flatMap(settingsOf);
  const given = new Set([...GIVEN_BY_HOSTS, ...passed, ...steps.flatMap(({ step }) => (step.kind === "standard" ? Object.keys(step.requires) : []))]);
  const backwards = steps.flatMap((placed) => backwardsFrom(placed, steps));
  const words = steps.map(({ step }) => ({ step, said: [...textsOf(step).map(({ text }) => text), ...(step.kind === "standard" ? step.definitions : []), ...everywhere].join("\n").replaceAll(/\{\{[^}]*\}\}/g, "") }));
  /** The last place whose values can be seen there. */
  const lastSeen = ({ by, after }: Pick<Use, "by" | "after">): number => Math.max(after ? by.index : by.index - 1, ...backwards.filter(({ from, to }) => to <= by.index && by.index <= from).map(({ from }) => from));
  const uses = steps.flatMap(usesOf);
  const readers = [...uses, ...steps.flatMap(takenIn)];
  return {
    uses,
    readersOf: (key, index) => readers.filter((use) => keyOf(use.path) === key && !isLoopVariable(key, use.by) && index <= lastSeen(use)),
    given: (key) => given.has(key),
    mentioned(key, among) {
      const asWord = wordsFor(key);
      return words.some(({ step, said }) => (among === undefined || among.includes(step)) && asWord.test(said));
    },
    sets({ path, by, after }) {
      const key = keyOf(path);
      if (given.has(key) || isLoopVariable(key, by)) return null;
      const last = lastSeen({ by, after });
      return settings.filter((setting) => setting.key === key && setting.index <= last).map(({ schema }) => schema);
    },
  };
}

/**
 * Words that ask for a key. One that is an ordinary word of the language is asked for only as a value: in quotes, with what it is to
 * be, in a sentence about the context, or behind a verb that hands it over; "until all is done" asks for nothing.
 */
function wordsFor(key: string): RegExp {
  const name = `(?<![\\w$-])${key.replaceAll("$", "\\$")}(?![\\w$-])`;
  if (!/^[a-z]+$/.test(key)) return new RegExp(name);
  return new RegExp(`[\`"'*_{]${name}|${name}\\s*(?:[:=]|(?:is )?(?:to )?(?:\`|"|'|true\\b|false\\b))|\\b${HANDS_OVER}\\s+(?:(?:the|a|context|value|values|key|variable|flag|field|called|named|of|for)\\s+)*${name}|${name}\\s+(?:in|into|to|as)\\s+(?:the\\s+)?(?:context|true|false)\\b|${name}[^\\n.]*${IN_CONTEXT}|${IN_CONTEXT}[^\\n.]*${name}`, "i");
}
/** In other languages it is called nearly the same. */
const IN_CONTEXT = "\\b[ck]onte[xk]t";
const HANDS_OVER = "(?:sets?|puts?|sends?|hands? over|gives?|reports?|returns?|records?|stores?|writes?|updates?|changes?|increments?|decrements?|increases?|decreases?|raises?|lowers?|counts?|outputs?|emits?|adds?|includes?|assigns?|declares?|decides?|switch|turns?|marks?|fills?|submits?|provides?|produces?|keeps?|answers?|says?|tells?)";

const settingsOf = ({ step, index }: PlacedStep): readonly Setting[] => {
  if (step.kind === "gather") return [{ key: step.outputVar, index, schema: {} }];
  return step.kind === "standard" ? Object.entries(step.produces).map(([key, schema]) => ({ key, index, schema })) : [];
};

/** Ways back: the end of a loop to its beginning, and jumps. */
function backwardsFrom({ step, index }: PlacedStep, steps: readonly PlacedStep[]): readonly { readonly from: number; readonly to: number }[] {
  if (step.kind === "loop") return [{ from: Math.max(index, ...steps.filter(({ around }) => around.includes(step)).map((each) => each.index)), to: index }];
  const jump = step.kind === "standard" ? step.jump : null;
  const target = jump === null ? undefined : steps.find((each) => each.step.id === jump.target)?.index;
  return target === undefined || target > index ? [] : [{ from: index, to: target }];
}

function isLoopVariable(key: string, { step, around }: PlacedStep): boolean {
  const loops = [...around.map(({ loop }) => loop), ...(step.kind === "loop" ? [step.loop] : []), ...(step.kind === "parallel" && step.forEach !== null ? [step.forEach] : [])];
  return loops.some(({ iterationVar, itemVar, indexVar }) => key === iterationVar || key === itemVar || key === indexVar);
}

const present = <T>(values: readonly (T | null)[]): readonly T[] => values.filter((value) => value !== null);

export interface StepText {
  readonly text: string;
  readonly after: boolean;
  /** Its placeholders are filled in. */
  readonly filled: boolean;
}

/** What of a step is shown to a reader or given to a shell. */
export function textsOf(step: PlanStep): readonly StepText[] {
  const early = (texts: readonly (string | null)[], filled = true): readonly StepText[] => present(texts).map((text) => ({ text, after: false, filled }));
  switch (step.kind) {
    case "standard":
      return [
        ...early([step.title, step.prompt, step.agentRole, step.systemPrompt, ...step.guidance, ...step.fragments.map(({ text }) => text)]),
        ...present([step.verification.command, step.verification.prompt]).map((text) => ({ text, after: true, filled: true })),
        ...step.consequences.map(({ guidance }) => ({ text: guidance, after: true, filled: false })),
      ];
    case "parallel":
      return early([step.title, step.synthesis?.prompt ?? null, ...step.delegations.flatMap(({ goal, args }) => [goal, ...Object.values(args).filter((value) => typeof value === "string")])]);
    default:
      return early([step.title], step.kind !== "loop");
  }
}

function usesOf(by: PlacedStep): readonly Use[] {
  const { step } = by;
  const texts = textsOf(step).flatMap(({ text, after, filled }) => (filled ? placeholders(text) : []).map((path): Use => ({ path, by, as: "text", after })));
  const conditions = conditionsOf(step).flatMap(({ condition, after }) => variablesOf(condition).map((path): Use => ({ path, by, as: "condition", after })));
  return [...texts, ...conditions, ...keysOf(step).map((path): Use => ({ path, by, as: "key", after: false }))];
}

/** Values that a step takes if they are there: nothing is wrong where they are not. */
function takenIn(by: PlacedStep): readonly Use[] {
  const { step } = by;
  const keys = step.kind === "standard" ? Object.keys(step.requires) : step.kind === "gather" ? step.sources.map((source) => (source.kind === "injected" ? source.key : source.kind === "task_url" ? "taskUrl" : "")) : [];
  return keys.map((path): Use => ({ path, by, as: "key", after: false }));
}

/** Conditions that decide about a step. */
export function conditionsOf(step: PlanStep): readonly { readonly condition: Condition; readonly after: boolean }[] {
  const at = (conditions: readonly (Condition | null | undefined)[], after: boolean) => conditions.flatMap((condition) => (condition === null || condition === undefined ? [] : [{ condition, after }]));
  switch (step.kind) {
    case "standard":
      return [...at([step.runCondition, ...step.fragments.map(({ when }) => when)], false), ...at([step.confirmation?.condition, step.jump?.condition, ...criteriaConditions(step.criteria)], true)];
    case "parallel":
      return [...at([step.runCondition, ...step.delegations.map(({ runCondition }) => runCondition)], false), ...at([step.confirmation?.condition], true)];
    case "loop":
      return at([step.runCondition, step.loop.condition], false);
    case "confirm":
      return at([step.runCondition, step.confirmation.condition], false);
    case "gather":
      return at([step.runCondition], false);
  }
}

/** Where the notes are checked by what is in the context. */
function criteriaConditions(criteria: Criteria | null): readonly (Condition | undefined)[] {
  if (criteria === null) return [];
  if ("and" in criteria) return criteria.and.flatMap(criteriaConditions);
  if ("or" in criteria) return criteria.or.flatMap(criteriaConditions);
  return "not" in criteria ? criteriaConditions(criteria.not) : [criteria.condition];
}

/** Keys that a step names outside of text and conditions. */
function keysOf(step: PlanStep): readonly string[] {
  if (step.kind === "loop") return present([step.loop.items, typeof step.loop.count === "string" ? step.loop.count : null]);
  if (step.kind === "parallel") return present([step.forEach?.items ?? null, ...step.delegations.flatMap(({ contextMapping }) => Object.keys(contextMapping))]);
  return [];
}

export function variablesOf({ var: name, and = [], or = [], not }: Condition): readonly string[] {
  return [...(name === undefined ? [] : [name]), ...[...and, ...or, ...(not === undefined ? [] : [not])].flatMap(variablesOf)];
}

/** Whether the schema leaves nothing at a path into the value: it is a text or a number, or an object closed to such a name. */
export function isClosedTo(schema: JsonSchema, path: readonly string[]): boolean {
  const [part, ...rest] = path;
  if (part === undefined) return false;
  const { type, items } = schema;
  if (type === "string" || type === "number" || type === "integer" || type === "boolean" || type === "null") return true;
  if (type === "array") return part === "length" ? rest.length > 0 : !/^\d+$/.test(part) || isClosedTo(isObject(items) ? items : {}, rest);
  const inner = schemaAt(schema, [part]);
  return inner === null ? schema["additionalProperties"] === false && type === "object" : isClosedTo(inner, rest);
}

/** The schema of a value inside another one; null when nothing is said of it. */
export function schemaAt(schema: JsonSchema, path: readonly string[]): JsonSchema | null {
  let at: JsonSchema | null = schema;
  for (const part of path) {
    const properties: unknown = at?.["properties"];
    const inner: unknown = isObject(properties) && Object.hasOwn(properties, part) ? properties[part] : null;
    at = isObject(inner) ? inner : null;
  }
  return at;
}
export const isObject = (value: unknown): value is JsonSchema => value !== null && typeof value === "object" && !Array.isArray(value);
