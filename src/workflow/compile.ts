import { type Json, type JsonObject } from "../shared/json.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { type Bindings, bindSlots, resolveSlots } from "./bindings.ts";
import { checkAccounts } from "./check-accounts.ts";
import { checkCommands } from "./check-commands.ts";
import { beyondFaults, checkFields } from "./check-fields.ts";
import { slotIssues, unknownWorkflows } from "./check-names.ts";
import { compileTopLevel, resolveJumps } from "./compile-steps.ts";
import { type SourceDocument, toldFaults } from "./document.ts";
import { describeFunction } from "./functions.ts";
import type { Fault } from "../shared/fault.ts";
import type { Issue, Path } from "./issue.ts";
import { type Assessment, PLAN_VERSION, type Plan, type PlanStep } from "./plan.ts";
import { featuresOf } from "./prompt-blocks.ts";
import { argumentsFromContext, documentOf, NO_ROUTINES, routineName, type DeclaredIds, type Routines } from "./routines.ts";
import type { Findings, Scope } from "./scope.ts";
import { placeholders } from "./template.ts";
import { SCHEMA_VERSION, workflowFields } from "./vocabulary.ts";

export interface Compiled {
  readonly plan: Plan;
  readonly warnings: readonly Fault[];
}

export interface CompileOptions {
  /** Where template calls find their routines; `routinesOf` makes it of texts. */
  readonly routines?: Routines;
  /** What extension points are bound to; `parseBindings` reads it. */
  readonly bindings?: Bindings;
  /** Ids of the workflows at hand; absent where nobody knows. */
  readonly known?: DeclaredIds;
  /** Whether what a reference leads to is there; absent where nobody can look. */
  readonly leads?: (reference: ReferencePlace) => boolean;
}

export type ReferencePlace = Pick<Plan["references"][number], "source" | "resolveFrom">;

/**
 * Compiles the text of one workflow file (YAML or JSON) into a plan, or says everything that is wrong with it.
 * @param source `file` is only the name that faults carry
 */
export function compileWorkflow(source: { readonly text: string; readonly file: string }, options: CompileOptions = {}): Result<Compiled, readonly Fault[]> {
  const document = documentOf(source);
  return document.ok ? compileDocument(document.value, options) : document;
}

/** Compiles a document that was read. Nothing that is wrong in one place hides what is wrong in another. */
export function compileDocument({ value, issues, locate }: SourceDocument, options: CompileOptions): Result<Compiled, readonly Fault[]> {
  if (!isMapping(value)) return err([locate({ path: [], message: "A workflow file must be a mapping.", fix: "Write id, name, description, version and steps." })]);
  const compiled = compile(value, options);
  const found = compiled.plan === null ? compiled.issues : [];
  // Where a value could not be read nothing else is said of it.
  const unread = new Set(issues.flatMap(({ path, at }) => (at === "key" || path.length === 0 ? [] : [JSON.stringify(path)])));
  const wrong = [...issues, ...found.filter(({ path }) => !unread.has(JSON.stringify(path)))];
  if (compiled.plan === null || wrong.length > 0) return err(toldFaults(eachOnce(wrong), locate));
  return ok({ plan: deepFreeze(compiled.plan), warnings: toldFaults(eachOnce(compiled.warnings), locate) });
}

/** A step that is compiled twice, as the body of two loops, has its faults once. */
function eachOnce(issues: readonly Issue[]): readonly Issue[] {
  const seen = new Set<string>();
  return issues.filter(({ path, message }) => {
    const key = JSON.stringify([path, message]);
    return !seen.has(key) && seen.add(key);
  });
}

const isMapping = (value: Json): value is JsonObject => value !== null && typeof value === "object" && !Array.isArray(value);

type Values = ReturnType<typeof checkFields<typeof workflowFields>>["values"];
type Outcome = { readonly plan: Plan; readonly warnings: readonly Issue[] } | { readonly plan: null; readonly issues: readonly Issue[] };

function compile(root: JsonObject, options: CompileOptions): Outcome {
  const checked = checkFields(workflowFields, root, []);
  const { values } = checked;
  const version = checked.issues.some(({ path }) => path[0] === "schemaVersion") ? SCHEMA_VERSION : (values.schemaVersion ?? 1);
  if (version > SCHEMA_VERSION) {
    return { plan: null, issues: [{ path: ["schemaVersion"], message: `The file is written for schemaVersion ${version}; this WorkTrain knows up to ${SCHEMA_VERSION}.`, fix: `Use a WorkTrain that knows schemaVersion ${version}.` }] };
  }
  const findings: Findings = { issues: [...checked.issues], lenient: [...checked.unknown] };
  const { issues, lenient } = findings;
  for (const name of Object.keys(values.contracts ?? {})) {
    if (name.startsWith("wr.")) issues.push({ path: ["contracts", name], at: "key", message: `"${name}": names that begin with "wr." are WorkTrain's own.`, fix: "Rename the contract." });
  }
  const slots = resolveSlots(values.id ?? "", values.extensionPoints ?? [], options.bindings);
  const rawSteps = Array.isArray(root["steps"]) ? root["steps"] : [];
  const bound = bindSlots(rawSteps, ["steps"], slots, issues);
  const own = routineName(values.id ?? "");
  const raws = own === null ? bound : argumentsFromContext(bound);
  const scope = scopeOf(values, Array.isArray(raws) ? raws : [], findings, options, own);
  const steps = resolveJumps(compileTopLevel(scope.topLevel, ["steps"], scope), scope);
  const commands = checkCommands(steps, scope.registry);
  issues.push(...checkAccounts(steps, scope.registry));
  lenient.push(...placeholderIssues(root), ...beyondFaults([...duplicateIssues(values), ...slotIssues(slots, values.extensionPoints ?? [])], checked.issues), ...commands.lenient);
  if (version >= 2) issues.push(...lenient);
  if (issues.length === 0 && steps.length === 0) issues.push({ path: ["steps"], message: "No step is left to run.", fix: "Every step is the body of a loop; add the loop to the steps." });
  if (issues.length > 0 || values.id === undefined || values.name === undefined || values.version === undefined || values.description === undefined) return { plan: null, issues };
  const { id, name, version: release, description } = values;
  return { plan: planOf({ ...values, id, name, version: release, description }, version, steps, scope, slots), warnings: [...lenient, ...commands.warnings, ...(options.known === undefined ? [] : unknownWorkflows(slots, steps, scope.registry, options.known)), ...deadReferences(values.references ?? [], options.leads)] };
}

