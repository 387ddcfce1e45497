/**
 * Every event of a work item's stream: what the coordinator decided and what the deliver job did.
 * The format is for ever: fields may be added as optional ones, none may change or go.
 */
import { z } from "zod";
import { eventSchema as event, gitOidSchema, sha256Schema } from "./envelope.ts";
import { CHANGED_PATHS_LIMIT } from "./limits.ts";
import { proofShape } from "./proof.ts";
import { contextSchema, jsonSchema, sessionOutcomeSchema, usageSchema } from "./session-events.ts";
import { snapshotRefSchema } from "./snapshot.ts";

export const phaseSchema = z.enum(["classify", "discover", "shape", "code", "review", "fix", "deliver", "investigate", "design", "audit", "decompose", "retrospect"]);
/** A slot in the pipeline. */
export type Phase = z.infer<typeof phaseSchema>;

export const pipelineModeSchema = z.enum(["quick", "implement", "full", "review-only", "investigate", "refactor"]);
/** Which sessions a work item goes through. */
export type PipelineMode = z.infer<typeof pipelineModeSchema>;

export const requiredArtifactSchema = z.object({
  /** What it is, in the words of the config. */
  what: z.string(),
  /** A file that fits the glob is to be on the default branch; `{number}` is the issue's. */
  path: z.string().optional(),
  /** The issue is to have the label. */
  label: z.string().optional(),
});
/** What has to be there before there is work on an item. */
export type RequiredArtifact = z.infer<typeof requiredArtifactSchema>;

export const pipelinePolicySchema = z.object({
  /** `auto`: by the classification. */
  mode: z.enum(["auto", ...pipelineModeSchema.options]),
  /** When a person has to confirm how the task was understood before there is work on it. */
  confirm: z.enum(["never", "ambiguous", "always", "risky"]),
  /** Whether large work is cut into slices that are coded side by side; absent: opened before there were slices, never. */
  slices: z.enum(["auto", "never"]).optional(),
  /** Slices at work at the same time. */
  parallelSlices: z.int().min(1).max(4).optional(),
  /** What becomes of an item whose work something else has already. Absent: opened before this was looked for, and nothing is looked for. */
  duplicates: z.enum(["stop", "ignore"]).optional(),
  /** Globs of files that are a pitch of the issue; `{number}` is the issue's. */
  pitches: z.array(z.string()).optional(),
  requires: z.array(requiredArtifactSchema).optional(),
  /** Whether large work is proposed to be cut into sub-issues; absent: never. */
  decompose: z.enum(["never", "ask"]).optional(),
  /** When a session looks back on the item once its end is decided; absent: never. */
  retrospective: z.enum(["never", "troubled", "always"]).optional(),
  /** Which edition of the pipeline's tables decides, so that a log is decided again as it was (I3); absent: the first. */
  rules: z.literal([2, 3, 4]).optional(),
});
/** What the repository's config says of the pipeline. */
export type PipelinePolicy = z.infer<typeof pipelinePolicySchema>;

/** How a run ended, as the last segment's name carries it. A closed list: the App turns it into words. */
export const ENDING_CODES = [
  "ready",
  "nothing-to-do",
  "not-completed",
  "blocked",
  "tests-red",
  "review-blocking",
  "no-verdict",
  "awaiting-approval",
  "needs-answer",
  "completed",
  "budget",
  "time-limit",
  "model-refused",
  "model-unavailable",
  "model-rejected",
  "model-spend-limit",
  "no-sandbox",
  "cannot-save",
  "bad-config",
  "bad-ticket",
  "cancelled",
  "lost",
  "keeps-crashing",
  "internal",
  "fenced",
  "unclear",
  "reported",
  "duplicate",
  "waiting-for-artifacts",
  "decomposed",
  "reviewed",
  "undeliverable",
  "needs-private",
  "no-key",
  "key-rejected",
] as const;
export const endingCodeSchema = z.enum(ENDING_CODES);
export type EndingCode = z.infer<typeof endingCodeSchema>;

export const reasonSchema = z.object({ code: z.string(), message: z.string(), fix: z.string() });
/** Why something stopped, in words a person can act on. */
export type Reason = z.infer<typeof reasonSchema>;

