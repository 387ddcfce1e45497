/**
 * The compiled workflow: everything a session needs, as plain JSON. Its canonical JSON is kept as a journal blob and pinned by
 * hash, so a session stays on it whatever happens to the file. The format is for ever: fields may be added, with a default.
 */
import { z } from "zod";
import { err, ok, type Result } from "../shared/result.ts";
import type { Refusal } from "../shared/errors.ts";
import { autonomySchema, CONTEXT_SECTIONS, riskPolicySchema } from "../record/session-events.ts";
import { jsonSchemaSchema } from "./json-schema.ts";
import { planStepSchema } from "./plan-steps.ts";

export * from "./plan-steps.ts";

export const PLAN_VERSION = 1;

export const referenceSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  source: z.string(),
  purpose: z.string(),
  authoritative: z.boolean(),
  /** `package`: relative to the workflow file, not to the workspace. */
  resolveFrom: z.enum(["workspace", "package"]).default("workspace"),
});

const texts = z.array(z.string()).readonly();

export const assessmentSchema = z.strictObject({
  id: z.string(),
  purpose: z.string(),
  dimensions: z.array(z.strictObject({ id: z.string(), purpose: z.string(), levels: texts, required: z.boolean() })).readonly(),
});
/** What an assessment is about and the levels it can come to. */
export type Assessment = z.infer<typeof assessmentSchema>;

/** What a session of the workflow is told of the item's work so far: all of it, nothing, or these sections. */
export const contextPolicySchema = z.union([z.enum(["inherit", "blank"]), z.array(z.enum(CONTEXT_SECTIONS)).min(1).readonly()], { error: `Expected inherit, blank or a list of ${CONTEXT_SECTIONS.join(", ")}; write it like [issue, files]` });
export type ContextPolicy = z.infer<typeof contextPolicySchema>;

export const extensionPointSchema = z.strictObject({ slotId: z.string(), purpose: z.string(), boundTo: z.string() });

export const planSchema = z.strictObject({
  v: z.literal(PLAN_VERSION),
  id: z.string(),
  name: z.string(),
  version: z.string(),
  description: z.string(),
  about: z.string().nullable(),
  examples: texts,
  category: z.string().nullable(),
  tags: texts,
  schemaVersion: z.int(),
  recommendedAutonomy: autonomySchema.nullable(),
  systemPrompt: z.string().nullable(),
  /** Absent: by what the session is for. */
  context: contextPolicySchema.optional(),
  preconditions: texts,
  clarificationPrompts: texts,
  metaGuidance: texts,
  references: z.array(referenceSchema).readonly(),
  /** Contracts the file declares, by name. */
  contracts: z.record(z.string(), jsonSchemaSchema),
  steps: z.array(planStepSchema).min(1).readonly(),
  recommendedRiskPolicy: riskPolicySchema.nullable().default(null),
  assessments: z.array(assessmentSchema).readonly().default([]),
  extensionPoints: z.array(extensionPointSchema).readonly().default([]),
  /** Author-declared functions that no step names: told once, with what holds for the whole session. */
  definitions: texts.default([]),
  metricsProfile: z.enum(["coding", "review", "research", "design", "ticket"]).nullable().default(null),
}).readonly();
export type Plan = z.infer<typeof planSchema>;

const versionSchema = z.looseObject({ v: z.int() });

/** Reads a pinned plan back from its blob. */
export function parsePlan(text: string): Result<Plan, Refusal<"plan-damaged" | "plan-newer">> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err(damaged("it is not JSON"));
  }
  const version = versionSchema.safeParse(value);
  if (version.success && version.data.v > PLAN_VERSION) {
    return err({ kind: "plan-newer", message: `The session runs on a plan of version ${version.data.v}; this WorkTrain reads ${PLAN_VERSION}.`, fix: "Use the newer WorkTrain that wrote it." });
  }
  const plan = planSchema.safeParse(value);
  return plan.success ? ok(plan.data) : err(damaged(z.prettifyError(plan.error)));
}

const damaged = (why: string): Refusal<"plan-damaged"> => ({
  kind: "plan-damaged",
  message: `The session's plan cannot be read: ${why}.`,
  fix: "Start the session again; report this if the journal was not edited by hand.",
});
