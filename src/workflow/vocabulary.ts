/**
 * The fields of a workflow file, one zod schema each. Fields are checked one by one, so that one wrong field does not hide the
 * faults of the others.
 */
import { z } from "zod";
import { autonomySchema, riskPolicySchema } from "../record/session-events.ts";
import { jsonSchemaSchema } from "./json-schema.ts";
import { contextPolicySchema, modelTierSchema } from "./plan.ts";

/** Newest `schemaVersion` this code knows; 1 is WorkRail's rules and the default. */
export const SCHEMA_VERSION = 2;

export const text = (max: number) => z.string().min(1).max(max);
const reference = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9_-]*$/, "Expected lower-case letters, digits, _ and -, a letter first; write it like coding-rules").min(2).max(64),
  title: text(128),
  source: text(512),
  purpose: text(512),
  authoritative: z.boolean(),
  resolveFrom: z.enum(["workspace", "package"]).optional(),
});

const identifier = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, "Expected letters, digits and _, not beginning with a digit; write it like parseDate");

const functionParameter = z.strictObject({
  name: identifier,
  type: z.enum(["string", "number", "boolean", "array", "object"]),
  required: z.boolean().optional(),
  description: z.string().optional(),
  enum: z.array(z.union([z.string(), z.number(), z.boolean()])).min(1).optional(),
  default: z.json().optional(),
});
export const functionDefinition = z.strictObject({
  name: identifier,
  definition: z.string(),
  parameters: z.array(functionParameter).optional(),
  scope: z.enum(["workflow", "loop", "step"]).optional(),
});
export type FunctionDefinition = z.infer<typeof functionDefinition>;

const assessment = z.strictObject({
  id: text(64),
  purpose: text(256),
  dimensions: z.array(z.strictObject({ id: text(64), purpose: text(256), levels: z.array(text(64)).min(2), required: z.boolean().optional() })).min(1),
});

const extensionPoint = z.strictObject({
  slotId: z.string().min(2).max(64).regex(/^[a-z][a-z0-9_]*$/, "Expected lower-case letters, digits and _, a letter first; write it like code_review"),
  purpose: text(256),
  default: text(128),
  acceptedKinds: z.array(z.enum(["routine", "workflow"])).optional(),
});

export const workflowFields = {
  /** For editors. */
  $schema: z.string().optional(),
  schemaVersion: z.int().min(1).optional(),
  id: z.string().min(3).max(64).regex(/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)?$/, "Expected lower-case letters, digits, _ and -, with at most one dot between a namespace and a name; write it like team.fix-bug"),
  name: text(128),
  description: text(4096),
  version: z.string().regex(/^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/, "Expected a semantic version; write it like 1.0.0"),
  steps: z.array(z.unknown()).min(1),
  about: text(4096).optional(),
  examples: z.array(z.string().min(10).max(120)).min(1).max(6).optional(),
  preconditions: z.array(text(256)).optional(),
  clarificationPrompts: z.array(text(256)).optional(),
  metaGuidance: z.array(text(256)).optional(),
  modelTier: modelTierSchema.optional(),
  recommendedPreferences: z.strictObject({ recommendedAutonomy: autonomySchema.optional(), recommendedRiskPolicy: riskPolicySchema.optional() }).optional(),
  features: z.array(text(128)).optional(),
  assessments: z.array(assessment).optional(),
  extensionPoints: z.array(extensionPoint).optional(),
  functionDefinitions: z.array(functionDefinition).optional(),
  metricsProfile: z.enum(["coding", "review", "research", "design", "ticket", "none"]).optional(),
  references: z.array(reference).optional(),
  validatedAgainstSpecVersion: z.int().min(1).optional(),
  systemPrompt: text(16_384).optional(),
  context: contextPolicySchema.optional(),
  contracts: z.record(z.string().regex(/^[a-z][a-z0-9_.-]*$/, "Expected lower-case letters, digits, _, - and dots, a letter first; write it like team.plan"), jsonSchemaSchema).optional(),
  category: text(64).optional(),
  tags: z.array(text(64)).optional(),
} as const satisfies Record<string, z.ZodType>;
