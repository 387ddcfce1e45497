/**
 * The compiled workflow: everything a session needs, as plain JSON. Its canonical JSON is kept as a journal blob and pinned by
 * hash, so a session stays on it whatever happens to the file. The format is for ever: fields may be added, with a default.
 */
import { z } from "zod";
import { err, ok, type Result } from "../shared/result.ts";
import type { Refusal } from "../shared/errors.ts";
import { autonomySchema } from "../record/session-events.ts";
import { conditionSchema } from "./condition.ts";
import { jsonSchemaSchema } from "./json-schema.ts";

export const PLAN_VERSION = 1;

export const modelTierSchema = z.enum(["lightweight", "mid", "heavy"]);
/** How capable a model a step asks for; the host maps it to a model. */
export type ModelTier = z.infer<typeof modelTierSchema>;

export const referenceSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  source: z.string(),
  purpose: z.string(),
  authoritative: z.boolean(),
});

const texts = z.array(z.string()).readonly();

const standardStepSchema = z.strictObject({
  kind: z.literal("standard"),
  id: z.string(),
  title: z.string(),
  /** The template a model reads: the author's prompt, or the prompt blocks set as Markdown. */
  prompt: z.string(),
  agentRole: z.string().nullable(),
  systemPrompt: z.string().nullable(),
  modelTier: modelTierSchema.nullable(),
  guidance: texts,
  hints: texts,
  runCondition: conditionSchema.nullable(),
  /** `any` is `requireConfirmation: true`: a person when guided, the coordinator when autonomous. */
  confirmation: z.strictObject({ gate: z.enum(["any", "human_approval", "coordinator_eval"]), condition: conditionSchema.nullable() }).nullable(),
  contract: z.strictObject({ ref: z.string(), required: z.boolean(), requireFields: texts }).nullable(),
  notesRequired: z.boolean(),
  requires: z.record(z.string(), jsonSchemaSchema),
  produces: z.record(z.string(), jsonSchemaSchema),
  allowedTools: texts.nullable(),
  verification: z.strictObject({ command: z.string().nullable(), prompt: z.string().nullable() }),
}).readonly();
export type StandardStep = z.infer<typeof standardStepSchema>;

export const planStepSchema = z.discriminatedUnion("kind", [standardStepSchema]);
export type PlanStep = z.infer<typeof planStepSchema>;

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
  preconditions: texts,
  clarificationPrompts: texts,
  metaGuidance: texts,
  references: z.array(referenceSchema).readonly(),
  /** Contracts the file declares, by name. */
  contracts: z.record(z.string(), jsonSchemaSchema),
  steps: z.array(planStepSchema).min(1).readonly(),
}).readonly();
export type Plan = z.infer<typeof planSchema>;

/** Reads a pinned plan back from its blob. */
export function parsePlan(text: string): Result<Plan, Refusal<"plan-damaged" | "plan-newer">> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err(damaged("it is not JSON"));
  }
  const version = z.looseObject({ v: z.int() }).safeParse(value);
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
