/**
 * Every event of a session stream. The format is for ever: fields may be added as optional ones, none may change or go.
 */
import { z } from "zod";
import { isJson, type Json } from "../shared/json.ts";
import { eventSchema as event, gitOidSchema, sha256Schema } from "./envelope.ts";
import { AUTONOMIES, RISK_POLICIES } from "./preferences.ts";

/** Not `z.json()`: a schema that refers to itself cannot be compiled, and every line of a log is checked (index.ts). */
export const jsonSchema = z.custom<Json>((value) => isJson(value), "must be plain JSON");
export const contextSchema = z.record(z.string(), jsonSchema);
const nodeId = z.string().min(1).max(64);
const stepId = z.string().min(1).max(128);

/** What a step hands over: notes for people, typed artifacts and context values for code. */
export const stepOutputSchema = z.object({
  notes: z.string(),
  artifacts: z.array(z.object({ contractRef: z.string(), value: jsonSchema })),
  context: contextSchema,
});
export type StepOutput = z.infer<typeof stepOutputSchema>;

/** One reason why a step is not done, and how to mend it. */
export const blockerSchema = z.object({ code: z.string(), message: z.string(), fix: z.string() });
export type Blocker = z.infer<typeof blockerSchema>;

/** Why a step was offered or passed over: the condition and the values it saw. */
export const traceEntrySchema = z.object({
  stepId,
  decision: z.enum(["offered", "skipped"]),
  condition: jsonSchema.optional(),
  values: contextSchema.optional(),
  /** What the condition came to. Not in logs of early versions, and not always the decision: an `until` loop runs while it is false. */
  holds: z.boolean().optional(),
  /** What decided beside a condition: a turn of a loop, a jump, a template. */
  reason: z.string().optional(),
});
export type TraceEntry = z.infer<typeof traceEntrySchema>;

/** A loop that a node stands in. */
export const loopTurnSchema = z.object({
  loopId: stepId,
  /** From 1. */
  iteration: z.int().min(1),
  /** What the body's last loop control said in this iteration. */
  control: z.enum(["continue", "stop"]).optional(),
  /** The list a forEach runs over, pinned when the loop is entered or the list has grown. */
  items: z.array(jsonSchema).optional(),
});
export type LoopTurn = z.infer<typeof loopTurnSchema>;

/** A session that a parallel step asks its host to run. */
export const childRequestSchema = z.object({
  childId: z.string().min(1).max(96),
  workflowId: z.string(),
  goal: z.string(),
  context: contextSchema,
  modelTier: z.enum(["lightweight", "mid", "heavy"]).nullable(),
  allowedTools: z.array(z.string()).nullable(),
});
export type ChildRequest = z.infer<typeof childRequestSchema>;

/** A place that a context-gather step looks at, in the order they stand. */
export const contextSourceSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("local_path"), path: z.string() }),
  z.object({ kind: z.literal("task_url"), url: z.string() }),
]);
export type ContextSource = z.infer<typeof contextSourceSchema>;

export const sessionOutcomeSchema = z.enum(["completed", "blocked", "failed", "stopped"]);
export type SessionOutcome = z.infer<typeof sessionOutcomeSchema>;

export const autonomySchema = z.enum(AUTONOMIES);
export type Autonomy = z.infer<typeof autonomySchema>;

export const riskPolicySchema = z.enum(RISK_POLICIES);
export type RiskPolicy = z.infer<typeof riskPolicySchema>;

/** Tokens of one model turn as the API reports them; cache figures are parts of the input beside `inputTokens`. */
export const usageSchema = z.object({
  inputTokens: z.int().min(0),
  outputTokens: z.int().min(0),
  cacheReadTokens: z.int().min(0),
  cacheWriteTokens: z.int().min(0),
});
export type Usage = z.infer<typeof usageSchema>;

