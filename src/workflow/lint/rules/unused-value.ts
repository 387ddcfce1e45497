import { placeholders } from "../../template.ts";
import { type Flow, keyOf, textsOf } from "../flow.ts";
import type { PlacedStep } from "../placed-steps.ts";
import type { LintRule, LintSubject } from "../subject.ts";

export const unusedValue: LintRule = {
  code: "unused-value",
  severity: "warning",
  tells: "A step has to hand over a value that nothing behind it looks at: no template, condition, loop or child, and no step that requires it. A word of a prompt is none. Of a routine, nor does any workflow at hand that calls it.",
  find: (subject) =>
    subject.steps.flatMap(({ step, path, own, index }) => {
      if (!own) return [];
      const named = step.kind === "standard" ? Object.keys(step.produces).map((key) => ({ key, at: ["produces", key] })) : step.kind === "gather" ? [{ key: step.outputVar, at: ["outputVar"] }] : [];
      return named
        .filter(({ key }) => subject.flow.readersOf(key, index).length === 0 && !isUsedTooEarly(key, subject) && !usedByCallers(key, step.id, subject))
        .map(({ key, at }) => ({ path: [...path, ...at], at: "key" as const, message: `Nothing ${behind(key, subject)}uses "${key}": no prompt, condition, loop or child.${words(key, index, subject)}`, fix: `Use {{${key}}} where it matters, or remove it; a result that is for a reader belongs into an \`outputContract\`.` }));
    }),
};

/** That is told where it is used. */
const isUsedTooEarly = (key: string, { flow }: LintSubject): boolean => flow.uses.some((use) => keyOf(use.path) === key && flow.sets(use)?.length === 0);

/** What a routine hands over its callers use; where none is at hand nobody can tell. */
function usedByCallers(key: string, stepId: string, { kind, callers }: LintSubject): boolean {
  if (kind !== "routine") return false;
  const called = callers.flatMap(({ steps, flow }) => steps.filter(({ step }) => step.id.endsWith(`.${stepId}`)).map(({ index }) => ({ index, flow })));
  return called.length === 0 || called.some(({ index, flow }) => flow.readersOf(key, index).length > 0);
}

const behind = (key: string, { flow }: LintSubject): string => (flow.uses.some(({ path }) => keyOf(path) === key) ? "behind this step " : "");

/** Prose that an author may have taken for a use. */
function words(key: string, index: number, { flow, steps }: { readonly flow: Flow; readonly steps: readonly PlacedStep[] }): string {
  const later = steps.filter((placed) => placed.index > index);
  const speaking = later.find(({ step }) => flow.mentioned(key, [step]));
  if (speaking !== undefined) return ` The words of "${speaking.step.id}" name it, but a word is not filled in.`;
  const unfilled = later.find(({ step }) => textsOf(step).some(({ text, filled }) => !filled && placeholders(text).some((path) => keyOf(path) === key)));
  return unfilled === undefined ? "" : ` The text of "${unfilled.step.id}" that has {{${key}}} is shown as it stands.`;
}
