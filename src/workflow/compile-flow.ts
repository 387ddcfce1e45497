/** Loops, todo lists, parallel steps and context gathering. */
import type { Json, JsonObject } from "../shared/json.ts";
import { checkFields } from "./check-fields.ts";
import { both, confirmationOf, contractIssues, contractOf } from "./compile-step.ts";
import { type Condition, conditionIssues } from "./condition.ts";
import { confirmAfter } from "./confirm.ts";
import { extendFunctions } from "./functions.ts";
import type { Path } from "./issue.ts";
import type { Delegation, GatherStep, Loop, LoopStep, ParallelStep, PlanStep } from "./plan.ts";
import type { Scope } from "./scope.ts";
import { type DelegationText, gatherStepFields, loopStepFields, type LoopText, parallelStepFields, todoListStepFields } from "./vocabulary-steps.ts";

/** Iterations of a loop that says no number (WorkRail's schema). */
const DEFAULT_MAX_ITERATIONS = 100;
/** Loops inside loops: each level multiplies what one decision may have to look at. */
const LOOP_DEPTH_LIMIT = 4;
const LOOP_CONTROL = "wr.contracts.loop_control";

export interface Nested {
  compile(raws: readonly Json[], path: Path, scope: Scope): readonly PlanStep[];
  body(body: string | readonly Json[], path: Path, scope: Scope): readonly PlanStep[];
}

export function compileLoop(raw: JsonObject, path: Path, scope: Scope, nested: Nested): readonly PlanStep[] {
  const { values, issues, unknown } = checkFields(loopStepFields, raw, path);
  scope.findings.issues.push(...issues);
  scope.findings.lenient.push(...unknown);
  const { id, title, loop, body } = values;
  noteConditions(scope, path, { runCondition: values.runCondition, requireConfirmation: confirmationOf(values.requireConfirmation)?.condition, "loop.condition": loop?.condition });
  if (id === undefined || title === undefined || loop === undefined || body === undefined || issues.length > 0) return [];
  const inner: Scope = { ...scope, functions: extendFunctions(scope.functions, (values.functionDefinitions ?? []).map((each) => ({ ...each, scope: "loop" as const }))) };
  const base = { id: `${scope.prefix}${id}`, title, runCondition: values.runCondition ?? null, origin: { ...scope.origin, features: [] } };
  const steps = nested.body(typeof body === "string" ? body : listOf(raw["body"]), [...path, "body"], inner);
  const compiled = loopOf(loop, steps, path, scope);
  if (compiled === null || steps.length === 0) return [];
  if (depthOf(steps) >= LOOP_DEPTH_LIMIT) scope.findings.issues.push({ path, message: `Loops nest deeper than ${LOOP_DEPTH_LIMIT}.`, fix: "Flatten them." });
  const confirm = confirmAfter(base, confirmationOf(values.requireConfirmation), base.id);
  const head = values.parallel === true ? asParallel(base, compiled, steps, values.maxParallel ?? null, path, scope) : { kind: "loop" as const, ...base, loop: compiled, body: withoutNotes(steps, values.notesOptional) };
  return head === null ? [] : [head, ...confirm];
}

const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
const depthOf = (steps: readonly PlanStep[]): number => Math.max(0, ...steps.map((step) => (step.kind === "loop" ? 1 + depthOf(step.body) : 0)));
const withoutNotes = (steps: readonly PlanStep[], notesOptional: boolean | undefined): readonly PlanStep[] => (notesOptional === true ? steps.map((step) => (step.kind === "standard" || step.kind === "parallel" ? { ...step, notesRequired: false } : step)) : steps);

function noteConditions(scope: Scope, path: Path, conditions: Readonly<Record<string, Condition | null | undefined>>): void {
  for (const [at, condition] of Object.entries(conditions)) if (condition !== null && condition !== undefined) scope.findings.lenient.push(...conditionIssues(condition, [...path, ...at.split(".")]));
}

