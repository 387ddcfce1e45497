/** `templateCall`: the steps of a routine in the place of the step that calls it. */
import type { Json, JsonObject } from "../shared/json.ts";
import { beyondFaults, checkFields, overlap } from "./check-fields.ts";
import { checkStandard, standardStep } from "./compile-step.ts";
import type { StepValues } from "./vocabulary-steps.ts";
import { extendFunctions } from "./functions.ts";
import { formatPath, type Issue, type Path, suggestion } from "./issue.ts";
import type { PlanStep, StandardStep } from "./plan.ts";
import { featuresOf } from "./prompt-blocks.ts";
import { type Arguments, asArgument, routineName, templateId, templateRoutine, withArguments } from "./routines.ts";
import { declare, type Findings, type Scope } from "./scope.ts";
import { underCaller } from "./under-caller.ts";
import { workflowFields } from "./vocabulary.ts";

/** Step ids in the record are this long at most. */
const STEP_ID_LIMIT = 128;

type CompileSteps = (raws: readonly Json[], path: Path, scope: Scope) => readonly PlanStep[];
type RoutineValues = ReturnType<typeof checkFields<typeof workflowFields>>["values"];

export function compileTemplateCall(raw: JsonObject, path: Path, scope: Scope, compileSteps: CompileSteps): readonly PlanStep[] {
  const { values, faults } = checkStandard(raw, path, scope);
  const call = values.templateCall;
  const caller = standardStep({ ...values, prompt: "", promptBlocks: undefined }, path, scope);
  if (call === undefined) return [caller];
  const refuse = (at: string, message: string, fix: string): readonly PlanStep[] => {
    scope.findings.issues.push(...beyondFaults([{ path: [...path, "templateCall", at], message, fix }], faults));
    return [caller];
  };
  const { names } = scope.routines;
  // A binding holds the id of a workflow.
  const name = templateRoutine(call.templateId) ?? routineName(call.templateId);
  const found = name === null ? null : scope.routines.find(name);
  if (name === null || found === null) {
    const known = names.map(templateId);
    return refuse("templateId", `There is no template "${call.templateId}".`, `Use one of: ${known.join(", ")}.${suggestion(call.templateId, known)}`);
  }
  if (scope.expanding.includes(name)) return refuse("templateId", `The routine ${name} calls itself: ${[...scope.expanding, name].join(" -> ")}.`, "Take the call out of one of them.");
  if (!found.ok) return refuse("templateId", `The routine ${name} cannot be read: ${found.error}`, "Mend its file.");
  if (faults.some((fault) => overlap(fault.path, [...path, "templateCall"]))) return [caller];
  const args = new Map<string, string>();
  for (const [key, value] of Object.entries(call.args ?? {})) {
    const text = asArgument(value);
    if (text === null) return refuse("args", `The argument "${key}" is not text, a number, true or false.`, "Arguments are put into text; give a plain value.");
    args.set(key, text);
  }
  const steps = expand({ root: found.value.root, file: found.value.file, name, args, caller, audit: values.audit, path }, scope, compileSteps);
  const first = steps[0];
  if (first === undefined) return [caller];
  scope.registry.entries.set(caller.id, first.id);
  return steps;
}

interface Call {
  readonly root: JsonObject;
  readonly file: string;
  readonly name: string;
  readonly args: Arguments;
  readonly caller: StandardStep;
  readonly audit: StepValues["audit"];
  readonly path: Path;
}

function expand(call: Call, scope: Scope, compileSteps: CompileSteps): readonly PlanStep[] {
  const { name, caller, path } = call;
  const findings: Findings = { issues: [], lenient: [] };
  const { values } = checkFields(workflowFields, call.root, []);
  const use = { missing: new Set<string>(), used: new Set<string>() };
  const rawSteps = Array.isArray(call.root["steps"]) ? call.root["steps"] : [];
  const raws = withArguments(rawSteps, call.args, use);
  const features = featuresOf(values.features ?? [], ["features"]).features;
  const inner: Scope = {
    ...scope,
    findings,
    prefix: `${caller.id}.`,
    modelTier: caller.modelTier ?? values.modelTier ?? null,
    features: [...scope.features, ...features.filter((each) => !scope.features.includes(each))],
    functions: extendFunctions(scope.functions, values.functionDefinitions ?? []),
    origin: { routine: name, features: [...new Set([...scope.origin.features, ...features.map((each) => each.id)])] },
    expanding: [...scope.expanding, name],
    topLevel: Array.isArray(raws) ? raws : [],
    bodies: [],
  };
  declareOf(values, inner);
  const steps = compileSteps(inner.topLevel, ["steps"], inner);
  for (const argument of use.missing) findings.issues.push({ path: [], message: `its text wants the argument "${argument}".`, fix: `Add \`${argument}\` to \`args\`.` });
  const elsewhere = (issue: Issue): Issue => ({ path: [...path, "templateCall"], message: `In the routine ${name} (${call.file}${issue.path.length === 0 ? "" : `, ${formatPath(issue.path)}`}): ${issue.message}`, fix: issue.fix });
  scope.findings.issues.push(...findings.issues.map(elsewhere));
  scope.findings.lenient.push(...findings.lenient.map(elsewhere));
  // An argument the routine has no place for still reaches whoever does its first step.
  const unplaced = [...call.args].filter(([key]) => !use.used.has(key)).map(([key, value]) => `${key}: ${value}`);
  const whole = underCaller(steps, call, [...introductionOf(values), ...unplaced], scope);
  for (const step of whole) if (step.id.length > STEP_ID_LIMIT) scope.findings.issues.push({ path: [...path, "id"], message: `The expanded step id "${step.id}" has ${step.id.length} characters; the limit is ${STEP_ID_LIMIT}.`, fix: "Shorten the id of the caller." });
  return whole;
}

/** What the routine declares for its steps becomes part of the plan. */
function declareOf(values: RoutineValues, scope: Scope): void {
  const { contracts, assessments } = scope.registry;
  const clash = (kind: string, name: string) => scope.findings.issues.push({ path: [kind, name], message: `the workflow has another ${kind} entry "${name}".`, fix: "Rename one of them." });
  for (const [name, schema] of Object.entries(values.contracts ?? {})) if (!declare(contracts[name], schema, () => (contracts[name] = schema))) clash("contracts", name);
  for (const { id, purpose, dimensions } of values.assessments ?? []) {
    const assessment = { id, purpose, dimensions: dimensions.map((dimension) => ({ ...dimension, required: dimension.required ?? true })) };
    if (!declare(assessments.get(id), assessment, () => assessments.set(id, assessment))) clash("assessments", id);
  }
}

/** What a routine says for all of its steps stands as guidance of the first. */
const introductionOf = (values: RoutineValues): readonly string[] => [
  ...(values.metaGuidance ?? []),
  ...(values.preconditions ?? []).map((text) => `Must be true before you start: ${text}`),
  ...(values.clarificationPrompts ?? []).map((text) => `Settle first: ${text}`),
  ...(values.references ?? []).map((reference) => `Read where it matters: ${reference.title} (${reference.source}): ${reference.purpose}`),
];
