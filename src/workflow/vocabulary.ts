/**
 * The fields of a workflow file, one zod schema each, and the fields the language has that this version does not run.
 * Fields are checked one by one, so that one wrong field does not hide the faults of the others.
 */
import { z } from "zod";
import { autonomySchema } from "../record/session-events.ts";
import { conditionSchema } from "./condition.ts";
import { jsonSchemaSchema } from "./json-schema.ts";
import { modelTierSchema } from "./plan.ts";

/** Newest `schemaVersion` this code knows; 1 is WorkRail's rules and the default. */
export const SCHEMA_VERSION = 2;

const text = (max: number) => z.string().min(1).max(max);
const promptPart = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("text"), text: z.string() }),
  z.strictObject({ kind: z.literal("ref"), refId: z.string().min(1) }),
]);
const promptValue = z.union([z.string(), z.array(promptPart)], { error: "Expected text, or a list of {kind: text, text}" });
export type PromptValue = z.infer<typeof promptValue>;

const promptBlocks = z.strictObject({
  goal: promptValue.optional(),
  constraints: z.array(promptValue).optional(),
  procedure: z.array(promptValue).optional(),
  outputRequired: z.record(z.string(), z.string()).optional(),
  verify: z.array(promptValue).optional(),
});
export type PromptBlocks = z.infer<typeof promptBlocks>;

const contextKey = z.string().regex(/^[A-Za-z_$][\w$-]*$/, "Expected a name of letters, digits, _ and -");
const reference = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9_-]*$/).min(2).max(64),
  title: text(128),
  source: text(512),
  purpose: text(512),
  authoritative: z.boolean(),
  resolveFrom: z.literal("workspace", { error: "this version resolves references from the workspace only" }).optional(),
});

const gateObject = z.strictObject({ kind: z.enum(["coordinator_eval", "human_approval"]), condition: conditionSchema.optional() });
const confirmation = z.union([z.boolean(), gateObject, conditionSchema], {
  error: "Expected true, false, a condition, or {kind: human_approval | coordinator_eval, condition?}",
});
export type Confirmation = z.infer<typeof confirmation>;

export const workflowFields = {
  schemaVersion: z.int().min(1).optional(),
  id: z.string().min(3).max(64).regex(/^(?:[a-z0-9_-]+|[a-z][a-z0-9_-]+\.[a-z][a-z0-9_-]+)$/, "Expected lower-case letters, digits, _ and -, with at most one dot between a namespace and a name"),
  name: text(128),
  description: text(512),
  version: z.string().regex(/^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/, "Expected a semantic version such as 1.0.0"),
  steps: z.array(z.unknown()).min(1),
  about: text(4096).optional(),
  examples: z.array(z.string().min(10).max(120)).min(1).max(6).optional(),
  preconditions: z.array(text(256)).optional(),
  clarificationPrompts: z.array(text(256)).optional(),
  metaGuidance: z.array(text(256)).optional(),
  modelTier: modelTierSchema.optional(),
  recommendedPreferences: z
    .strictObject({
      recommendedAutonomy: autonomySchema.optional(),
      recommendedRiskPolicy: z.undefined({ error: "The language has `recommendedRiskPolicy`, but this version of WorkTrain does not run it." }).optional(),
    })
    .optional(),
  references: z.array(reference).optional(),
  validatedAgainstSpecVersion: z.int().min(1).optional(),
  systemPrompt: text(16_384).optional(),
  contracts: z.record(z.string().regex(/^[a-z][a-z0-9_.-]*$/, "Expected lower-case letters, digits, _, - and dots"), jsonSchemaSchema).optional(),
  category: text(64).optional(),
  tags: z.array(text(64)).optional(),
} as const satisfies Record<string, z.ZodType>;

export const standardStepFields = {
  id: z.string().min(3).max(64).regex(/^[a-z0-9-]+$/, "Expected lower-case letters, digits and -"),
  title: text(128),
  prompt: text(8192).optional(),
  promptBlocks: promptBlocks.optional(),
  agentRole: z.string().min(10).max(1024).optional(),
  guidance: z.array(z.string()).optional(),
  modelTier: modelTierSchema.optional(),
  systemPrompt: text(16_384).optional(),
  askForFiles: z.boolean().optional(),
  hasValidation: z.boolean().optional(),
  runCondition: conditionSchema.optional(),
  requireConfirmation: confirmation.optional(),
  outputContract: z.strictObject({ contractRef: z.string().min(1), required: z.boolean().optional(), requireFields: z.array(z.string()).optional() }).optional(),
  notesOptional: z.boolean().optional(),
  requires: z.array(z.union([contextKey, z.strictObject({ key: contextKey, schema: jsonSchemaSchema })], { error: "Expected a context key, or {key, schema}" })).optional(),
  produces: z.record(contextKey, jsonSchemaSchema).optional(),
  allowedTools: z.array(z.string().regex(/^[a-zA-Z][\w:-]*$/, "Expected the name of a tool")).min(1).optional(),
  verification: z.strictObject({ command: text(1024).optional(), prompt: text(4096).optional() }).optional(),
} as const satisfies Record<string, z.ZodType>;

/** Part of the language, not run by this version: always a fault, never passed over. */
export const NOT_RUN_IN_WORKFLOW: readonly string[] = ["assessments", "extensionPoints", "features", "functionDefinitions", "metricsProfile"];
export const NOT_RUN_IN_STEP: readonly string[] = [
  "type",
  "loop",
  "body",
  "parallel",
  "parallelDelegations",
  "synthesis",
  "templateCall",
  "promptFragments",
  "validationCriteria",
  "assessmentRefs",
  "assessmentConsequences",
  "functionDefinitions",
  "functionReferences",
  "functionCalls",
  "audit",
  "jumpIf",
];
