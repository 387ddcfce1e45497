/** The fields of each type of step, one zod schema each. */
import { z } from "zod";
import type { CheckedFields } from "./check-fields.ts";
import { conditionSchema } from "./condition.ts";
import { criteriaSchema } from "./criteria.ts";
import { jsonSchemaSchema } from "./json-schema.ts";
import { modelTierSchema } from "./plan.ts";
import { functionDefinition, text } from "./vocabulary.ts";

const promptPart = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("text"), text: z.string() }),
  z.strictObject({ kind: z.literal("ref"), refId: z.string().min(1) }),
]);
const promptValue = z.union([z.string(), z.array(promptPart)], { error: "Expected text, or a list of {kind: text, text} and {kind: ref, refId}" });
export type PromptValue = z.infer<typeof promptValue>;

const promptBlocks = z.strictObject({
  goal: promptValue.optional(),
  constraints: z.array(promptValue).optional(),
  procedure: z.array(promptValue).optional(),
  outputRequired: z.record(z.string(), z.string()).optional(),
  verify: z.array(promptValue).optional(),
});
export type PromptBlocks = z.infer<typeof promptBlocks>;

const contextKey = z.string().regex(/^[A-Za-z_$][\w$-]*$/, "Expected a name of letters, digits, _ and -, not beginning with a digit; write it like changedFiles");
const variable = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, "Expected letters, digits and _, not beginning with a digit; write it like currentFile");
const stepId = z.string().min(3).max(64).regex(/^[a-z0-9-]+$/, "Expected lower-case letters, digits and -; write it like write-tests");
const toolName = z.string().regex(/^[a-zA-Z][\w:-]*$/, "Expected the name of a tool; write it like read");

const gateObject = z.strictObject({ kind: z.enum(["coordinator_eval", "human_approval"]), condition: conditionSchema.optional() });
const confirmation = z.union([z.boolean(), gateObject, conditionSchema], {
  error: "Expected true, false, a condition, or {kind: human_approval | coordinator_eval, condition?}",
});
export type Confirmation = z.infer<typeof confirmation>;

const outputContract = z.strictObject({ contractRef: z.string().min(1), required: z.boolean().optional(), requireFields: z.array(z.string()).optional(), accountsFor: z.string().min(1).optional() });
export type OutputContract = z.infer<typeof outputContract>;

const delegation = z.strictObject({
  workflowId: text(128),
  goal: z.string().optional(),
  runCondition: conditionSchema.optional(),
  contextMapping: z.record(z.string(), z.string()).optional(),
  args: z.record(z.string(), z.json()).optional(),
  modelTier: modelTierSchema.optional(),
  allowedTools: z.array(toolName).min(1).optional(),
});
export type DelegationText = z.infer<typeof delegation>;

/** Fields every step may have. */
const common = { id: stepId, title: text(128), runCondition: conditionSchema.optional() };

export const standardStepFields = {
  ...common,
  type: z.literal("standard").optional(),
  prompt: text(8192).optional(),
  promptBlocks: promptBlocks.optional(),
  templateCall: z.strictObject({ templateId: text(128), args: z.record(z.string(), z.json()).optional() }).optional(),
  promptFragments: z.array(z.strictObject({ id: z.string().min(1).max(64).regex(/^[a-z][a-z0-9_-]*$/, "Expected lower-case letters, digits, _ and -, a letter first; write it like for-large-tasks"), when: conditionSchema.optional(), text: text(4096) })).min(1).optional(),
  agentRole: z.string().min(10).max(1024).optional(),
  guidance: z.array(z.string()).optional(),
  modelTier: modelTierSchema.optional(),
  systemPrompt: text(16_384).optional(),
  askForFiles: z.boolean().optional(),
  hasValidation: z.boolean().optional(),
  requireConfirmation: confirmation.optional(),
  validationCriteria: z.union([z.array(criteriaSchema), criteriaSchema], { error: "Expected a list of rules, or one of {and: [...]}, {or: [...]}, {not: ...}" }).optional(),
  outputContract: outputContract.optional(),
  assessmentRefs: z.array(text(64)).min(1).optional(),
  assessmentConsequences: z
    .array(
      z.strictObject({
        when: z.strictObject({ anyEqualsLevel: text(64), forAssessment: text(128).optional() }),
        effect: z.strictObject({ kind: z.literal("require_followup"), guidance: text(512) }),
      }),
    )
    .min(1)
    .max(10)
    .optional(),
  notesOptional: z.boolean().optional(),
  functionDefinitions: z.array(functionDefinition).optional(),
  functionCalls: z.array(z.strictObject({ name: variable, args: z.record(z.string(), z.json()) })).optional(),
  functionReferences: z.array(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*\(\)$/, "Expected the name of a function with (); write it like parseDate()")).optional(),
  requires: z.array(z.union([contextKey, z.strictObject({ key: contextKey, schema: jsonSchemaSchema })], { error: "Expected a context key, or {key, schema}" })).optional(),
  produces: z.record(contextKey, jsonSchemaSchema).optional(),
  allowedTools: z.array(toolName).min(1).optional(),
  /** Without a command or a prompt, as with `cognitive: true`, whoever does the work finds out what to run. */
  verification: z.strictObject({ command: text(1024).optional(), prompt: text(4096).optional(), cognitive: z.boolean().optional() }).optional(),
  /** `delegate`: the routine whose findings the judgement is to rest on. */
  audit: z.strictObject({ prompt: text(4096).optional(), rubric: z.array(z.string()).min(1).optional(), delegate: delegation.optional() }).optional(),
  jumpIf: z.strictObject({ condition: conditionSchema, target: z.string().min(1), maxJumps: z.int().min(1).max(1000).optional() }).optional(),
} as const satisfies Record<string, z.ZodType>;
/** A standard step as far as its fields can be used. */
export type StepValues = CheckedFields<typeof standardStepFields>["values"];