/** Events of the engine: what `engine/session` decides and folds. */
export const engineEventSchema = z.discriminatedUnion("kind", [
  event("session_started", {
    sessionId: z.string(),
    itemId: z.string().nullable(),
    parentSessionId: z.string().nullable(),
    phase: z.string().nullable(),
    workflow: z.object({ id: z.string(), version: z.string() }),
    /** SHA-256 of the compiled plan's canonical JSON, kept as a blob: the session stays on it whatever happens to the file. */
    plan: sha256Schema,
    /**
     * By workflow id, the plans (as `plan`) of all that its parallel steps may run, and that those may: a child begins on what was there
     * when its parent began. What is not among them is looked for when it is to begin. Absent: nothing is delegated, or an early log.
     */
    childPlans: z.record(z.string(), sha256Schema).optional(),
    goal: z.string(),
    context: contextSchema,
    autonomy: autonomySchema,
    riskPolicy: riskPolicySchema.optional(),
    /** A child's bounds, set by the delegation that asked for it. */
    modelTier: z.enum(["lightweight", "mid", "heavy"]).optional(),
    allowedTools: z.array(z.string()).optional(),
    /** What a child is for, when it is more than a delegated workflow: `audit`, `gate-evaluation`, or the role it was spawned in. */
    role: z.string().optional(),
  }),
  event("step_offered", {
    nodeId,
    parentNodeId: nodeId.nullable(),
    stepId,
    trace: z.array(traceEntrySchema),
    /** The loops around the step, outermost first; absent outside of loops. */
    loops: z.array(loopTurnSchema).optional(),
    /** Values of the loop variables at this node. */
    scope: contextSchema.optional(),
    /** The step whose `jumpIf` led here. */
    jumpedFrom: stepId.optional(),
    /** Set when a loop cannot go on by itself: what its step wants mended. */
    blockers: z.array(blockerSchema).optional(),
  }),
  event("step_submitted", { nodeId, attempt: z.int().min(1), output: stepOutputSchema }),
  event("attempt_blocked", { nodeId, attempt: z.int().min(1), blockers: z.array(blockerSchema).min(1) }),
  event("verification_requested", { nodeId, requestId: z.string(), command: z.string() }),
  event("verification_finished", {
    nodeId,
    requestId: z.string(),
    /** Null when the command was ended by a signal or the time-out. */
    exitCode: z.int().nullable(),
    timedOut: z.boolean(),
    /** The end of its output, at most 8 KiB. */
    outputTail: z.string(),
    durationMs: z.number().min(0),
    sandbox: z.enum(["bubblewrap", "weak", "none"]),
    /** Names of the tests that failed; absent where the output does not say them beyond doubt. */
    failing: z.array(z.string()).optional(),
    /** The command was red before the work as well. `same`: with these failures and perhaps more; null where that is not known. `fresh`: those that did not fail then. */
    redBefore: z.object({ same: z.boolean().nullable(), fresh: z.array(z.string()) }).optional(),
  }),
  event("step_completed", { nodeId, stepId }),
  /** A later judgement (an audit, a gate) sends the work of an earlier node back. */
  event("step_reopened", { nodeId, reopenedNodeId: nodeId, blockers: z.array(blockerSchema).min(1) }),
  event("children_requested", { nodeId, requestId: z.string(), children: z.array(childRequestSchema).min(1), maxParallel: z.int().min(1).nullable() }),
  event("child_finished", {
    nodeId,
    requestId: z.string(),
    childId: z.string(),
    /** Null when no session could be started. */
    sessionId: z.string().nullable(),
    outcome: sessionOutcomeSchema,
    summary: z.string(),
    artifacts: z.array(z.object({ contractRef: z.string(), value: jsonSchema })),
  }),
  event("context_requested", { nodeId, requestId: z.string(), sources: z.array(contextSourceSchema).min(1) }),
  /** The first source that had something; `source` is null when none had. */
  event("context_gathered", { nodeId, key: z.string(), source: z.string().nullable(), value: jsonSchema }),
  /** The session goes on from where this node was offered; what came after it stays in the log and is never seen by the new branch. */
  event("rewound", { nodeId }),
  event("checkpoint_made", { checkpointId: z.string(), nodeId: nodeId.nullable(), note: z.string().nullable() }),
  event("gate_opened", { nodeId, gate: z.enum(["human_approval", "coordinator_eval"]), question: z.string() }),
  event("gate_resolved", { nodeId, verdict: z.enum(["approved", "rejected"]), reason: z.string(), by: z.string() }),
  event("gap_recorded", { nodeId: nodeId.nullable(), code: z.string(), message: z.string() }),
  event("session_ended", {
    outcome: sessionOutcomeSchema,
    reason: z.object({ code: z.string(), message: z.string() }).nullable(),
    /** Steps passed over after the last one. */
    trace: z.array(traceEntrySchema).optional(),
  }),
]);
export type EngineEvent = z.infer<typeof engineEventSchema>;

