/** Assessments: one level for each dimension, and what a level brings about. */
import type { Blocker, StepOutput } from "../../record/index.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import type { Assessment, JsonSchema, Plan, StandardStep } from "../../workflow/index.ts";

export const ASSESSMENT = "wr.contracts.assessment";

const asObject = (value: Json | undefined): JsonObject => (typeof value === "object" && value !== null && !Array.isArray(value) ? value : {});

export function assessmentIdOf(value: Json): string | null {
  const id = asObject(value)["assessmentId"];
  return typeof id === "string" ? id : null;
}

const assessmentsOf = (plan: Plan, step: StandardStep): readonly Assessment[] => step.assessments.flatMap((ref) => plan.assessments.filter((each) => each.id === ref));

/** The assessment as a JSON Schema: which levels each dimension can have, and what they are about. */
export function assessmentSchema(assessment: Assessment, step: StandardStep): JsonSchema {
  const dimensions = assessment.dimensions.map(({ id, purpose, levels }) => {
    const level = { type: "string", enum: [...levels], description: [purpose, ...followUps(step, assessment.id, levels)].join(" ") };
    return [id, { anyOf: [level, { type: "object", properties: { level, rationale: { type: "string" } }, required: ["level"] }] }] as const;
  });
  return {
    type: "object",
    description: assessment.purpose,
    properties: {
      assessmentId: { type: "string", const: assessment.id },
      dimensions: { type: "object", properties: Object.fromEntries(dimensions), required: assessment.dimensions.filter((dimension) => dimension.required).map((dimension) => dimension.id) },
      summary: { type: "string" },
    },
    required: ["assessmentId", "dimensions"],
  };
}

const followUps = (step: StandardStep, assessmentId: string, levels: readonly string[]): readonly string[] =>
  step.consequences.filter((each) => (each.assessment === null || each.assessment === assessmentId) && levels.includes(each.level)).map((each) => `"${each.level}" asks for follow-up: ${each.guidance}`);

export const assessmentRequirements = (plan: Plan, step: StandardStep) => assessmentsOf(plan, step).map((assessment) => ({ kind: "assessment" as const, ref: assessment.id, schema: assessmentSchema(assessment, step) }));

/** What is missing of the step's assessments, and the consequences that fire. */
export function assessmentBlockers(plan: Plan, step: StandardStep, output: StepOutput): readonly Blocker[] {
  const blockers: Blocker[] = [];
  const sent = output.artifacts.filter((artifact) => artifact.contractRef === ASSESSMENT);
  for (const { value } of sent) {
    const id = assessmentIdOf(value);
    if (step.assessments.length > 0 && id !== null && !step.assessments.includes(id)) {
      blockers.push({ code: "assessment-unknown", message: `The step asks for no assessment "${id}".`, fix: `Use one of: ${step.assessments.join(", ")}.` });
    }
  }
  for (const assessment of assessmentsOf(plan, step)) {
    const found = sent.find(({ value }) => assessmentIdOf(value) === assessment.id) ?? (step.assessments.length === 1 ? sent.find(({ value }) => assessmentIdOf(value) === null) : undefined);
    if (found === undefined) {
      blockers.push({ code: "assessment-missing", message: `The assessment "${assessment.id}" is missing.`, fix: `Send an artifact ${ASSESSMENT} with assessmentId "${assessment.id}" and a level for: ${assessment.dimensions.map((dimension) => `${dimension.id} (${dimension.levels.join(" | ")}${dimension.required ? "" : ", optional"})`).join(", ")}.` });
      continue;
    }
    blockers.push(...judgeOne(assessment, step, asObject(asObject(found.value)["dimensions"])));
  }
  return blockers;
}

function judgeOne(assessment: Assessment, step: StandardStep, dimensions: JsonObject): readonly Blocker[] {
  const blockers: Blocker[] = [];
  const levels = new Map<string, string>();
  for (const { id, levels: known, required } of assessment.dimensions) {
    const given = Object.hasOwn(dimensions, id) ? dimensions[id] : undefined;
    const said = typeof given === "string" ? given : asObject(given)["level"];
    const level = typeof said === "string" ? known.find((each) => each === said) ?? known.find((each) => each.toLowerCase() === said.trim().toLowerCase()) : undefined;
    if (level !== undefined) levels.set(id, level);
    else if (given !== undefined || required) blockers.push({ code: "assessment-incomplete", message: `The assessment "${assessment.id}" has ${given === undefined ? "no level" : "no known level"} for "${id}".`, fix: `Use one of: ${known.join(", ")}.` });
  }
  for (const { level, assessment: only, guidance } of step.consequences) {
    if (only !== null && only !== assessment.id) continue;
    const fired = [...levels].filter(([, each]) => each.toLowerCase() === level.toLowerCase()).map(([id]) => id);
    if (fired.length > 0) blockers.push({ code: "assessment-followup", message: `"${assessment.id}" is at "${level}" for: ${fired.join(", ")}.`, fix: `${guidance} Then assess these again: ${fired.join(", ")}.` });
  }
  return blockers;
}