/** Whose word ends the loop, and what it counts; null when the author left it out. */
function loopOf(text: LoopText, body: readonly PlanStep[], path: Path, scope: Scope): Loop | null {
  const at: Path = [...path, "loop"];
  const missing = (field: string, fix: string): null => {
    scope.findings.issues.push({ path: at, message: `A ${text.type} loop needs \`${field}\`.`, fix });
    return null;
  };
  const source = text.conditionSource;
  const maxIterations = Math.floor(text.maxIterations ?? DEFAULT_MAX_ITERATIONS);
  const loop: Loop = {
    type: text.type,
    maxIterations,
    decidedBy: null,
    condition: source?.kind === "context_variable" ? source.condition : (text.condition ?? null),
    loopId: source?.kind === "artifact_contract" ? (source.loopId ?? null) : null,
    count: text.count ?? null,
    items: text.items ?? null,
    iterationVar: text.iterationVar ?? "currentIteration",
    itemVar: text.itemVar ?? "currentItem",
    indexVar: text.indexVar ?? "currentIndex",
  };
  switch (text.type) {
    case "while":
    case "until": {
      const controlled = body.some(givesLoopControl);
      if (source?.kind === "artifact_contract" && source.contractRef !== LOOP_CONTROL) return missing("conditionSource", `Only ${LOOP_CONTROL} decides a loop.`);
      if (source?.kind === "artifact_contract" && !controlled) scope.findings.lenient.push({ path: [...at, "conditionSource"], message: `No step of the body hands over ${LOOP_CONTROL}, so nothing would end the loop.`, fix: `Give a step of the body \`outputContract: { contractRef: ${LOOP_CONTROL} }\`.` });
      if (source === undefined && text.condition === undefined && !controlled) return missing("condition", "Add `condition`, or a body step with a loop control contract.");
      return { ...loop, decidedBy: source?.kind === "context_variable" || (source === undefined && !controlled) ? "condition" : "artifact" };
    }
    case "for":
      if (text.count === undefined) return missing("count", "Give a number, or the name of a context value that holds one.");
      if (typeof text.count === "number" && text.count > maxIterations) scope.findings.lenient.push({ path: [...at, "count"], message: `The loop counts to ${text.count} but may run ${maxIterations} times.`, fix: "Raise `maxIterations` or lower `count`." });
      return loop;
    case "forEach":
      return text.items === undefined ? missing("items", "Name the context value that holds the list.") : loop;
  }
}

const givesLoopControl = (step: PlanStep): boolean =>
  step.kind === "standard" ? step.contract?.ref === LOOP_CONTROL : step.kind === "parallel" ? step.synthesis?.contract?.ref === LOOP_CONTROL : step.kind === "loop" && step.body.some(givesLoopControl);

/** A forEach whose items are all given to children at once. */
function asParallel(base: Pick<LoopStep, "id" | "title" | "runCondition" | "origin">, loop: Loop, body: readonly PlanStep[], maxParallel: number | null, path: Path, scope: Scope): ParallelStep | null {
  const [only, more] = body;
  if (loop.type !== "forEach" || loop.items === null || only?.kind !== "parallel" || more !== undefined) {
    scope.findings.issues.push({ path: [...path, "parallel"], message: "Only a forEach whose body is one parallel step can run its items side by side.", fix: "Put the work of an item into a workflow of its own and delegate to it, or leave `parallel` out." });
    return null;
  }
  const { items, maxIterations, iterationVar, itemVar, indexVar } = loop;
  return { ...only, ...base, maxParallel: maxParallel ?? only.maxParallel, runCondition: both(base.runCondition, only.runCondition), forEach: { items, maxIterations, iterationVar, itemVar, indexVar } };
}

export function compileTodoList(raw: JsonObject, path: Path, scope: Scope, nested: Nested): readonly PlanStep[] {
  const { values, issues, unknown } = checkFields(todoListStepFields, raw, path);
  scope.findings.issues.push(...issues);
  scope.findings.lenient.push(...unknown);
  const { id, title, produces, body } = values;
  if (id === undefined || title === undefined || produces === undefined || body === undefined || issues.length > 0) return [];
  const source = typeof produces === "string" ? scope.topLevel.find((each) => isObject(each) && each["id"] === produces) : raw["produces"];
  if (!isObject(source)) {
    scope.findings.issues.push({ path: [...path, "produces"], message: `There is no step ${JSON.stringify(produces)} at the top of the file.`, fix: "Name a step that stands before this one, or write the step here." });
    return [];
  }
  const declared = isObject(source["produces"]) ? source["produces"] : {};
  const items = values.items ?? Object.keys(declared)[0] ?? `${id}_items`;
  const { iterationVar, itemVar, indexVar, requireConfirmation, functionDefinitions, maxIterations, runCondition } = values;
  const loop = { type: "forEach", items, ...defined({ maxIterations, iterationVar, itemVar, indexVar }) };
  const loopRaw: JsonObject = { id, type: "loop", title, loop, body: raw["body"] ?? [], ...defined({ requireConfirmation: requireConfirmation === undefined ? undefined : raw["requireConfirmation"], functionDefinitions: functionDefinitions === undefined ? undefined : raw["functionDefinitions"], runCondition: runCondition === undefined ? undefined : raw["runCondition"] }) };
  const run = compileLoop(loopRaw, path, scope, nested);
  if (typeof produces === "string") return run;
  const producer: JsonObject = { ...source, produces: { [items]: { type: "array" }, ...declared } };
  const first = nested.compile([producer], [...path, "produces"], scope).map((step) => ({ ...step, runCondition: both(runCondition ?? null, step.runCondition) }));
  return [...first, ...run];
}

