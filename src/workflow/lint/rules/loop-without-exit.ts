import type { Issue } from "../../issue.ts";
import type { LoopStep, PlanStep } from "../../plan.ts";
import { finiteValues } from "../domain.ts";
import { keyOf, schemaAt, variablesOf } from "../flow.ts";
import { all, formulaOf } from "../formula.ts";
import { canBe, canBegin, isConstant, isReached } from "../impossible.ts";
import type { PlacedStep } from "../placed-steps.ts";
import type { LintRule, LintSubject } from "../subject.ts";

const LOOP_CONTROL = "wr.contracts.loop_control";

export const loopWithoutExit: LintRule = {
  code: "loop-without-exit",
  severity: "error",
  tells: "A `while` or `until` loop whose condition nothing that its body has to hand over can make end it, whatever its prompts say, or whose loop control may be left out; a `jumpIf` back whose condition always holds.",
  find: (subject) =>
    subject.steps.flatMap((placed) => {
      if (!placed.own || !isReached(placed, subject)) return [];
      return placed.step.kind === "loop" ? loopIssues(placed, placed.step, subject) : jumpIssues(placed, subject);
    }),
};

function loopIssues(by: PlacedStep, step: LoopStep, subject: LintSubject): readonly Issue[] {
  const { loop } = step;
  if (loop.type !== "while" && loop.type !== "until") return [];
  const at = [...by.path, "loop"];
  if (loop.decidedBy === "artifact") {
    if (step.body.some((inner) => inner.runCondition === null && surelyControls(inner))) return [];
    // The control of a loop inside decides that one; this one's own condition is looked at then.
    if (loop.condition !== null && !step.body.some((inner) => contractOf(inner)?.ref === LOOP_CONTROL)) return endsByItself(by, step, subject) ? [] : [{ path: at, ...wordsFor(step, loop.condition, loop.type, subject) }];
    return [{ path: at, message: `No step of the body of "${step.id}" always hands over ${LOOP_CONTROL}, so an iteration may end without a decision.`, fix: "Ask for it, as required, in a step of the body that has no `runCondition`." }];
  }
  // A loop that never begins is told as that.
  if (loop.condition === null || !canBegin(by, step, subject) || endsByItself(by, step, subject) || isLeft(step, subject)) return [];
  return [{ path: at, ...wordsFor(step, loop.condition, loop.type, subject) }];
}

/** Whether the condition can come out as the end at the end of a turn. */
function endsByItself(by: PlacedStep, step: LoopStep, { declared }: LintSubject): boolean {
  const { condition, type } = step.loop;
  const inside = { ...by, around: [...by.around, step] };
  return condition === null || canBe(all(declared.known(step).turn, formulaOf(condition, type === "until")), { by: inside, after: true }, declared);
}

/** Whether a step of the body may leave the loop: by loop control, or by a jump to a place outside. */
function isLeft(step: LoopStep, subject: LintSubject): boolean {
  const inside = new Set(bodyOf(step));
  return subject.steps.some((placed) => {
    const inner = placed.step;
    if (!inside.has(inner) || !isReached(placed, subject)) return false;
    if (contractOf(inner)?.ref === LOOP_CONTROL) return true;
    if (inner.kind !== "standard" || inner.jump === null) return false;
    const target = subject.steps.find((each) => each.step.id === inner.jump?.target);
    return target !== undefined && !inside.has(target.step) && target.step !== step && canBe(all(subject.declared.known(inner).after, formulaOf(inner.jump.condition)), { by: placed, after: true }, subject.declared);
  });
}