const commandRunSchema = z.object({
  /** Null when a signal or the time-out ended it. */
  exitCode: z.int().nullable(),
  timedOut: z.boolean(),
  /** The end of its output, at most 8 KiB. */
  outputTail: z.string(),
  durationMs: z.number().min(0),
  sandbox: z.enum(["bubblewrap", "weak", "none"]),
  /** Names of the tests that failed; absent where the output does not say them beyond doubt. */
  failing: z.array(z.string()).optional(),
});
/** A command that the host itself ran in the sandbox, and what came of it. */
export type CommandRun = z.infer<typeof commandRunSchema>;
/** A file that two sides of a merge changed in ways that git does not bring together. */
export const mergeConflictSchema = z.object({
  path: z.string(),
  /** What stands in the tree: both sides between markers, or one side whole where lines cannot be told apart (a deletion, a binary file, a link). */
  kind: z.enum(["markers", "whole"]),
});
export type MergeConflict = z.infer<typeof mergeConflictSchema>;

const changedSchema = z.object({ paths: z.array(z.string()).max(CHANGED_PATHS_LIMIT), more: z.int().min(0) });

/** The three states of the files that a merge is made of; null is the base commit itself. */
const mergedOf = { base: snapshotRefSchema.nullable(), ours: snapshotRefSchema.nullable(), theirs: snapshotRefSchema.nullable() };
export const duplicateSchema = z.object({
  /** `attempt`: a run on the same issue. `pull-request`: one that closes the issue. `same-key`: a run or pull request that was classified as the same work. */
  kind: z.enum(["attempt", "pull-request", "same-key"]),
  /** What it is, e.g. `pull request #7`. */
  what: z.string(),
  url: z.string(),
});
/** What has the work of an item already. */
export type Duplicate = z.infer<typeof duplicateSchema>;

export const takenArtifactSchema = z.object({
  path: z.string(),
  /** Under which name later sessions have it: in the place of what a session would have handed over. */
  as: z.enum(["pitch", "direction"]),
  sha256: sha256Schema,
  sizeBytes: z.int().min(0),
  /** The whole file. */
  text: z.string(),
});
/** A file of the base commit that is taken instead of being made again. */
export type TakenArtifact = z.infer<typeof takenArtifactSchema>;

const earlierFindingSchema = z.object({ severity: z.enum(["critical", "major", "minor", "nit"]), file: z.string(), line: z.int().min(1).nullable(), text: z.string() });
/** A finding of an earlier review that is open on the pull request. */
export type EarlierFinding = z.infer<typeof earlierFindingSchema>;

const reviewedBeforeSchema = z.object({
  /** The head that was reviewed, and the commit at which it left the base branch. */
  headSha: gitOidSchema,
  mergeBase: gitOidSchema,
  /** Hunks of the change that were part of it then, by what they do to which file; they are not looked at again. */
  seen: z.array(z.string()).max(5_000),
  /** Why the whole is looked at all the same. */
  full: z.string().optional(),
  earlier: z.array(earlierFindingSchema).max(200),
});
/** What an earlier review of the pull request looked at and found. */
export type ReviewedBefore = z.infer<typeof reviewedBeforeSchema>;