export const rememberedKindSchema = z.enum(["decision", "constraint", "dead_end"]);
export const coordinatorSignalKindSchema = z.enum(["progress", "finding", "data_needed", "approval_needed", "blocked"]);
export type CoordinatorSignalKind = z.infer<typeof coordinatorSignalKindSchema>;

/** Why a model conversation ended. Only `completed` means that the session's last step was done. */
export const agentEndCodeSchema = z.enum([
  "completed",
  "stopped_without_completing",
  "budget_turns",
  "budget_tokens",
  "budget_input_tokens",
  "budget_output_tokens",
  "budget_cost",
  "budget_time",
  "budget_tool_time",
  "malformed_turns",
  "stuck",
  "stalled",
  "no_progress",
  "refused",
  "model_unavailable",
  "model_spend_limit",
  "model_rejected",
  "model_key_rejected",
  "context_full",
  "cancelled",
  "session_over",
]);
export type AgentEndCode = z.infer<typeof agentEndCodeSchema>;

/** Sections of a context package that a workflow may name; rules and what is the session's own it always has. */
export const CONTEXT_SECTIONS = ["issue", "decisions", "dead-ends", "files", "results", "sessions"] as const;

/** What went into the opening of a conversation beside its step, and what did not fit: names, sizes and digests, not the texts. */
export const contextRecordSchema = z.object({
  policy: z.enum(["inherit", "blank", "custom"]),
  budgetTokens: z.int().min(0),
  /** Estimated, of all that was given. */
  tokens: z.int().min(0),
  sections: z.array(z.object({ name: z.string(), source: z.string(), tokens: z.int().min(0), sha256: sha256Schema })),
  leftOut: z.array(
    z.object({
      name: z.string(),
      /** How many entries of the section, and which. */
      what: z.string(),
      tokens: z.int().min(0),
      why: z.string(),
      /** How the agent can get it. */
      how: z.string(),
    }),
  ),
});
export type ContextRecord = z.infer<typeof contextRecordSchema>;

