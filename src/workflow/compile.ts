import { type Json, type JsonObject } from "../shared/json.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { checkFields } from "./check-fields.ts";
import { compileStep } from "./compile-step.ts";
import { readDocument } from "./document.ts";
import type { Fault } from "../shared/fault.ts";
import type { Issue } from "./issue.ts";
import { PLAN_VERSION, type Plan, type StandardStep } from "./plan.ts";
import { placeholders } from "./template.ts";
import { NOT_RUN_IN_WORKFLOW, SCHEMA_VERSION, workflowFields } from "./vocabulary.ts";

export interface Compiled {
  readonly plan: Plan;
  readonly warnings: readonly Fault[];
}

/**
 * Compiles the text of one workflow file (YAML or JSON) into a plan, or says everything that is wrong with it.
 * @param source `file` is only the name that faults carry
 */
export function compileWorkflow(source: { readonly text: string; readonly file: string }): Result<Compiled, readonly Fault[]> {
  const document = readDocument(source.text, source.file);
  if (!document.ok) return document;
  const { value, locate } = document.value;
  if (!isMapping(value)) return err([locate({ path: [], message: "A workflow file must be a mapping.", fix: "Write id, name, description, version and steps." })]);
  const compiled = compile(value);
  if (compiled.plan === null) return err(compiled.issues.map(locate).toSorted((a, b) => a.line - b.line || a.column - b.column));
  return ok({ plan: deepFreeze(compiled.plan), warnings: compiled.warnings.map(locate) });
}

const isMapping = (value: Json): value is JsonObject => value !== null && typeof value === "object" && !Array.isArray(value);

type Outcome = { readonly plan: Plan; readonly warnings: readonly Issue[] } | { readonly plan: null; readonly issues: readonly Issue[] };

function compile(root: JsonObject): Outcome {
  const checked = checkFields(workflowFields, NOT_RUN_IN_WORKFLOW, root, []);
  const { values } = checked;
  const version = values.schemaVersion ?? 1;
  if (version > SCHEMA_VERSION) {
    return { plan: null, issues: [{ path: ["schemaVersion"], message: `The file is written for schemaVersion ${version}; this WorkTrain knows up to ${SCHEMA_VERSION}.`, fix: `Use a WorkTrain that knows schemaVersion ${version}.` }] };
  }
  const issues: Issue[] = [...checked.issues];
  const lenient: Issue[] = [...checked.unknown];
  const contracts = values.contracts ?? {};
  for (const name of Object.keys(contracts)) {
    if (name.startsWith("wr.")) issues.push({ path: ["contracts", name], at: "key", message: `"${name}": names that begin with "wr." are WorkTrain's own.`, fix: "Rename the contract." });
  }
  const rawSteps = Array.isArray(root["steps"]) ? (root["steps"] as readonly Json[]) : [];
  const steps: StandardStep[] = [];
  for (const [index, raw] of rawSteps.entries()) {
    const compiled = compileStep(raw, ["steps", index], { modelTier: values.modelTier ?? null, contracts });
    issues.push(...compiled.issues);
    lenient.push(...compiled.lenient);
    if (compiled.step !== null) steps.push(compiled.step);
  }
  issues.push(...doubleIds(rawSteps));
  lenient.push(...placeholderIssues(root));
  if (version >= 2) issues.push(...lenient);
  if (issues.length > 0 || values.id === undefined || values.name === undefined || values.version === undefined || values.description === undefined) return { plan: null, issues };
  const plan: Plan = {
    v: PLAN_VERSION,
    id: values.id,
    name: values.name,
    version: values.version,
    description: values.description,
    about: values.about ?? null,
    examples: values.examples ?? [],
    category: values.category ?? null,
    tags: values.tags ?? [],
    schemaVersion: version,
    recommendedAutonomy: values.recommendedPreferences?.recommendedAutonomy ?? null,
    systemPrompt: values.systemPrompt ?? null,
    preconditions: values.preconditions ?? [],
    clarificationPrompts: values.clarificationPrompts ?? [],
    metaGuidance: values.metaGuidance ?? [],
    references: (values.references ?? []).map(({ id, title, source, purpose, authoritative }) => ({ id, title, source, purpose, authoritative })),
    contracts,
    steps,
  };
  return { plan, warnings: lenient };
}

/** What holds for the whole session is the same text in every step, so no value can stand in it. */
function placeholderIssues(root: JsonObject): readonly Issue[] {
  return ["systemPrompt", "metaGuidance", "preconditions", "clarificationPrompts"].flatMap((field) => {
    const value = root[field];
    const texts = Array.isArray(value) ? value : [value];
    return texts.flatMap((text: Json | undefined, index) => {
      const [path] = typeof text === "string" ? placeholders(text) : [];
      if (path === undefined) return [];
      const at = Array.isArray(value) ? [field, index] : [field];
      return [{ path: at, message: `{{${path}}} has no value here: \`${field}\` is the same for the whole session.`, fix: "Use the value in a step's prompt or systemPrompt." }];
    });
  });
}

function doubleIds(steps: readonly Json[]): readonly Issue[] {
  const seen = new Map<string, number>();
  const issues: Issue[] = [];
  for (const [index, step] of steps.entries()) {
    const id = isMapping(step) ? step["id"] : undefined;
    if (typeof id !== "string") continue;
    const first = seen.get(id);
    if (first === undefined) seen.set(id, index);
    else issues.push({ path: ["steps", index, "id"], message: `The step id "${id}" is already used by steps[${first}].`, fix: "Give each step its own id." });
  }
  return issues;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