export const itemEventSchema = z.discriminatedUnion("kind", [
  event("item_opened", {
    itemId: z.string(),
    task: z.object({ title: z.string(), body: z.string(), sha256: sha256Schema }),
    base: z.object({ ref: z.string(), sha: gitOidSchema }),
    /** The one workflow that is run instead of the pipeline. */
    workflowId: z.string().optional(),
    /** Rounds of review after which findings stop the item. */
    maxReviewRounds: z.int().min(1),
    /** Absent: opened before there were modes; it goes on by the table it was opened under. */
    pipeline: pipelinePolicySchema.optional(),
    /** The host runs the tests before the work, and the commands of findings before and after the fix; absent: opened before it did. */
    hostChecks: z.literal(true).optional(),
    /** How findings of two rounds are known to be the same (`finding-identity.ts`); absent: by file and summary, letter by letter, as it was before. */
    sameFindings: z.literal("identity").optional(),
    /** A person decides on the plan before anything is made. */
    plan: z.literal(true).optional(),
    /** Only a review of a pull request: the commit under review, and its files over the base, which is its merge base. */
    review: z.object({ headSha: gitOidSchema, snapshot: snapshotRefSchema, since: reviewedBeforeSchema.optional() }).optional(),
  }),
  event("run_opened", {
    host: z.enum(["actions", "local"]),
    runId: z.int().min(0),
    runAttempt: z.int().min(1),
    /** The dispatch key of the trigger; null for a local run. */
    key: z.string().nullable(),
    /** The App's signed ticket as received; null for a local run. */
    ticket: z.string().nullable(),
    sandbox: z.enum(["bubblewrap", "weak", "none"]),
    /** Whose runner it was: GitHub's, or the operator's that is thrown away after the job; on the last one the job's user may be root. */
    runner: z.enum(["hosted", "ephemeral", "ephemeral-with-root"]).optional(),
    /** What an earlier run left that this one goes on from, in words. */
    restored: z.string().nullable(),
    /** The commit that the item's record ref pointed to when this run began; null where there was none. Without it: written before there were such refs. */
    committed: gitOidSchema.nullable().optional(),
    /** Digests of the segments this run goes on from, in order. */
    segments: z.array(sha256Schema),
    /** Runs before this one, in a row, that ended without a word at the place this one begins at; absent for none. */
    crashes: z.int().min(1).optional(),
    /** What the whole item was expected to cost before its first session, in millionths of a US dollar, and why in words. */
    estimate: z.object({ lowMicroUsd: z.int().min(0), highMicroUsd: z.int().min(0), basis: z.string() }).optional(),
  }),
  /** Which pipeline the item goes through, and why. A later one takes the place of an earlier one. */
  event("mode_chosen", { mode: pipelineModeSchema.optional(), why: z.array(z.string()).optional() }),
  /** What a person said to how the task was understood. */
  event("interpretation_answered", { verdict: z.enum(["approved", "rejected"]), by: z.string(), reason: z.string().optional() }),
  /** The repository's tests on the base, before a session changed anything. `result` is null when nothing was run, for the reason in `skipped`. */
  event("base_tested", { command: z.string().nullable(), result: commandRunSchema.nullable(), skipped: z.string().nullable() }),
  /** A finding's `reproduce`, run on a copy of `tree`. `result` is null when nothing was run, for the reason in `skipped`. */
  event("finding_checked", { round: z.int().min(1), tree: gitOidSchema, command: z.string(), result: commandRunSchema.nullable(), skipped: z.string().nullable() }),
  /** What a person said to how large work was proposed to be cut into sub-issues. */
  event("decomposition_answered", { verdict: z.enum(["approved", "rejected"]), by: z.string(), reason: z.string().optional() }),
  /** What a person said to the plan. */
  event("plan_answered", { verdict: z.enum(["approved", "rejected"]), by: z.string(), reason: z.string().optional() }),
  /** A person asked to go on from before that session; null: from where it stands, since no session of the phase was there. */
  event("item_retried", { sessionId: z.string().nullable(), phase: phaseSchema.nullable(), by: z.string() }),
  /** What was delivered is worked on again: something was said of it on GitHub since. */
  event("item_followed_up", {
    /**
     * `ci`: checks on the delivered commit failed. `review`: a reviewer asked for changes. `comments`: somebody asked for something in a
     * conversation on a line. `asked`: a command asked for findings of its review. `conflict`: it cannot be merged into the base branch as that
     * is by now.
     */
    because: z.enum(["ci", "review", "asked", "conflict", "comments"]),
    /** In whose name. */
    by: z.string(),
    /** Of `review`: its id. Absent in records of before it was told. */
    reviewId: z.int().min(1).optional(),
    /** Of `asked`: the ids that the command named; empty for all that the last review left. Absent in records of before they were told. */
    named: z.array(z.string()).optional(),
    /** The delivered commit, which the next one comes after. */
    headSha: gitOidSchema,
    /** What is to be answered, as the fix session is given it; each is data of somebody else's. */
    findings: z.array(jsonSchema).min(1),
    /** Of `comments`: GitHub's ids of what stands in the conversations. */
    comments: z.array(z.int().min(1)).min(1).max(50).optional(),
    /** Of `conflict`: the commit that the work builds on from here on, and what the delivered files merged with it came to. */
    onto: z.object({ base: z.object({ ref: z.string(), sha: gitOidSchema }), snapshot: snapshotRefSchema, changed: changedSchema.optional(), conflicts: z.array(mergeConflictSchema).min(1) }).optional(),
  }),
  /** What a session left of the conflict with a moved base: the files of this state that hold marks of it still; none when it is resolved. */
  event("merge_checked", { tree: gitOidSchema, unresolved: z.array(mergeConflictSchema) }),
  /** What the host found before there was work, or once it was known what the task asks for. A later one of the same moment takes the place of an earlier one. */
  event("intake_checked", {
    at: z.enum(["opened", "classified"]),
    /** What the work builds on from here on: the newest commit, where the item waited and nothing was done yet. */
    base: z.object({ ref: z.string(), sha: gitOidSchema }).optional(),
    duplicates: z.array(duplicateSchema),
    /** Required and not there yet. */
    missing: z.array(requiredArtifactSchema),
    taken: z.array(takenArtifactSchema),
    /** What was linked or lay in its place and was not taken, and why. */
    passedOver: z.array(z.object({ path: z.string(), why: z.string() })),
  }),
  event("session_scheduled", {
    phase: phaseSchema,
    round: z.int().min(1),
    sessionId: z.string(),
    workflowId: z.string(),
    goal: z.string(),
    context: contextSchema,
    /** The only tools that its agent and all that works for it may use, whatever the workflow says; all when absent. */
    allowedTools: z.array(z.string()).optional(),
    /** Why it is run, in words. */
    why: z.string().optional(),
    /** Of a change that was cut into slices: which one it works on, or whose conflict it resolves, and in which wave. */
    slice: z.object({ id: z.string(), part: z.enum(["work", "merge"]), wave: z.int().min(1) }).optional(),
  }),
  event("session_concluded", {
    phase: phaseSchema,
    round: z.int().min(1),
    sessionId: z.string(),
    outcome: sessionOutcomeSchema,
    reason: z.object({ code: z.string(), message: z.string() }).nullable(),
    artifacts: z.array(z.object({ contractRef: z.string(), value: jsonSchema })),
    head: z.object({ seq: z.int().min(1), hash: sha256Schema }),
    /** Turns, cost, tokens and tool time include those of the sessions that worked for it; `usage` is its own. */
    turns: z.int().min(0),
    usage: usageSchema,
    costMicroUsd: z.int().min(0),
    /** Of the cost, worst cases of requests that were not answered; nothing when absent. */
    unansweredMicroUsd: z.int().min(0).optional(),
    /** All tokens it spent, those of requests without a known end included. */
    tokens: z.int().min(0).optional(),
    inputTokens: z.int().min(0).optional(),
    outputTokens: z.int().min(0).optional(),
    /** Time that tools ran, side by side ones each counted. */
    toolMs: z.number().min(0).optional(),
    /** Time at work in all its runs. */
    workedMs: z.number().min(0).optional(),
    snapshot: snapshotRefSchema.nullable(),
    /** The files in which the snapshot differs from the base, the first `CHANGED_PATHS_LIMIT` of them. */
    changed: changedSchema.optional(),
  }),
  /** What a slice changed is part of the whole now. */
  event("slice_integrated", {
    sliceId: z.string(),
    /** The session whose files were taken: the slice's own, or the one that resolved its conflict. */
    sessionId: z.string(),
    /** `nothing`: it changed no file. `fast-forward`: nothing else had changed since it began. `merged`: by a three-way merge. `resolved`: by a session. */
    how: z.enum(["nothing", "fast-forward", "merged", "resolved"]),
    ...mergedOf,
    /** The whole with it. */
    snapshot: snapshotRefSchema.nullable(),
    changed: changedSchema.optional(),
  }),
  /** A slice and the whole changed the same places. A second one for the same slice says what its session left unresolved. */
  event("slice_conflicted", {
    sliceId: z.string(),
    sessionId: z.string(),
    ...mergedOf,
    /** The merge as far as it went, with markers in the files that name both sides. */
    snapshot: snapshotRefSchema,
    conflicts: z.array(mergeConflictSchema).min(1).max(CHANGED_PATHS_LIMIT),
  }),
  /** The pipeline has nothing left to run: either something is to be delivered, or here is why not. */
  event("item_ended", {
    outcome: z.enum(["deliver", "stopped", "parked"]),
    ending: endingCodeSchema,
    reason: reasonSchema.nullable(),
    snapshot: snapshotRefSchema.nullable(),
    /** A review found something blocking on the way: whatever became of it, a person has to merge. */
    escalated: z.literal(true).optional(),
  }),
  /** Written by the deliver job before it publishes: what this delivery rests on. */
  event("proof_recorded", proofShape),
  /** Written by the deliver job: one effect on GitHub, seen confirmed. */
  event("effect_confirmed", {
    key: z.string(),
    intent: z.string(),
    id: z.string(),
    url: z.string().nullable(),
    /** True when it was found already done. */
    adopted: z.boolean(),
  }),
  /** Written by the deliver job: GitHub did not take an effect that the delivery does not hang on, and why in words. */
  event("effect_declined", { key: z.string(), intent: z.string(), message: z.string() }),
  event("delivery_ended", { outcome: z.enum(["delivered", "refused", "said"]), reason: reasonSchema.nullable() }),
]);
export type ItemEvent = z.infer<typeof itemEventSchema>;
