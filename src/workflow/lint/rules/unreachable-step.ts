import { z } from "zod";
import type { Condition } from "../../condition.ts";
import { type Issue, suggestion } from "../../issue.ts";
import { keyOf, variablesOf } from "../flow.ts";
import { canBegin, impossibleAt, isReached } from "../impossible.ts";
import { placeOfPart, type PlacedStep } from "../placed-steps.ts";
import type { LintRule, LintSubject } from "../subject.ts";

export const unreachableStep: LintRule = {
  code: "unreachable-step",
  severity: "error",
  tells: "A step is never come to, because what stands before it always leads past it; or a condition can never hold: it looks at a key that nobody sets, for a value that the key's schema does not allow, or against what is known there.",
  find: (subject) => {
    const told = new Set<string>();
    let beyond = false;
    return subject.steps.flatMap((by): readonly Issue[] => {
      const wasBeyond = beyond;
      beyond = !isReached(by, subject);
      if (beyond) return wasBeyond || isInside(by, subject) ? [] : once(passedOver(by, subject), told);
      return [...neverBegun(by, subject), ...impossible(by, subject)].flatMap((issue) => once(issue, told));
    });
  },
};

/** All steps of a routine have the place of its call. */
function once(issue: Issue, told: Set<string>): readonly Issue[] {
  const place = JSON.stringify(issue.path);
  if (told.has(place)) return [];
  told.add(place);
  return [issue];
}

/** What stands in a loop that never begins is told with the loop. */
const isInside = (by: PlacedStep, { steps }: LintSubject): boolean => by.around.length > 0 && steps.find(({ step }) => step === by.around.at(-1))?.index === by.index - 1;

function passedOver(by: PlacedStep, { steps }: LintSubject): Issue {
  const over = steps.filter(({ step, index }) => index < by.index && step.kind === "standard" && step.jump !== null && targetOf(step.jump.target, steps) > by.index);
  const names = over.map(({ step }) => `"${step.id}"`).join(" and ");
  const why = names === "" ? "what stands before it never lets it come so far" : `one of the \`jumpIf\` of ${names} always leads past it`;
  return { path: by.path, message: `The step "${by.step.id}" is never come to: ${over.length === 1 ? `the \`jumpIf\` of ${names} always leads past it` : why}.`, fix: "Have the jump depend on something that can be otherwise, jump to this step, or remove it." };
}

const targetOf = (id: string, steps: readonly PlacedStep[]): number => steps.find(({ step }) => step.id === id)?.index ?? -1;

function neverBegun(by: PlacedStep, subject: LintSubject): readonly Issue[] {
  const { step } = by;
  if (step.kind !== "loop" || !by.own || canBegin(by, step, subject)) return [];
  const { condition, type, iterationVar } = step.loop;
  const ofItsOwn = condition !== null && variablesOf(condition).includes(iterationVar);
  return [
    {
      path: [...by.path, "loop"],
      message: `The loop "${step.id}" never begins: where it is first come to, its condition ${type === "while" ? "cannot hold" : "always holds"}.`,
      fix: ofItsOwn ? `\`${iterationVar}\` is not set before the first turn: use a \`for\` loop with \`count\`, or look at a value that an earlier step sets.` : "Have a step before the loop set what it looks at (`produces`), declare that whoever starts the session gives it (`requires`), or let a step of its body decide with wr.contracts.loop_control.",
    },
  ];
}

const impossible = (by: PlacedStep, subject: LintSubject): readonly Issue[] =>
  impossibleAt(by, subject).flatMap((condition): readonly Issue[] => {
    const isRun = condition === by.step.runCondition;
    if (!by.own && !isRun) return [];
    return [
      {
        path: isRun ? [...by.path, "runCondition"] : placeOfPart(by.raw, by.path, z.json().parse(JSON.parse(JSON.stringify(condition)))),
        message: `${isRun ? `The step "${by.step.id}" never runs: its condition cannot hold.` : `A condition of the step "${by.step.id}" can never hold.`}${nobodySets(condition, by, subject)}`,
        fix: "Have an earlier step set what it looks at (`produces`), declare that whoever starts the session gives it (`requires`), look for a value that can be, or remove it.",
      },
    ];
  });

/** The keys that have no value there, with what may have been meant. */
function nobodySets(condition: Condition, by: PlacedStep, { flow, steps }: LintSubject): string {
  const known = steps.flatMap(({ step }) => (step.kind === "standard" ? [...Object.keys(step.produces), ...Object.keys(step.requires)] : step.kind === "gather" ? [step.outputVar] : []));
  const missing = [...new Set(variablesOf(condition).map(keyOf))].filter((key) => flow.sets({ path: key, by, after: true })?.length === 0 && !flow.mentioned(key));
  return missing.map((key) => ` Nothing before it sets "${key}".${known.includes(key) ? "" : suggestion(key, known)}`).join("");
}
