import type { Blocker, StepOutput } from "../../record/index.ts";
import type { JsonObject } from "../../shared/json.ts";
import { BUILT_IN_CONTRACTS, isBuiltInContract, type JsonSchema, jsonSchemaOf, type Plan, type PlanStep, zodOf } from "../../workflow/index.ts";
import type { SessionNode } from "./state.ts";

/** What a step wants handed over. `schema` is JSON Schema, so a client can fill it in without knowing the workflow. */
export type Requirement =
  | { readonly kind: "notes" }
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
export function requirementsOf(plan: Plan, step: PlanStep, node: SessionNode): readonly Requirement[] {
  const requirements: Requirement[] = [];
  if (step.notesRequired) requirements.push({ kind: "notes" });
  if (step.contract !== null) requirements.push({ kind: "artifact", ref: step.contract.ref, required: step.contract.required, schema: artifactSchema(plan, step) });
  for (const [key, schema] of Object.entries(step.requires)) {
    if (!Object.hasOwn(step.produces, key) && contextBlocker(key, schema, node.context) !== null) requirements.push({ kind: "context", key, schema });
  }
  for (const [key, schema] of Object.entries(step.produces)) requirements.push({ kind: "context", key, schema });
  return requirements;
}

const builtIn = new Map<string, JsonObject>();

function artifactSchema(plan: Plan, step: PlanStep): JsonSchema {
  const { ref = "", requireFields = [] } = step.contract ?? {};
  const schema = isBuiltInContract(ref) ? builtInSchema(ref) : (declaredContract(plan, ref) ?? {});
  if (requireFields.length === 0) return schema;
  const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : [];
  return { ...schema, required: [...new Set([...required, ...requireFields])] };
}

function builtInSchema(ref: keyof typeof BUILT_IN_CONTRACTS): JsonObject {
  const known = builtIn.get(ref);
  if (known !== undefined) return known;
  const schema = jsonSchemaOf(BUILT_IN_CONTRACTS[ref]);
  builtIn.set(ref, schema);
  return schema;
}

/** Everything that keeps a submission from completing its step, verification and gate aside. */
export function blockersOf(plan: Plan, step: PlanStep, node: SessionNode, output: StepOutput): readonly Blocker[] {
  const blockers: Blocker[] = [];
  if (step.notesRequired && output.notes.trim() === "") {
    blockers.push({ code: "notes-missing", message: "The notes are empty.", fix: "Say in at least one line what was done and found." });
  }
  for (const artifact of output.artifacts) blockers.push(...artifactBlockers(plan, step, artifact));
  const contract = step.contract;
  if (contract?.required === true && !output.artifacts.some((artifact) => artifact.contractRef === contract.ref)) {
    blockers.push({ code: "artifact-missing", message: `The artifact ${contract.ref} is missing.`, fix: `Send an artifact with contractRef "${contract.ref}" and a value that fits its schema.` });
  }
  const context = { ...node.context, ...output.context };
  for (const [key, schema] of Object.entries({ ...step.requires, ...step.produces })) {
    const blocker = contextBlocker(key, schema, Object.hasOwn(step.produces, key) ? output.context : context);
    if (blocker !== null) blockers.push(blocker);
  }
  return blockers;
}

/** Issues told of one value: more would drown the rest. */
const ISSUE_LIMIT = 20;

function artifactBlockers(plan: Plan, step: PlanStep, artifact: StepOutput["artifacts"][number]): readonly Blocker[] {
  const { contractRef, value } = artifact;
  const parsed = contractSchema(plan, contractRef)?.safeParse(value);
  const problems = parsed === undefined || parsed.success ? [] : parsed.error.issues.slice(0, ISSUE_LIMIT).map((issue) => problem(issue.path, issue.message));
  const wanted = step.contract?.ref === contractRef ? step.contract.requireFields : [];
  const fields = typeof value === "object" && value !== null ? value : {};
  for (const field of wanted) if (!Object.hasOwn(fields, field)) problems.push(problem([field], "is missing"));
  if (problems.length === 0) return [];
  return [{ code: "artifact-invalid", message: `The artifact ${contractRef} does not fit its contract: ${problems.join("; ")}.`, fix: "Correct these fields and send the whole artifact again." }];
}

const problem = (path: readonly PropertyKey[], message: string): string => (path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`);

function contextBlocker(key: string, schema: JsonSchema, context: JsonObject): Blocker | null {
  if (!Object.hasOwn(context, key)) return { code: "context-missing", message: `The context value "${key}" is missing.`, fix: `Send it in the context as ${JSON.stringify(schema)}.` };
  const parsed = zodOf(schema).safeParse(context[key]);
  if (parsed.success) return null;
  const problems = parsed.error.issues.slice(0, ISSUE_LIMIT).map((issue) => problem(issue.path, issue.message));
  return { code: "context-invalid", message: `The context value "${key}" does not fit: ${problems.join("; ")}.`, fix: `Send it as ${JSON.stringify(schema)}.` };
}
