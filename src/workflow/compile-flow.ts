/** Loops, todo lists, parallel steps and context gathering. */
import type { Json, JsonObject } from "../shared/json.ts";
import { beyondFaults, checkFields, overlap } from "./check-fields.ts";
import { both, confirmationOf, contractIssues, contractOf } from "./compile-step.ts";
import { type Condition, conditionIssues } from "./condition.ts";
import { confirmAfter } from "./confirm.ts";
import { extendFunctions } from "./functions.ts";
import type { Issue, Path } from "./issue.ts";
import type { Delegation, GatherStep, Loop, LoopStep, ParallelStep, PlanStep } from "./plan.ts";
import { type Findings, type Scope, stepIdOf } from "./scope.ts";
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
  const guarded = beside(scope, issues);
  const { title = "", loop, runCondition, requireConfirmation } = values;
  noteConditions(guarded, path, { runCondition, requireConfirmation: confirmationOf(requireConfirmation)?.condition, "loop.condition": loop?.condition });
  const inner: Scope = { ...scope, functions: extendFunctions(scope.functions, (values.functionDefinitions ?? []).map((each) => ({ ...each, scope: "loop" as const }))) };
  const base = { id: `${scope.prefix}${stepIdOf(raw, path)}`, title, runCondition: runCondition ?? null, origin: { ...scope.origin, features: [] } };
  const steps = nested.body(typeof raw["body"] === "string" ? raw["body"] : listOf(raw["body"]), [...path, "body"], inner);
  // Of a type there is not nobody knows what it needs.
  const sure = !issues.some((issue) => overlap(issue.path, [...path, "loop", "type"]));
  const compiled = loopOf(loop ?? { type: "while" }, steps, path, sure ? guarded : { ...scope, findings: { issues: [], lenient: [] } });
  guarded.settle();
  if (depthOf(steps) >= LOOP_DEPTH_LIMIT) scope.findings.issues.push({ path, message: `Loops nest deeper than ${LOOP_DEPTH_LIMIT}.`, fix: "Flatten them." });
  const confirm = confirmAfter(base, confirmationOf(requireConfirmation), base.id);
  const plain: LoopStep = { kind: "loop", ...base, loop: compiled, body: withoutNotes(steps, values.notesOptional) };
  const { parallel, maxParallel } = { ...loop, ...values };
  const head = parallel === true ? asParallel(base, compiled, steps, maxParallel ?? null, values.parallel === true ? path : [...path, "loop"], scope) : plain;
  return [head ?? plain, ...confirm];
}

/** A scope whose findings wait until `settle`: of them those are kept that speak of another place than the faults do. */
function beside(scope: Scope, faults: readonly Issue[]): Scope & { settle(): void } {
  const findings: Findings = { issues: [], lenient: [] };
  const settle = (): void => {
    scope.findings.issues.push(...beyondFaults(findings.issues, faults));
    scope.findings.lenient.push(...beyondFaults(findings.lenient, faults));
  };
  return { ...scope, findings, settle };
}

const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
const depthOf = (steps: readonly PlanStep[]): number => Math.max(0, ...steps.map((step) => (step.kind === "loop" ? 1 + depthOf(step.body) : 0)));
const withoutNotes = (steps: readonly PlanStep[], notesOptional: boolean | undefined): readonly PlanStep[] => (notesOptional === true ? steps.map((step) => (step.kind === "standard" || step.kind === "parallel" ? { ...step, notesRequired: false } : step)) : steps);

function noteConditions(scope: Scope, path: Path, conditions: Readonly<Record<string, Condition | null | undefined>>): void {
  for (const [at, condition] of Object.entries(conditions)) if (condition !== null && condition !== undefined) scope.findings.lenient.push(...conditionIssues(condition, [...path, ...at.split(".")]));
}

/** Whose word ends the loop, and what it counts; what the author left out goes to the findings. */
function loopOf(text: LoopText, body: readonly PlanStep[], path: Path, scope: Scope): Loop {
  const { findings } = scope;
  const at: Path = [...path, "loop"];
  const missing = (field: string, fix: string): void => void findings.issues.push({ path: [...at, field], message: `A ${text.type} loop needs \`${field}\`.`, fix });
  findings.lenient.push(...numberIssues(text, at), ...strayIssues(text, at));
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
      if (source?.kind === "artifact_contract" && source.contractRef !== LOOP_CONTROL) missing("conditionSource", `Only ${LOOP_CONTROL} decides a loop.`);
      else if (source?.kind === "artifact_contract" && !controlled) findings.lenient.push({ path: [...at, "conditionSource"], message: `No step of the body hands over ${LOOP_CONTROL}, so nothing would end the loop.`, fix: `Give a step of the body \`outputContract: { contractRef: ${LOOP_CONTROL} }\`.` });
      if (source === undefined && text.condition === undefined && !controlled) missing("condition", "Add `condition`, or a body step with a loop control contract.");
      return { ...loop, decidedBy: source?.kind === "context_variable" || (source === undefined && !controlled) ? "condition" : "artifact" };
    }
    case "for":
      if (text.count === undefined) missing("count", "Give a number, or the name of a context value that holds one.");
      if (typeof text.count === "number" && text.count > maxIterations) findings.lenient.push({ path: [...at, "count"], message: `The loop counts to ${text.count} but may run ${maxIterations} times.`, fix: "Raise `maxIterations` or lower `count`." });
      return loop;
    case "forEach":
      if (text.items === undefined) missing("items", "Name the context value that holds the list.");
      return loop;
  }
}

