/** A list of steps as the author wrote it to the steps that run: each type its way, template calls expanded, bodies put in. */
import type { Json, JsonObject } from "../shared/json.ts";
import { unreachable } from "../shared/unreachable.ts";
import { compileGather, compileLoop, compileParallel, compileTodoList } from "./compile-flow.ts";
import { compileStandard, standardStep } from "./compile-step.ts";
import { compileTemplateCall } from "./compile-template.ts";
import { formatPath, type Path, suggestion } from "./issue.ts";
import type { PlanStep } from "./plan.ts";
import { claimId, type Scope, STEP_LIMIT, stepIdOf } from "./scope.ts";

const TYPES = ["standard", "loop", "parallel", "todoList", "context-gather"] as const;
type StepType = (typeof TYPES)[number];
const isStepType = (type: Json): type is StepType => TYPES.some((each) => each === type);
const isMapping = (value: Json | undefined): value is JsonObject => value !== null && typeof value === "object" && !Array.isArray(value);

/** The steps of one list; what is wrong with them goes to the scope's findings. */
export const compileSteps = (raws: readonly Json[], path: Path, scope: Scope): readonly PlanStep[] => few(raws, path, scope).flatMap((raw, index) => compileOne(raw, [...path, index], scope));

function few(raws: readonly Json[], path: Path, scope: Scope): readonly Json[] {
  if (raws.length <= STEP_LIMIT) return raws;
  scope.findings.issues.push({ path, message: `There are ${raws.length} steps here; the limit is ${STEP_LIMIT}.`, fix: "Split the workflow." });
  return raws.slice(0, 1);
}

function compileOne(raw: Json, path: Path, scope: Scope): readonly PlanStep[] {
  if (!isMapping(raw)) {
    scope.findings.issues.push({ path, message: "A step must be a mapping.", fix: "Give it id, title and prompt." });
    return [];
  }
  const type = raw["type"] ?? "standard";
  const id = stepIdOf(raw, path);
  claimId(scope, `${scope.prefix}${id}`, path);
  if (!isStepType(type)) {
    scope.findings.issues.push({ path: [...path, "type"], message: `There is no step type ${JSON.stringify(type)}.`, fix: `Use one of: ${TYPES.join(", ")}.${typeof type === "string" ? suggestion(type, TYPES) : ""}` });
    return [standardStep({ id, title: "" }, path, scope)];
  }
  const nested = { compile: (steps: readonly Json[], at: Path, inner: Scope) => compileSteps(steps, at, inner), body: compileBody };
  switch (type) {
    case "standard":
      return Object.hasOwn(raw, "templateCall") ? compileTemplateCall(raw, path, scope, compileTopLevel) : compileStandard(raw, path, scope);
    case "loop":
      return compileLoop(raw, path, scope, nested);
    case "parallel":
      return compileParallel(raw, path, scope);
    case "todoList":
      return compileTodoList(raw, path, scope, nested);
    case "context-gather":
      return compileGather(raw, path, scope);
    default:
      return unreachable(type);
  }
}

/** A loop's body: steps written there, or a step of the file by its id. */
function compileBody(body: string | readonly Json[], path: Path, scope: Scope): readonly PlanStep[] {
  if (typeof body !== "string") return compileSteps(body, path, scope);
  const ids = scope.topLevel.map(idOf);
  const index = ids.indexOf(body);
  const raw = scope.topLevel[index];
  if (raw === undefined) {
    scope.findings.issues.push({ path, message: `There is no step "${body}" at the top of the file.`, fix: `Write the steps of the body here, or name one of the file's steps.${suggestion(body, ids.filter((id) => id !== null))}` });
    return [];
  }
  if (scope.bodies.includes(body)) {
    scope.findings.issues.push({ path, message: `The step "${body}" stands in its own body.`, fix: "Name another step." });
    return [];
  }
  return compileOne(raw, ["steps", index], { ...scope, bodies: [...scope.bodies, body] });
}

const idOf = (raw: Json): string | null => (isMapping(raw) && typeof raw["id"] === "string" ? raw["id"] : null);

/** Ids of the steps that are some loop's body and so not run by themselves. */
export function bodyIds(raws: readonly Json[]): ReadonlySet<string> {
  const ids = new Set<string>();
  const stack: Json[] = [...raws];
  for (let raw = stack.pop(); raw !== undefined; raw = stack.pop()) {
    if (!isMapping(raw) || (raw["type"] !== "loop" && raw["type"] !== "todoList")) continue;
    const body = raw["body"];
    if (typeof body === "string") ids.add(body);
    else if (Array.isArray(body)) stack.push(...body);
  }
  return ids;
}

/** The steps of a whole document: those that are a loop's body run there only. */
export function compileTopLevel(raws: readonly Json[], path: Path, scope: Scope): readonly PlanStep[] {
  const bodies = bodyIds(raws);
  return few(raws, path, scope).flatMap((raw, index) => (bodies.has(idOf(raw) ?? "") ? [] : compileOne(raw, [...path, index], scope)));
}

/** Jumps must lead to a step of the same list or of one around it. Returns the steps with calls resolved to their first step. */
export function resolveJumps(steps: readonly PlanStep[], scope: Scope, around: readonly string[] = []): readonly PlanStep[] {
  const reachable = [...around, ...steps.map((step) => step.id)];
  return steps.map((step) => {
    if (step.kind === "loop") return { ...step, body: resolveJumps(step.body, scope, reachable) };
    if (step.kind !== "standard" || step.jump === null) return step;
    const target = scope.registry.entries.get(step.jump.target) ?? step.jump.target;
    if (reachable.includes(target)) return { ...step, jump: { ...step.jump, target } };
    const path = scope.registry.jumps.get(step.jump) ?? [];
    const known = scope.registry.ids.has(target) ? `The step "${target}" stands inside a loop that does not hold ${formatPath(path.slice(0, -2))}.` : `There is no step "${target}".`;
    scope.findings.issues.push({ path, message: known, fix: `Name a step of the same list, or of one around it.${suggestion(target, reachable)}` });
    return step;
  });
}
