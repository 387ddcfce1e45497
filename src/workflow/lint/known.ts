/**
 * What is known of the values where each step of a plan stands: what conditions let it come there, and what the steps before surely
 * handed over. Never more than is so: where ways meet, or a value may have changed, it knows less.
 */
import type { JsonSchema } from "../schema-check.ts";
import type { LoopStep, PlanStep, StandardStep } from "../plan.ts";
import { domainOf, finiteValues, typesOf } from "./domain.ts";
import { conditionsOf, type Flow, keyOf, schemaAt } from "./flow.ts";
import { all, either, FALSE, forgetting, type Formula, formulaOf, hasType, sizeOf, testsOf, TRUE } from "./formula.ts";
import type { PlacedStep } from "./placed-steps.ts";
import { possible } from "./possible.ts";
import { rejections, type Way } from "./rejections.ts";

export interface Known {
  /** When the step is come to, its own condition aside. */
  readonly before: Formula;
  /** While it is worked on. */
  readonly within: Formula;
  /** When its work is done. */
  readonly after: Formula;
  /** Of a loop: at the end of any turn of its body. */
  readonly turn: Formula;
}
export type KnownAt = (step: PlanStep) => Known;

const NOTHING: Known = { before: TRUE, within: TRUE, after: TRUE, turn: TRUE };
/** Tests in what is known of one place; beyond them it counts as nothing, which is always right. */
const SIZE_LIMIT = 400;

type Changed = (path: string) => boolean;

export function knownOf(placed: readonly PlacedStep[], flow: Flow): KnownAt {
  const known = new Map<PlanStep, Known>();
  const index = new Map(placed.map(({ step, index: at }) => [step, at]));
  const changing = new Map(placed.map(({ step }) => [step, changedBy(step, flow)]));
  const [jumped, rejected, ahead] = [jumpsBack(placed), rejections(placed), jumpsAhead(placed)];
  const back = [...jumped, ...rejected];
  const jumps = new Map<string, Formula>();

  /** What comes in from above and by jumps, without what a way back may have changed. */
  const arriving = (step: PlanStep, above: Formula): Formula => {
    const at = index.get(step) ?? 0;
    const ways = back.filter(({ to }) => to === at);
    const here = either(above, jumps.get(step.id) ?? FALSE);
    if (ways.length === 0) return here;
    // Who passed it by a jump comes to it by the way back with what let the jump be taken.
    if (ahead.some(({ from, to }) => from < at && at < to)) return TRUE;
    const last = Math.max(...ways.map(({ from }) => from));
    const between = placed.filter((each) => at <= each.index && each.index <= last).map((each) => changing.get(each.step) ?? (() => true));
    const by = placed[at];
    // Who is come to by the way back only knows nothing.
    if (by === undefined || !possible(here, (path) => domainOf({ path, by, after: false }, flow))) return TRUE;
    return forgetting(here, (path) => between.some((changed) => changed(path)));
  };

  const walk = (steps: readonly PlanStep[], from: Formula): Formula => {
    let at = from;
    for (const step of steps) {
      const before = bounded(arriving(step, at));
      // What a call asks for may come although its condition does not hold.
      const condition = "closes" in step && step.closes !== null ? null : step.runCondition;
      const changed = changing.get(step) ?? (() => true);
      const within = condition === null ? before : all(before, formulaOf(condition));
      const turn = step.kind === "loop" ? walk(step.body, all(forgetting(within, changed), turnBegins(step))) : TRUE;
      const gains = gainsOf(step);
      const after = all(forgetting(within, changed), gains);
      known.set(step, { before, within, after, turn });
      const on = step.kind === "standard" && step.jump !== null ? jumping(step, step.jump, after) : TRUE;
      const isSilent = step.kind === "standard" && (step.audits !== null || (step.closes !== null && step.runCondition !== null));
      const skipped = isSilent ? TRUE : condition === null ? FALSE : formulaOf(condition, false);
      const kept = forgetting(before, changed);
      const runs = condition === null ? TRUE : forgetting(formulaOf(condition), changed);
      at = kept === before ? all(before, either(skipped, all(runs, gains, on))) : either(all(before, skipped), all(kept, runs, gains, on));
      at = bounded(at);
    }
    return at;
  };

  /** Notes the way to the jump's target; what is known where it was not taken. */
  const jumping = ({ id }: StandardStep, jump: NonNullable<StandardStep["jump"]>, after: Formula): Formula => {
    jumps.set(jump.target, either(jumps.get(jump.target) ?? FALSE, all(after, formulaOf(jump.condition))));
    const own = placed.find((each) => each.step.id === id);
    return own === undefined || mayPass(own, [...jumped, ...rejected.filter((way) => way.from > own.index)]) > jump.maxJumps ? TRUE : formulaOf(jump.condition, false);
  };

  walk(topOf(placed), unsetAtFirst(placed, flow));
  return (step) => known.get(step) ?? NOTHING;
}

