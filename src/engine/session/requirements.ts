import type { Blocker, StepOutput } from "../../record/index.ts";
import type { JsonObject } from "../../shared/json.ts";
import { BUILT_IN_CONTRACTS, isBuiltInContract, type JsonSchema, jsonSchemaOf, type Plan, type PlanStep, type StandardStep, zodOf } from "../../workflow/index.ts";
import { accountBlockers, accountSchema } from "./accounting.ts";
import { assessmentBlockers, assessmentRequirements } from "./assessments.ts";
import { criteriaBlockers, notesSchema } from "./criteria.ts";
import { isKnownLoop, LOOP_CONTROL, loopNames } from "./loops.ts";
import { placeOf } from "./outline.ts";
import { valuesAt } from "./rendered-step.ts";
import type { SessionNode, SessionStart } from "./state.ts";
import { workOf } from "./work.ts";

/** What a step wants handed over. `schema` is JSON Schema, so a client can fill it in without knowing the workflow. */
export type Requirement =
  /** `schema` says of the workflow's criteria what JSON Schema can say. */
  | { readonly kind: "notes"; readonly schema: JsonSchema }
  /** Sent as an artifact `wr.contracts.assessment`. */
  | { readonly kind: "assessment"; readonly ref: string; readonly schema: JsonSchema }
  | { readonly kind: "artifact"; readonly ref: string; readonly required: boolean; readonly schema: JsonSchema }
  | { readonly kind: "context"; readonly key: string; readonly schema: JsonSchema };

/** The schema an artifact of this kind must satisfy, or null when neither the file nor WorkTrain has such a contract. */
export function contractSchema(plan: Plan, ref: string) {
  if (isBuiltInContract(ref)) return BUILT_IN_CONTRACTS[ref];
  const declared = declaredContract(plan, ref);
  return declared === null ? null : zodOf(declared);
}

const declaredContract = (plan: Plan, ref: string): JsonSchema | null => (Object.hasOwn(plan.contracts, ref) ? (plan.contracts[ref] ?? null) : null);

/** What must come with the next submission of the node's step; keys of `requires` that its context already has rightly are left out. */
export function requirementsOf(plan: Plan, planStep: PlanStep, node: SessionNode, start: SessionStart): readonly Requirement[] {
  if (planStep.kind === "loop") return loopRequirements(planStep, node);
  if (planStep.kind === "parallel" && node.children === null) return listRequirement(planStep.forEach?.items ?? null, { type: "array", maxItems: planStep.forEach?.maxIterations });
  const step = workOf(planStep);
  const requirements: Requirement[] = [];
  if (step.notesRequired || step.criteria !== null) requirements.push({ kind: "notes", schema: notesSchema(step.criteria, step.notesRequired, valuesAt(start, node)) });
  if (step.contract !== null) requirements.push({ kind: "artifact", ref: step.contract.ref, required: step.contract.required, schema: accountSchema(step.contract, node, artifactSchema(plan, step)) });
  requirements.push(...assessmentRequirements(plan, step));
  for (const [key, schema] of Object.entries(step.requires)) {
    if (!Object.hasOwn(step.produces, key) && contextBlocker(key, schema, node.context) !== null) requirements.push({ kind: "context", key, schema });
  }
  for (const [key, schema] of Object.entries(step.produces)) requirements.push({ kind: "context", key, schema });
  return requirements;
}

/** What lets a loop go on that cannot by itself: a list or a count of the right shape, or word that it is to end. */
function loopRequirements({ loop, id }: Extract<PlanStep, { kind: "loop" }>, node: SessionNode): readonly Requirement[] {
  if (node.loops.at(-1)?.loopId === id) {
    const schema = { type: "object", properties: { decision: { type: "string", enum: ["stop"] }, metadata: { type: "object", properties: { reason: { type: "string" } } } }, required: ["decision"] };
    return [{ kind: "artifact", ref: LOOP_CONTROL, required: true, schema }];
  }
  return loop.type === "forEach" ? listRequirement(loop.items, { type: "array" }) : listRequirement(typeof loop.count === "string" ? loop.count : null, { type: "integer", minimum: 0 });
}

/** A context value by its dotted path: what is asked for is the key at its root. */
function listRequirement(path: string | null, schema: JsonSchema): readonly Requirement[] {
  const [key, ...rest] = (path ?? "").split(".");
  if (key === undefined || key === "") return [];
  return [{ kind: "context", key, schema: rest.reduceRight<JsonSchema>((inner, part) => ({ type: "object", properties: { [part]: inner }, required: [part] }), schema) }];
}

const builtIn = new Map<string, JsonObject>();

function artifactSchema(plan: Plan, step: StandardStep): JsonSchema {
  const { ref = "", requireFields = [] } = step.contract ?? {};
  const schema = isBuiltInContract(ref) ? builtInSchema(ref) : (declaredContract(plan, ref) ?? {});
  return requireFields.reduce<JsonSchema>((whole, field) => requiring(whole, field.split(".")), schema);
}