const variables = { iterationVar: variable.optional(), itemVar: variable.optional(), indexVar: variable.optional() };

/** Of a forEach whose items are worked on at once; understood beside `loop` and in it. */
const sideBySide = { parallel: z.boolean().optional(), maxParallel: z.int().min(1).max(64).optional() };

const loop = z.strictObject({
  type: z.enum(["while", "until", "for", "forEach"]),
  maxIterations: z.number().min(1).max(1000).optional(),
  condition: conditionSchema.optional(),
  conditionSource: z
    .union(
      [
        z.strictObject({ kind: z.literal("artifact_contract"), contractRef: z.string().min(1), loopId: z.string().min(1).optional() }),
        z.strictObject({ kind: z.literal("context_variable"), condition: conditionSchema }),
      ],
      { error: "Expected {kind: artifact_contract, contractRef, loopId?} or {kind: context_variable, condition}" },
    )
    .optional(),
  count: z.union([z.number().min(0).max(1000), z.string()], { error: "Expected a number from 0 to 1000, or the name of a context value" }).optional(),
  items: z.string().min(1).optional(),
  ...variables,
  ...sideBySide,
});
export type LoopText = z.infer<typeof loop>;

const body = z.union([z.string(), z.array(z.unknown()).min(1)], { error: "Expected the id of a step of the file, or a list of steps" });

export const loopStepFields = {
  ...common,
  type: z.literal("loop"),
  loop,
  body,
  functionDefinitions: z.array(functionDefinition).optional(),
  requireConfirmation: confirmation.optional(),
  notesOptional: z.boolean().optional(),
  ...sideBySide,
} as const satisfies Record<string, z.ZodType>;

export const parallelStepFields = {
  ...common,
  type: z.literal("parallel"),
  /** Of the children and of whoever brings their results together. */
  allowedTools: z.array(toolName).min(1).optional(),
  parallelDelegations: z.array(delegation).min(1),
  requireConfirmation: confirmation.optional(),
  notesOptional: z.boolean().optional(),
  synthesis: z.strictObject({ prompt: text(4096).optional(), outputContract: outputContract.optional() }).optional(),
  maxParallel: z.int().min(1).max(64).optional(),
} as const satisfies Record<string, z.ZodType>;

export const todoListStepFields = {
  ...common,
  type: z.literal("todoList"),
  /** The step that yields the items, or the id of one. */
  produces: z.union([z.string(), z.record(z.string(), z.unknown())], { error: "Expected a step, or the id of a step of the file" }),
  /** The context key the items stand under. */
  items: contextKey.optional(),
  body,
  maxIterations: z.number().min(1).max(1000).optional(),
  ...variables,
  requireConfirmation: confirmation.optional(),
  functionDefinitions: z.array(functionDefinition).optional(),
} as const satisfies Record<string, z.ZodType>;

export const gatherStepFields = {
  ...common,
  type: z.literal("context-gather"),
  contextType: z.string().regex(/^[a-z][a-z0-9_-]*$/, "Expected lower-case letters, digits, _ and -, a letter first; write it like pitch"),
  outputVar: contextKey,
  optional: z.boolean().optional(),
  sources: z
    .array(
      z.union(
        [
          z.enum(["injected", "task_url"]),
          z.strictObject({ kind: z.literal("injected"), key: contextKey.optional() }),
          z.strictObject({ kind: z.literal("local_paths"), paths: z.array(text(512)).min(1) }),
          z.strictObject({ kind: z.literal("task_url") }),
        ],
        { error: "Expected injected, task_url, or {kind: injected | local_paths | task_url, key?, paths?}" },
      ),
    )
    .min(1)
    .optional(),
} as const satisfies Record<string, z.ZodType>;
