/** What a step asks to be accepted: validation criteria on its notes, assessments and their consequences. */
import { conditionIssues } from "./condition.ts";
import type { Criteria } from "./criteria.ts";
import { type Issue, type Path, suggestion } from "./issue.ts";
import { compileRule } from "./regular-expression.ts";
import type { Scope } from "./scope.ts";
import type { StepValues } from "./vocabulary-steps.ts";

/** What the field schemas cannot say. */
export function acceptanceIssues(values: StepValues, path: Path, scope: Scope): { readonly issues: readonly Issue[]; readonly lenient: readonly Issue[] } {
  const issues: Issue[] = [];
  const lenient: Issue[] = [];
  const criteria = values.validationCriteria;
  if (criteria !== undefined) for (const [at, one] of Array.isArray(criteria) ? criteria.entries() : [[null, criteria] as const]) lenient.push(...criteriaIssues(one, [...path, "validationCriteria", ...(at === null ? [] : [at])]));
  const known = scope.registry.assessments;
  const refs = values.assessmentRefs ?? [];
  for (const [index, ref] of refs.entries()) {
    if (!known.has(ref)) issues.push({ path: [...path, "assessmentRefs", index], message: `There is no assessment "${ref}".`, fix: `Declare it under \`assessments\`.${suggestion(ref, [...known.keys()])}` });
  }
  for (const [index, { when }] of (values.assessmentConsequences ?? []).entries()) {
    const at: Path = [...path, "assessmentConsequences", index, "when"];
    if (refs.length === 0) issues.push({ path: at, message: "The step has consequences but names no assessment.", fix: "Add `assessmentRefs`." });
    else if (when.forAssessment !== undefined && !refs.includes(when.forAssessment)) issues.push({ path: [...at, "forAssessment"], message: `"${when.forAssessment}" is not among the step's assessmentRefs.`, fix: `Use one of: ${refs.join(", ")}.` });
    const scoped = when.forAssessment !== undefined && known.has(when.forAssessment) ? [when.forAssessment] : refs;
    const levels = scoped.flatMap((ref) => known.get(ref)?.dimensions.flatMap((dimension) => dimension.levels) ?? []);
    if (levels.length > 0 && !levels.includes(when.anyEqualsLevel)) lenient.push({ path: [...at, "anyEqualsLevel"], message: `No dimension has the level "${when.anyEqualsLevel}", so this never fires.`, fix: `Use one of: ${[...new Set(levels)].join(", ")}.` });
  }
  return { issues, lenient };
}

function criteriaIssues(criteria: Criteria, path: Path): readonly Issue[] {
  if ("and" in criteria) return criteria.and.flatMap((part, index) => criteriaIssues(part, [...path, "and", index]));
  if ("or" in criteria) return criteria.or.flatMap((part, index) => criteriaIssues(part, [...path, "or", index]));
  if ("not" in criteria) return criteriaIssues(criteria.not, [...path, "not"]);
  const issues: Issue[] = criteria.condition === undefined ? [] : [...conditionIssues(criteria.condition, [...path, "condition"])];
  if (criteria.type === "regex") {
    const pattern = compileRule(criteria.pattern, criteria.flags ?? "");
    if (!pattern.ok) issues.push({ path: [...path, "pattern"], message: `The regular expression does not run on the linear-time engine: ${pattern.error}.`, fix: "Write it without look-around and back-references (RE2 syntax), with flags of i, m and s." });
  }
  return issues;
}