/** Nothing runs half a time. */
const numberIssues = (text: LoopText, path: Path): readonly Issue[] =>
  (["count", "maxIterations"] as const).flatMap((field) => {
    const value = text[field];
    return typeof value !== "number" || Number.isInteger(value) ? [] : [{ path: [...path, field], message: `\`${field}\` is ${value}; the loop would take ${Math.floor(value)}.`, fix: "Write a whole number." }];
  });

/** What each type of loop passes over. */
const WITHOUT_FORCE = {
  while: ["count", "items", "itemVar", "indexVar"],
  until: ["count", "items", "itemVar", "indexVar"],
  for: ["items", "itemVar", "indexVar", "condition", "conditionSource"],
  forEach: ["count", "condition", "conditionSource"],
} as const satisfies Record<LoopText["type"], readonly (keyof LoopText)[]>;

const isStray = (text: LoopText, field: (typeof WITHOUT_FORCE)[LoopText["type"]][number]): boolean => (field === "conditionSource" ? text.conditionSource?.kind === "context_variable" : text[field] !== undefined);

const strayIssues = (text: LoopText, path: Path): readonly Issue[] =>
  WITHOUT_FORCE[text.type].flatMap((field) => (!isStray(text, field) ? [] : [{ path: [...path, field], at: "key" as const, message: `\`${field}\` has no force in a ${text.type} loop.`, fix: "Remove it, or use the type of loop it belongs to." }]));

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
  const { title = "Todo" } = values;
  const id = stepIdOf(raw, path);
  const produces = raw["produces"];
  const source = typeof produces === "string" ? scope.topLevel.find((each) => isObject(each) && each["id"] === produces) : produces;
  if (typeof produces === "string" && source === undefined) scope.findings.issues.push({ path: [...path, "produces"], message: `There is no step ${JSON.stringify(produces)} at the top of the file.`, fix: "Name a step that stands before this one, or write the step here." });
  const declared = isObject(source) && isObject(source["produces"]) ? source["produces"] : {};
  const items = values.items ?? Object.keys(declared)[0] ?? `${id}_items`;
  const { iterationVar, itemVar, indexVar, requireConfirmation, functionDefinitions, maxIterations, runCondition } = values;
  const loop = { type: "forEach", items, ...defined({ maxIterations, iterationVar, itemVar, indexVar }) };
  const loopRaw: JsonObject = { id, type: "loop", title, loop, body: raw["body"] ?? [], ...defined({ requireConfirmation: requireConfirmation === undefined ? undefined : raw["requireConfirmation"], functionDefinitions: functionDefinitions === undefined ? undefined : raw["functionDefinitions"], runCondition: runCondition === undefined ? undefined : raw["runCondition"] }) };
  const run = compileLoop(loopRaw, path, scope, nested);
  if (typeof produces === "string" || !isObject(source)) return run;
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
  scope.findings.issues.push(...issues, ...beyondFaults(contract, issues));
  scope.findings.lenient.push(...unknown);
  const guarded = beside(scope, issues);
  noteConditions(guarded, path, { runCondition: values.runCondition, requireConfirmation: confirmationOf(values.requireConfirmation)?.condition });
  const { title = "", parallelDelegations = [] } = values;
  for (const [index, delegation] of parallelDelegations.entries()) noteConditions(guarded, [...path, "parallelDelegations", index], { runCondition: delegation.runCondition });
  guarded.settle();
  const step: ParallelStep = {
    kind: "parallel",
    id: `${scope.prefix}${stepIdOf(raw, path)}`,
    title,
    runCondition: values.runCondition ?? null,
    delegations: parallelDelegations.map(delegationOf),
    forEach: null,
    maxParallel: values.maxParallel ?? null,
    synthesis: synthesis === undefined ? null : { prompt: synthesis.prompt ?? null, contract: contractOf(synthesis.outputContract, scope) },
    notesRequired: values.notesOptional !== true && synthesis?.outputContract === undefined,
    confirmation: confirmationOf(values.requireConfirmation),
    modelTier: scope.modelTier,
    allowedTools: values.allowedTools ?? null,
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
  const guarded = beside(scope, issues);
  noteConditions(guarded, path, { runCondition: values.runCondition });
  guarded.settle();
  const { title = "", contextType = "", outputVar = "" } = values;
  const sources = values.sources ?? ["injected" as const, { kind: "local_paths" as const, paths: [`.worktrain/context/${contextType}.md`] }, "task_url" as const];
  return [
    {
      kind: "gather",
      id: `${scope.prefix}${stepIdOf(raw, path)}`,
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
