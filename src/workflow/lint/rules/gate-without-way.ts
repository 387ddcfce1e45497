import type { Criteria, Rule } from "../../criteria.ts";
import type { Issue } from "../../issue.ts";
import type { Assessment, StandardStep } from "../../plan.ts";
import type { JsonSchema } from "../../schema-check.ts";
import { isObject } from "../flow.ts";
import type { LintRule } from "../subject.ts";

export const gateWithoutWay: LintRule = {
  code: "gate-without-way",
  severity: "error",
  tells: "Nobody can pass a step: its criteria contradict each other, every level of an assessment asks for more, no value fits a schema that it wants, or its verification always fails.",
  find: ({ steps, plan }) => [
    ...Object.entries(plan.contracts).flatMap(([name, schema]) => (fitsNothing(schema) ? [{ path: ["contracts", name], message: `No artifact fits the contract "${name}".`, fix: MEND }] : [])),
    ...steps.flatMap(({ step, path, own }): readonly Issue[] => {
      if (!own || step.kind !== "standard" || step.audits !== null) return [];
      const schemas = Object.entries(step.produces).flatMap(([key, schema]) => (fitsNothing(schema) ? [{ path: [...path, "produces", key], message: `No value fits what "${step.id}" has to hand over as "${key}".`, fix: MEND }] : []));
      return [...schemas, ...criteriaIssues(step, path), ...levelIssues(step, path, plan.assessments), ...verificationIssues(step, path)];
    }),
  ],
};

const MEND = "Mend the schema: its limits cross, or it leaves no value to choose.";

/** Rules that must all hold whatever the context is. */
function always(criteria: Criteria | null): readonly { readonly rule: Rule; readonly holds: boolean }[] {
  if (criteria === null || "or" in criteria) return [];
  if ("and" in criteria) return criteria.and.flatMap(always);
  if ("not" in criteria) return "type" in criteria.not && criteria.not.condition === undefined ? [{ rule: criteria.not, holds: false }] : [];
  return criteria.condition === undefined ? [{ rule: criteria, holds: true }] : [];
}

function criteriaIssues({ id, criteria }: StandardStep, path: Issue["path"]): readonly Issue[] {
  const rules = always(criteria);
  const wanted = rules.flatMap(({ rule, holds }) => (holds && rule.type === "contains" ? [rule.value] : []));
  const barred = rules.flatMap(({ rule, holds }) => (!holds && rule.type === "contains" ? [rule.value] : []));
  const lengths = rules.flatMap(({ rule, holds }) => (holds && rule.type === "length" ? [rule] : []));
  const least = Math.max(0, ...lengths.map(({ min = 0 }) => min), ...wanted.map((text) => [...text].length));
  const most = Math.min(Number.POSITIVE_INFINITY, ...lengths.map(({ max = Number.POSITIVE_INFINITY }) => max));
  const crossed = wanted.find((text) => barred.some((part) => text.includes(part)));
  const why = least > most ? `they have to be at least ${least} and at most ${most} characters long` : crossed === undefined ? null : `they must and must not contain ${JSON.stringify(crossed)}`;
  return why === null ? [] : [{ path: [...path, "validationCriteria"], message: `No notes satisfy the criteria of "${id}": ${why}.`, fix: "Change one of the two rules, or join them with `or`." }];
}

/** A dimension each of whose levels has a consequence keeps the step open for ever. */
function levelIssues({ id, assessments, consequences }: StandardStep, path: Issue["path"], declared: readonly Assessment[]): readonly Issue[] {
  return declared
    .filter((assessment) => assessments.includes(assessment.id))
    .flatMap((assessment) => {
      const fires = (level: string): boolean => consequences.some((each) => (each.assessment === null || each.assessment === assessment.id) && each.level.toLowerCase() === level.toLowerCase());
      const closed = assessment.dimensions.find(({ required, levels }) => required && levels.every(fires));
      return closed === undefined ? [] : [{ path: [...path, "assessmentConsequences"], message: `Whatever "${closed.id}" of the assessment "${assessment.id}" comes to, "${id}" stays open: each of its levels (${closed.levels.join(", ")}) asks for a follow-up.`, fix: "Leave at least one level without a consequence." }];
    });
}

const verificationIssues = ({ id, verification: { command } }: StandardStep, path: Issue["path"]): readonly Issue[] =>
  command === null || !/^\s*(?:false|exit\s+[1-9]\d*)\s*$/.test(command) ? [] : [{ path: [...path, "verification", "command"], message: `The verification of "${id}" always fails: \`${command.trim()}\` never exits with 0.`, fix: "Name a command that exits with 0 once the work is right." }];

const CROSSING: readonly (readonly [string, string, string])[] = [["number", "minimum", "maximum"], ["integer", "minimum", "maximum"], ["string", "minLength", "maxLength"], ["array", "minItems", "maxItems"], ["object", "minProperties", "maxProperties"]];

/** Only what is beyond doubt: limits that cross, no value to choose from; in the value itself or in a part that it must have. */
function fitsNothing(schema: JsonSchema): boolean {
  const { type, required, properties } = schema;
  const limit = (key: string, none: number): number => (typeof schema[key] === "number" ? schema[key] : none);
  if (CROSSING.some(([of, least, most]) => type === of && limit(least, Number.NEGATIVE_INFINITY) > limit(most, Number.POSITIVE_INFINITY))) return true;
  if (Array.isArray(schema["enum"]) && schema["enum"].length === 0) return true;
  if (type !== "object" || !Array.isArray(required) || !isObject(properties)) return false;
  return required.some((name: unknown) => typeof name === "string" && isObject(properties[name]) && fitsNothing(properties[name]));
}