const isObject = (value: Json | undefined): value is JsonObject => value !== null && typeof value === "object" && !Array.isArray(value);
const defined = (members: Readonly<Record<string, Json | undefined>>): JsonObject => Object.fromEntries(Object.entries(members).flatMap(([key, value]): [string, Json][] => (value === undefined ? [] : [[key, value]])));

export function compileParallel(raw: JsonObject, path: Path, scope: Scope): readonly ParallelStep[] {
  const { values, issues, unknown } = checkFields(parallelStepFields, raw, path);
  const synthesis = values.synthesis;
  const contract = contractIssues(synthesis?.outputContract, [...path, "synthesis", "outputContract"], scope);
  scope.findings.issues.push(...issues, ...contract);
  scope.findings.lenient.push(...unknown);
  noteConditions(scope, path, { runCondition: values.runCondition, requireConfirmation: confirmationOf(values.requireConfirmation)?.condition });
  for (const [index, delegation] of (values.parallelDelegations ?? []).entries()) noteConditions(scope, [...path, "parallelDelegations", index], { runCondition: delegation.runCondition });
  const { id, title, parallelDelegations } = values;
  if (id === undefined || title === undefined || parallelDelegations === undefined || issues.length > 0 || contract.length > 0) return [];
  const step: ParallelStep = {
    kind: "parallel",
    id: `${scope.prefix}${id}`,
    title,
    runCondition: values.runCondition ?? null,
    delegations: parallelDelegations.map(delegationOf),
    forEach: null,
    maxParallel: values.maxParallel ?? null,
    synthesis: synthesis === undefined ? null : { prompt: synthesis.prompt ?? null, contract: contractOf(synthesis.outputContract) },
    notesRequired: values.notesOptional !== true && synthesis?.outputContract === undefined,
    confirmation: confirmationOf(values.requireConfirmation),
    modelTier: scope.modelTier,
    origin: { ...scope.origin, features: [] },
  };
  return [step];
}

const delegationOf = (text: DelegationText): Delegation => ({
  workflowId: text.workflowId,
  goal: text.goal ?? null,
  runCondition: text.runCondition ?? null,
  contextMapping: text.contextMapping ?? {},
  args: text.args ?? {},
  modelTier: text.modelTier ?? null,
  allowedTools: text.allowedTools ?? null,
});

export function compileGather(raw: JsonObject, path: Path, scope: Scope): readonly PlanStep[] {
  const { values, issues, unknown } = checkFields(gatherStepFields, raw, path);
  scope.findings.issues.push(...issues);
  scope.findings.lenient.push(...unknown);
  noteConditions(scope, path, { runCondition: values.runCondition });
  const { id, title, contextType, outputVar } = values;
  if (id === undefined || title === undefined || contextType === undefined || outputVar === undefined || issues.length > 0) return [];
  const sources = values.sources ?? ["injected" as const, { kind: "local_paths" as const, paths: [`.worktrain/context/${contextType}.md`] }, "task_url" as const];
  return [
    {
      kind: "gather",
      id: `${scope.prefix}${id}`,
      title,
      runCondition: values.runCondition ?? null,
      contextType,
      outputVar,
      optional: values.optional ?? false,
      sources: sources.flatMap((source): GatherStep["sources"] => {
        const kind = typeof source === "string" ? source : source.kind;
        if (kind === "task_url") return [{ kind: "task_url" as const }];
        if (typeof source === "object" && source.kind === "local_paths") return source.paths.map((file) => ({ kind: "local_path" as const, path: file }));
        return [{ kind: "injected" as const, key: (typeof source === "object" && source.kind === "injected" ? source.key : undefined) ?? outputVar }];
      }),
      origin: { ...scope.origin, features: [] },
    },
  ];
}