function wordsFor(step: LoopStep, condition: NonNullable<LoopStep["loop"]["condition"]>, type: "while" | "until", { flow, declared }: LintSubject): Pick<Issue, "message" | "fix"> {
  const body = bodyOf(step);
  if (isConstant(condition, type === "while")) {
    return { message: `The condition of "${step.id}" ${type === "while" ? "always holds" : "can never hold"}, whatever its values are, so the loop runs to its limit.`, fix: `Look at a value that a step of the body can change, or let a step decide with ${LOOP_CONTROL}.` };
  }
  const paths = [...new Set(variablesOf(condition))];
  const settings = paths.flatMap((path) => body.flatMap((inner) => (inner.kind === "standard" && Object.hasOwn(inner.produces, keyOf(path)) ? [{ path, schema: schemaAt(inner.produces[keyOf(path)] ?? {}, path.split(".").slice(1)) ?? {} }] : [])));
  const moved = paths.some((path) => path === step.loop.iterationVar || declared.flow.mentioned(keyOf(path), body) || body.some((inner) => inner.kind === "gather" && inner.outputVar === keyOf(path)));
  if (settings.length === 0 && !moved) {
    const keys = [...new Set(paths.map(keyOf))];
    return { message: `Nothing in the body of "${step.id}" sets ${keys.map((key) => `"${key}"`).join(" or ")}, so the loop runs never or to its limit${keys.map((key) => onlyInWords(key, body, flow)).join("")}.`, fix: `Declare the key under \`produces\` of a step of the body, or let a step decide with ${LOOP_CONTROL}.` };
  }
  const told = settings.map(({ path, schema }) => `"${path}"${valuesText(finiteValues(schema))}`);
  return {
    message: `The loop "${step.id}" runs to its limit: ${told.length === 0 ? "nothing in its body" : `what its body sets, ${[...new Set(told)].join(" and ")}, never`} makes its condition ${type === "while" ? "fail" : "hold"}${[...new Set(paths.map(keyOf))].map((key) => onlyInWords(key, body, flow)).join("")}.`,
    fix: `Let a step of the body hand over the value that ends it, look for a value that can be, or let a step decide with ${LOOP_CONTROL}.`,
  };
}

/** A model may follow words, or not. */
function onlyInWords(key: string, body: readonly PlanStep[], { mentioned }: LintSubject["flow"]): string {
  const speaking = body.find((inner) => mentioned(key, [inner]));
  return speaking === undefined ? "" : `, unless the words of "${speaking.id}" that name "${key}" are taken for a wish to hand it over`;
}

const valuesText = (values: readonly unknown[] | null): string => (values === null ? "" : ` (${values.map((value) => JSON.stringify(value)).join(" or ")})`);

/** A way back that is taken every time, until its limit stops it. */
function jumpIssues(by: PlacedStep, subject: LintSubject): readonly Issue[] {
  const { step, index } = by;
  const target = step.kind === "standard" && step.jump !== null ? subject.steps.find((each) => each.step.id === step.jump?.target) : undefined;
  if (step.kind !== "standard" || step.jump === null || target === undefined || target.index > index) return [];
  const { declared, steps, flow } = subject;
  const { after } = declared.known(step);
  const where = { by, after: true };
  const { condition } = step.jump;
  if (!canBe(after, where, declared) || canBe(all(after, formulaOf(condition, false)), where, declared)) return [];
  const between = steps.filter((each) => target.index <= each.index && each.index <= index).map((each) => each.step);
  return [{ path: [...by.path, "jumpIf"], message: `"${step.id}" goes back to "${step.jump.target}" each time, to its limit of ${step.jump.maxJumps}: the condition of its \`jumpIf\` always holds there${[...new Set(variablesOf(condition).map(keyOf))].map((key) => onlyInWords(key, between, flow)).join("")}.`, fix: "Let it depend on something that a step on the way can change; for a fixed number of rounds use a `for` loop." }];
}

const contractOf = (step: PlanStep) => (step.kind === "standard" ? step.contract : step.kind === "parallel" ? (step.synthesis?.contract ?? null) : null);

const surelyControls = (step: PlanStep): boolean => {
  const contract = contractOf(step);
  return contract?.ref === LOOP_CONTROL && contract.required;
};

const bodyOf = (step: LoopStep): readonly PlanStep[] => step.body.flatMap((inner) => [inner, ...(inner.kind === "loop" ? bodyOf(inner) : [])]);
