/**
 * The proof of a delivery as the item's stream keeps it: what was checked, in which session, with what result, on whose word. The
 * format is for ever: fields may be added as optional ones, none may change or go.
 */
import { z } from "zod";
import { gitOidSchema, sha256Schema } from "./envelope.ts";
import { snapshotRefSchema } from "./snapshot.ts";

const proofResultSchema = z.enum(["holds", "fails", "unknown"]);

const proofGateSchema = z.object({
  /** A code such as `requester`, `command` or `review`; more may come. */
  gate: z.string(),
  result: proofResultSchema,
  /** `GitHub`, `deliver job` or `agent job`. */
  attestedBy: z.string(),
  /** As the pull request shows it: Markdown, one line each. */
  check: z.string(),
  detail: z.string(),
  /** Where it was checked, one of `sessions`; null for what no session did. */
  sessionId: z.string().nullable(),
});

const proofSessionSchema = z.object({
  sessionId: z.string(),
  phase: z.string().nullable(),
  /** Null for one that worked for another. */
  round: z.int().min(1).nullable(),
  role: z.string().nullable(),
  outcome: z.string().nullable(),
  /** The workflow's file by id and version, and the SHA-256 of the compiled plan that the session was pinned to. */
  workflow: z.object({ id: z.string(), version: z.string() }).nullable(),
  plan: sha256Schema.nullable(),
  /** Of a review, by its findings. */
  verdict: z.string().nullable(),
  gates: z.array(z.object({ gate: z.string(), verdict: z.string(), by: z.string() })),
  turns: z.int().min(0),
  costMicroUsd: z.int().min(0),
});

const proofCommandSchema = z.object({
  /** Null for what the job `verify` ran. */
  sessionId: z.string().nullable(),
  command: z.string(),
  exitCode: z.int().nullable(),
  timedOut: z.boolean(),
  durationMs: z.number().min(0),
  sandbox: z.string(),
  /** Files were changed after it. */
  outdated: z.boolean(),
  attestedBy: z.string(),
});

export const proofShape = {
  result: proofResultSchema,
  change: snapshotRefSchema,
  gates: z.array(proofGateSchema),
  sessions: z.array(proofSessionSchema),
  commands: z.array(proofCommandSchema),
  findings: z.object({ found: z.int().min(0), fixed: z.int().min(0), repeated: z.int().min(0), open: z.int().min(0), accepted: z.int().min(0), rounds: z.int().min(0) }),
  cost: z.object({ microUsd: z.int().min(0), turns: z.int().min(0), tokens: z.int().min(0) }),
  /** Who asked, with the role that GitHub named at the time of the delivery. */
  requester: z.object({ login: z.string(), role: z.string() }),
  /** The agent job's part of the record that this is about. */
  record: z.object({ runId: z.int().min(1), lines: z.int().min(0), streams: z.int().min(0), artifacts: z.array(z.object({ id: z.int().min(1), runId: z.int().min(1), name: z.string(), digest: sha256Schema })) }),
  /** What the job `verify` of the run tested; absent where there was none. */
  verified: z.object({ tree: gitOidSchema, jobId: z.int().min(1), conclusion: z.string(), beside: z.boolean() }).optional(),
  /** Who merges, and why so; absent where nothing was configured. */
  merge: z.object({ decision: z.enum(["arm", "person"]), reasons: z.array(z.string()), method: z.string().optional() }).optional(),
};

export type DeliveryProof = z.infer<z.ZodObject<typeof proofShape>>;