function scopeOf(values: Values, topLevel: readonly Json[], findings: Findings, options: CompileOptions, own: string | null): Scope {
  const { features, issues } = featuresOf(values.features ?? [], ["features"]);
  findings.lenient.push(...issues);
  const assessments = (values.assessments ?? []).map(({ id, purpose, dimensions }): [string, Assessment] => [id, { id, purpose, dimensions: dimensions.map((dimension) => ({ ...dimension, required: dimension.required ?? true })) }]);
  return {
    findings,
    registry: { contracts: { ...values.contracts }, assessments: new Map(assessments), ids: new Map(), entries: new Map(), jumps: new Map() },
    routines: options.routines ?? NO_ROUTINES,
    prefix: "",
    modelTier: values.modelTier ?? null,
    features,
    functions: { known: values.functionDefinitions ?? [], used: new Set() },
    origin: { routine: null, features: features.map((feature) => feature.id) },
    expanding: own === null ? [] : [own],
    topLevel,
    bodies: [],
  };
}

function planOf(values: Values & Pick<Plan, "id" | "name" | "version" | "description">, version: number, steps: readonly PlanStep[], scope: Scope, slots: Plan["extensionPoints"]): Plan {
  const profile = values.metricsProfile;
  return {
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
    recommendedRiskPolicy: values.recommendedPreferences?.recommendedRiskPolicy ?? null,
    systemPrompt: values.systemPrompt ?? null,
    ...(values.context === undefined ? {} : { context: values.context }),
    preconditions: values.preconditions ?? [],
    clarificationPrompts: values.clarificationPrompts ?? [],
    metaGuidance: values.metaGuidance ?? [],
    references: (values.references ?? []).map((reference) => ({ ...reference, resolveFrom: reference.resolveFrom ?? "workspace" })),
    contracts: scope.registry.contracts,
    assessments: [...scope.registry.assessments.values()],
    extensionPoints: [...slots],
    definitions: (values.functionDefinitions ?? []).filter((each) => !scope.functions.used.has(each)).map(describeFunction),
    metricsProfile: profile === undefined || profile === "none" ? null : profile,
    steps,
  };
}

/** What is declared twice under one name, so that one of the two could never be meant. */
function duplicateIssues(values: Values): readonly Issue[] {
  return [
    ...twice("assessment", values.assessments ?? [], ["assessments"], "id"),
    ...(values.assessments ?? []).flatMap(({ dimensions }, index) => [
      ...twice("dimension", dimensions, ["assessments", index, "dimensions"], "id"),
      ...dimensions.flatMap(({ levels }, at) => twice("level", levels.map((level) => ({ level })), ["assessments", index, "dimensions", at, "levels"], "level")),
    ]),
    ...twice("reference", values.references ?? [], ["references"], "id"),
    ...twice("extension point", values.extensionPoints ?? [], ["extensionPoints"], "slotId"),
    ...twice("function", values.functionDefinitions ?? [], ["functionDefinitions"], "name"),
  ];
}

/** @param key the member that must differ; for plain words, which have no members in the file, the path ends at the word */
function twice<Key extends "id" | "level" | "slotId" | "name">(what: string, items: readonly { readonly [name in Key]: string }[], path: Path, key: Key): readonly Issue[] {
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const name = item[key];
    if (!seen.has(name)) return seen.add(name) && [];
    return [{ path: [...path, index, ...(key === "level" ? [] : [key])], message: `The ${what} "${name}" is declared twice.`, fix: "Give each its own name, or remove one." }];
  });
}

const deadReferences = (references: NonNullable<Values["references"]>, leads: CompileOptions["leads"] = () => true): readonly Issue[] =>
  references.flatMap(({ source, resolveFrom = "workspace" }, index) => (leads({ source, resolveFrom }) ? [] : [{ path: ["references", index, "source"], message: `There is no "${source}" ${resolveFrom === "package" ? "beside the workflow's file" : "in the workspace"}, yet every session is told to read it.`, fix: "Correct the path, or remove the reference." }]));

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

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