/** Events of the agent: what the model and its tools did. */
export const agentEventSchema = z.discriminatedUnion("kind", [
  /** A conversation boundary: turns before it are not replayed. System prompt and tool list are blobs. */
  event("conversation_started", {
    conversation: z.int().min(1),
    model: z.string(),
    system: sha256Schema,
    tools: sha256Schema,
    firstMessage: z.string(),
    cause: z.enum(["start", "redacted", "changed", "compacted"]),
    /** The context package in `firstMessage`; absent where nothing was packed, and in logs of early versions. */
    context: contextRecordSchema.optional(),
  }),
  event("turn_requested", {
    conversation: z.int().min(1),
    turn: z.int().min(1),
    turnKey: z.string(),
    model: z.string(),
    /** SHA-256 of the canonical JSON of the request body. */
    promptSha256: sha256Schema,
    maxTokens: z.int().min(1),
    /** The worst this turn can cost, millionths of a US dollar, counted against the budget before it was sent. */
    reservedMicroUsd: z.int().min(0),
    /** The most tokens, in and out, this turn can take, counted against the budget likewise. */
    reservedTokens: z.int().min(0).optional(),
  }),
  event("turn_completed", {
    turn: z.int().min(1),
    turnKey: z.string(),
    /** The assistant's content blocks exactly as received; replayed byte for byte. */
    content: z.array(z.record(z.string(), jsonSchema)),
    stopReason: z.string(),
    usage: usageSchema,
    requestId: z.string().nullable(),
    costMicroUsd: z.int().min(0),
    /** Redaction changed the content: it can be read but not replayed. */
    redacted: z.boolean().optional(),
  }),
  event("turn_failed", { turn: z.int().min(1), turnKey: z.string(), code: z.string(), message: z.string(), retryInMs: z.number().min(0).nullable() }),
  event("tool_started", { turn: z.int().min(1), toolUseId: z.string(), name: z.string() }),
  event("tool_completed", {
    turn: z.int().min(1),
    toolUseId: z.string(),
    name: z.string(),
    isError: z.boolean(),
    content: z.string(),
    durationMs: z.number().min(0),
    /** The call's time is counted elsewhere (a child's session), not as tool time. */
    untimed: z.boolean().optional(),
  }),
  /** Text put into the conversation that is no tool result: a reminder or nudge of ours, the step that is out now, or words of a person. */
  event("steered", { turn: z.int().min(1), source: z.enum(["reminder", "nudge", "person", "step"]), text: z.string() }),
  /** What commands reached through the sandbox's gateway since the last such event; hosts as `host:port`. */
  event("network_reached", {
    hosts: z.array(z.object({ host: z.string(), requests: z.int().min(0), refused: z.int().min(0), sentBytes: z.int().min(0), receivedBytes: z.int().min(0) })).min(1),
  }),
  event("issue_reported", { severity: z.enum(["info", "warn", "error"]), summary: z.string(), detail: z.string() }),
  /** The workflow itself is at fault: a step contradicts itself, asks for what cannot be had, or lacks something. */
  event("workflow_problem_reported", { stepId: z.string().nullable(), summary: z.string(), suggestion: z.string() }),
  /** What a session learned that later ones of its work item must know. */
  event("fact_remembered", { fact: rememberedKindSchema, text: z.string() }),
  /** Word from the agent to the code that runs it, and what that made of it. */
  event("coordinator_signalled", {
    stepId: z.string().nullable(),
    signalKind: coordinatorSignalKindSchema,
    summary: z.string(),
    payload: jsonSchema,
    decision: z.enum(["noted", "gap", "stopped"]),
    reason: z.string(),
  }),
  /**
   * A session that works for this one: a child of a parallel step (`child`), an auditor, a gate's evaluator, or an agent that the
   * tool call `toolUseId` asked for. How it ended is in its own stream.
   */
  event("child_started", { sessionId: z.string(), role: z.string(), workflowId: z.string(), goal: z.string(), toolUseId: z.string().nullable() }),
  /** The files as they are: `tree` over `base`. `manifest` is a blob that lists every path that differs and its content's blob. */
  event("workspace_saved", { base: gitOidSchema, tree: gitOidSchema, manifest: sha256Schema, changedFiles: z.int().min(0) }),
  event("agent_ended", {
    conversation: z.int().min(0),
    code: agentEndCodeSchema,
    message: z.string(),
    /** Tool time of calls that were aborted, which have no result to carry it. */
    interruptedToolMs: z.number().min(0).optional(),
  }),
]);
export type AgentEvent = z.infer<typeof agentEventSchema>;

export const sessionEventSchema = z.discriminatedUnion("kind", [...engineEventSchema.options, ...agentEventSchema.options]);
export type SessionEvent = z.infer<typeof sessionEventSchema>;