/** The schema with a field required; the path after it leads into each entry of a list. */
function requiring(schema: JsonSchema, [field = "", ...rest]: readonly string[]): JsonSchema {
  if (rest.length === 0) return { ...schema, required: [...new Set([...texts(schema["required"]), field])] };
  const properties = objectOf(schema["properties"]);
  const list = objectOf(properties[field]);
  return { ...schema, properties: { ...properties, [field]: { ...list, items: requiring(objectOf(list["items"]), rest) } } };
}

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
const objectOf = (value: unknown): JsonSchema => (typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {});

function builtInSchema(ref: keyof typeof BUILT_IN_CONTRACTS): JsonObject {
  const known = builtIn.get(ref);
  if (known !== undefined) return known;
  const schema = jsonSchemaOf(BUILT_IN_CONTRACTS[ref]);
  builtIn.set(ref, schema);
  return schema;
}

/** Everything that keeps a submission from completing its step, verification and gate aside. */
export function blockersOf(plan: Plan, step: StandardStep, node: SessionNode, output: StepOutput, start: SessionStart): readonly Blocker[] {
  const blockers: Blocker[] = [];
  if (step.notesRequired && output.notes.trim() === "") {
    blockers.push({ code: "notes-missing", message: "The notes are empty.", fix: "Say in at least one line what was done and found." });
  }
  if (step.criteria !== null) blockers.push(...criteriaBlockers(step.criteria, output.notes, valuesAt(start, { ...node, output })));
  for (const artifact of output.artifacts) blockers.push(...artifactBlockers(plan, step, artifact), ...loopControlBlockers(plan, node, artifact));
  blockers.push(...assessmentBlockers(plan, step, output));
  const contract = step.contract;
  if (contract?.required === true && !output.artifacts.some((artifact) => artifact.contractRef === contract.ref)) {
    blockers.push({ code: "artifact-missing", message: `The artifact ${contract.ref} is missing.`, fix: `Send an artifact ${contract.ref} with a value that fits its schema.` });
  }
  blockers.push(...accountBlockers(contract, node, output.artifacts.find((artifact) => artifact.contractRef === contract?.ref)?.value));
  const context = { ...node.context, ...output.context };
  for (const [key, schema] of Object.entries({ ...step.requires, ...step.produces })) {
    const blocker = contextBlocker(key, schema, Object.hasOwn(step.produces, key) ? output.context : context);
    if (blocker !== null) blockers.push(blocker);
  }
  return blockers;
}

/** Issues told of one value: more would drown the rest. */
const ISSUE_LIMIT = 20;

/** A loop control that names a loop must name one that the step stands in. */
function loopControlBlockers(plan: Plan, node: SessionNode, { contractRef, value }: StepOutput["artifacts"][number]): readonly Blocker[] {
  if (contractRef !== LOOP_CONTROL || typeof value !== "object" || value === null || Array.isArray(value)) return [];
  const named = value["loopId"];
  const around = placeOf(plan, node.stepId)?.loops ?? [];
  if (typeof named !== "string" || around.length === 0 || isKnownLoop(around, named)) return [];
  return [{ code: "loop-unknown", message: `The step stands in no loop "${named}".`, fix: `Leave \`loopId\` out, or use one of: ${loopNames(around).join(", ")}.` }];
}

function artifactBlockers(plan: Plan, step: StandardStep, artifact: StepOutput["artifacts"][number]): readonly Blocker[] {
  const { contractRef, value } = artifact;
  const parsed = contractSchema(plan, contractRef)?.safeParse(value);
  const problems = parsed === undefined || parsed.success ? [] : parsed.error.issues.slice(0, ISSUE_LIMIT).map((issue) => problem(issue.path, issue.message));
  const wanted = step.contract?.ref === contractRef ? step.contract.requireFields : [];
  for (const field of wanted) problems.push(...missing(value, field.split(".")).map((path) => problem(path, "is missing")));
  if (problems.length === 0) return [];
  return [{ code: "artifact-invalid", message: `The artifact ${contractRef} does not fit its contract: ${problems.join("; ")}.`, fix: "Correct these fields and send the whole artifact again." }];
}

/** Where a field is not there; a path leads into each entry of a list, where a text of white space says nothing either. */
function missing(value: unknown, [field = "", ...rest]: readonly string[], isEntry = false): readonly (readonly PropertyKey[])[] {
  const fields = objectOf(value);
  const found = fields[field];
  const blank = isEntry && typeof found === "string" && found.trim() === "";
  if (!Object.hasOwn(fields, field) || blank) return [[field]];
  if (rest.length === 0 || !Array.isArray(found)) return [];
  return found.flatMap((entry, index) => missing(entry, rest, true).map((path) => [field, index, ...path])).slice(0, ISSUE_LIMIT);
}

const problem = (path: readonly PropertyKey[], message: string): string => (path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`);

function contextBlocker(key: string, schema: JsonSchema, context: JsonObject): Blocker | null {
  if (!Object.hasOwn(context, key)) return { code: "context-missing", message: `The context value "${key}" is missing.`, fix: `Send it in the context as ${JSON.stringify(schema)}.` };
  const parsed = zodOf(schema).safeParse(context[key]);
  if (parsed.success) return null;
  const problems = parsed.error.issues.slice(0, ISSUE_LIMIT).map((issue) => problem(issue.path, issue.message));
  return { code: "context-invalid", message: `The context value "${key}" does not fit: ${problems.join("; ")}.`, fix: `Send it as ${JSON.stringify(schema)}.` };
}
