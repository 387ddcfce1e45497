/** The kinds of step of a compiled workflow. Fields added after the first release have a default, so that old plans read. */
import { z } from "zod";
import { conditionSchema } from "./condition.ts";
import { criteriaSchema } from "./criteria.ts";
import { jsonSchemaSchema } from "./json-schema.ts";

export const modelTierSchema = z.enum(["lightweight", "mid", "heavy"]);
/** How capable a model a step asks for; the host maps it to a model. */
export type ModelTier = z.infer<typeof modelTierSchema>;

const texts = z.array(z.string()).readonly();
const condition = conditionSchema.nullable();

/** `any` is `requireConfirmation: true`: a person when guided, the coordinator when autonomous. */
const confirmationSchema = z.strictObject({ gate: z.enum(["any", "human_approval", "coordinator_eval"]), condition }).nullable();
/** `accountsFor`: the parallel step whose reviewers' findings the artifact answers one by one. */
const contractSchema = z.strictObject({ ref: z.string(), required: z.boolean(), requireFields: texts, accountsFor: z.string().optional() }).nullable();

/** Who put the step there: the routine it was expanded from and the features that added to it. */
const originSchema = z.strictObject({ routine: z.string().nullable(), features: texts }).readonly();
export type StepOrigin = z.infer<typeof originSchema>;

export const fragmentSchema = z.strictObject({ id: z.string(), when: condition, text: z.string() });
export const consequenceSchema = z.strictObject({ level: z.string(), assessment: z.string().nullable(), guidance: z.string() });
export type Consequence = z.infer<typeof consequenceSchema>;

const base = { id: z.string(), title: z.string(), runCondition: condition };
const origin = originSchema.default({ routine: null, features: [] });

export const standardStepSchema = z.strictObject({
  kind: z.literal("standard"),
  ...base,
  /** The template a model reads: the author's prompt, or the prompt blocks set as Markdown. */
  prompt: z.string(),
  agentRole: z.string().nullable(),
  systemPrompt: z.string().nullable(),
  modelTier: modelTierSchema.nullable(),
  guidance: texts,
  hints: texts,
  confirmation: confirmationSchema,
  contract: contractSchema,
  notesRequired: z.boolean(),
  requires: z.record(z.string(), jsonSchemaSchema),
  produces: z.record(z.string(), jsonSchemaSchema),
  allowedTools: texts.nullable(),
  verification: z.strictObject({ command: z.string().nullable(), prompt: z.string().nullable() }),
  /** The step whose work this one judges; its artifact is a gate verdict. Null for ordinary work. */
  audits: z.string().nullable().default(null),
  fragments: z.array(fragmentSchema).readonly().default([]),
  /** Author-declared functions the step names, expanded. */
  definitions: texts.default([]),
  criteria: criteriaSchema.nullable().default(null),
  /** Ids of the plan's assessments that must come with the step. */
  assessments: texts.default([]),
  consequences: z.array(consequenceSchema).readonly().default([]),
  /** The call of a routine whose demands this step carries: once a step of it ran, no condition skips this one. */
  closes: z.string().nullable().default(null),
  jump: z.strictObject({ condition: conditionSchema, target: z.string(), maxJumps: z.int().min(1) }).nullable().default(null),
  origin,
}).readonly();
export type StandardStep = z.infer<typeof standardStepSchema>;

export const delegationSchema = z.strictObject({
  workflowId: z.string(),
  goal: z.string().nullable(),
  runCondition: condition,
  /** Parent key to child key. */
  contextMapping: z.record(z.string(), z.string()),
  args: z.record(z.string(), z.json()),
  modelTier: modelTierSchema.nullable(),
  allowedTools: texts.nullable(),
});
export type Delegation = z.infer<typeof delegationSchema>;

/** Names of a loop's variables in the context of its body. */
const loopVariables = { iterationVar: z.string(), itemVar: z.string(), indexVar: z.string() };

export const parallelStepSchema = z.strictObject({
  kind: z.literal("parallel"),
  ...base,
  delegations: z.array(delegationSchema).min(1).readonly(),
  /** Every item of the list gets its own children. */
  forEach: z.strictObject({ items: z.string(), maxIterations: z.int().min(1), ...loopVariables }).nullable(),
  /** Children that may run at the same time; null leaves it to the host. */
  maxParallel: z.int().min(1).nullable(),
  synthesis: z.strictObject({ prompt: z.string().nullable(), contract: contractSchema }).nullable(),
  notesRequired: z.boolean(),
  confirmation: confirmationSchema,
  modelTier: modelTierSchema.nullable(),
  /** Of the children and of whoever brings their results together; a delegation may only narrow it. */
  allowedTools: texts.nullable().default(null),
  origin,
}).readonly();
export type ParallelStep = z.infer<typeof parallelStepSchema>;

export const gatherStepSchema = z.strictObject({
  kind: z.literal("gather"),
  ...base,
  /** What is gathered, in a word: pitch, spec, discovery. */
  contextType: z.string(),
  outputVar: z.string(),
  optional: z.boolean(),
  sources: z.array(z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("injected"), key: z.string() }),
    z.strictObject({ kind: z.literal("local_path"), path: z.string() }),
    z.strictObject({ kind: z.literal("task_url") }),
  ])).min(1).readonly(),
  origin,
}).readonly();
export type GatherStep = z.infer<typeof gatherStepSchema>;

/** A gate of its own: nobody works here, somebody answers. */
export const confirmStepSchema = z.strictObject({ kind: z.literal("confirm"), ...base, confirmation: confirmationSchema.unwrap(), after: z.string(), closes: z.string().nullable().default(null), origin }).readonly();
export type ConfirmStep = z.infer<typeof confirmStepSchema>;

export const loopSchema = z.strictObject({
  type: z.enum(["while", "until", "for", "forEach"]),
  maxIterations: z.int().min(1).max(1000),
  /** Who decides to go on: loop control of the body, or the condition. Null for a loop that only counts. */
  decidedBy: z.enum(["artifact", "condition"]).nullable(),
  condition,
  /** Name by which a loop control may speak of this loop, beside the step's id. */
  loopId: z.string().nullable(),
  count: z.union([z.number(), z.string()]).nullable(),
  items: z.string().nullable(),
  ...loopVariables,
});
export type Loop = z.infer<typeof loopSchema>;

export interface LoopStep {
  readonly kind: "loop";
  readonly id: string;
  readonly title: string;
  readonly runCondition: StandardStep["runCondition"];
  readonly loop: Loop;
  readonly body: readonly PlanStep[];
  readonly origin: StepOrigin;
}
export type PlanStep = StandardStep | ParallelStep | GatherStep | ConfirmStep | LoopStep;

const loopStepSchema: z.ZodType<LoopStep> = z.strictObject({ kind: z.literal("loop"), ...base, loop: loopSchema, body: z.array(z.lazy(() => planStepSchema)).min(1).readonly(), origin }).readonly();

export const planStepSchema: z.ZodType<PlanStep> = z.union([standardStepSchema, parallelStepSchema, gatherStepSchema, confirmStepSchema, loopStepSchema]);