const bounded = (formula: Formula): Formula => (sizeOf(formula) > SIZE_LIMIT ? TRUE : formula);
const topOf = (placed: readonly PlacedStep[]): readonly PlanStep[] => placed.filter(({ around }) => around.length === 0).map(({ step }) => step);

/** How often a step can be come to; endless behind a way back. */
const mayPass = ({ index, around }: PlacedStep, back: readonly Way[]): number =>
  back.some(({ from, to }) => to <= index && index <= from) ? Number.POSITIVE_INFINITY : around.reduce((times, { loop }) => times * (typeof loop.count === "number" ? Math.min(loop.count, loop.maxIterations) : loop.maxIterations), 1);

const jumpsOf = (placed: readonly PlacedStep[]): readonly Way[] =>
  placed.flatMap(({ step, index: from }) => {
    const to = step.kind === "standard" && step.jump !== null ? placed.find((each) => each.step.id === step.jump?.target)?.index : undefined;
    return to === undefined ? [] : [{ from, to }];
  });
const jumpsBack = (placed: readonly PlacedStep[]): readonly Way[] => jumpsOf(placed).filter(({ from, to }) => to <= from);
const jumpsAhead = (placed: readonly PlacedStep[]): readonly Way[] => jumpsOf(placed).filter(({ from, to }) => to > from);

/** Values that a step may change: of a loop those that its body may, and its own variables. */
function changedBy(step: PlanStep, flow: Flow): Changed {
  const seen = new Map<string, boolean>();
  const inside = step.kind === "loop" ? step.body.map((inner) => changedBy(inner, flow)) : [];
  const changes = (key: string, path: string): boolean => {
    switch (step.kind) {
      case "gather":
        return step.outputVar === key;
      case "standard":
        return Object.hasOwn(step.produces, key) || Object.hasOwn(step.requires, key) || flow.mentioned(key, [step]);
      case "loop":
        return ownVariables(step).has(key) || inside.some((each) => each(path));
      default:
        return flow.mentioned(key, [step]);
    }
  };
  return (path) => {
    const known = seen.get(path) ?? changes(keyOf(path), path);
    seen.set(path, known);
    return known;
  };
}

const ownVariables = ({ loop }: LoopStep): ReadonlySet<string> => new Set([loop.iterationVar, loop.itemVar, loop.indexVar]);

/** What let a turn of the loop begin. Its own variables have moved on since it was looked at. */
export function turnBegins(step: LoopStep): Formula {
  const { type, condition, decidedBy } = step.loop;
  if ((type !== "while" && type !== "until") || decidedBy !== "condition" || condition === null) return TRUE;
  return forgetting(formulaOf(condition, type === "while"), (path) => ownVariables(step).has(keyOf(path)));
}

/** What is so because the step's work was accepted. */
function gainsOf(step: PlanStep): Formula {
  if (step.kind !== "standard" || step.audits !== null) return TRUE;
  return all(...Object.entries({ ...step.requires, ...step.produces }).map(([key, schema]) => valuesFit(key, schema)));
}

function valuesFit(path: string, schema: JsonSchema): Formula {
  const values = finiteValues(schema);
  const types = typesOf(schema);
  const facts = values === null ? [] : [formulaOf({ var: path, in: values })];
  if (types !== null) facts.push(hasType(path, types));
  if (types?.every((type) => type === "number" || type === "integer") === true) facts.push(...boundsOf(path, schema));
  if (values !== null && !values.includes(null)) facts.push(formulaOf({ var: path, not_equals: null }));
  const { required } = schema;
  if (schema["type"] !== "object" || !Array.isArray(required)) return all(...facts);
  return all(...facts, ...required.flatMap((name: unknown) => (typeof name === "string" ? [valuesFit(`${path}.${name}`, schemaAt(schema, [name]) ?? {})] : [])));
}

const BOUNDS = { minimum: "gte", maximum: "lte", exclusiveMinimum: "gt", exclusiveMaximum: "lt" } as const;

/** How small or large a number may be. */
const boundsOf = (path: string, schema: JsonSchema): readonly Formula[] =>
  Object.entries(BOUNDS).flatMap(([keyword, operator]) => {
    const bound = schema[keyword];
    return typeof bound === "number" ? [formulaOf({ var: path, [operator]: bound })] : [];
  });

/** What conditions look at and nobody has given before the first step. What a step's words ask for and none declares may be given by whoever starts it. */
function unsetAtFirst(placed: readonly PlacedStep[], flow: Flow): Formula {
  const looked = placed.flatMap(({ step }) => conditionsOf(step).flatMap(({ condition }) => testsOf(formulaOf(condition)).map((test) => test.var)));
  return all(...[...new Set(looked)].filter((path) => !flow.given(keyOf(path)) && (isDeclared(keyOf(path), placed) || !flow.mentioned(keyOf(path)))).map((path) => formulaOf({ var: path, equals: null })));
}

const isDeclared = (key: string, placed: readonly PlacedStep[]): boolean => placed.some(({ step }) => (step.kind === "gather" ? step.outputVar === key : step.kind === "standard" && Object.hasOwn(step.produces, key)));
