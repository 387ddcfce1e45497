/**
 * The built-in output contracts: what an artifact of each kind holds. Unknown fields are kept, not refused.
 * A new contract is one entry here.
 */
import { z } from "zod";
import { slicesSchema } from "./slices.ts";

const texts = z.array(z.string());
/** Statements as text, or in the two fields that WorkRail's prompts spell out. */
const statements = <First extends string, Second extends string>(first: First, second: Second) =>
  z.array(z.union([z.string(), z.looseObject({ [first]: z.string(), [second]: z.string() } as Record<First | Second, z.ZodString>)])).optional();
/** One of these statements in a line. */
export const statementText = (statement: string | Readonly<Record<string, unknown>>): string => (typeof statement === "string" ? statement : Object.entries(statement).map(([key, value]) => `${key}: ${String(value)}`).join("; "));

const pitch = z.looseObject({ rawIdea: z.string().optional(), problem: z.string().optional() });
const differentiation = z.looseObject({ direction: z.string().optional(), rationale: z.string().optional(), alternatives: texts.optional(), differentiators: texts.optional(), shapingHandoff: pitch.optional() });
const TEXT = { type: "string" };

export const severitySchema = z.enum(["critical", "major", "minor", "nit"]);
export type Severity = z.infer<typeof severitySchema>;
export const verdictSchema = z.enum(["clean", "minor", "blocking"]);
export type Verdict = z.infer<typeof verdictSchema>;

const findingSchema = z.looseObject({
  severity: severitySchema,
  summary: z.string().min(1),
  findingCategory: z.enum(["correctness", "security", "architecture", "ux", "performance", "testing", "style"]).optional(),
  /** Path from the root of the repository. */
  file: z.string().optional(),
  line: z.int().min(1).optional(),
  endLine: z.int().min(1).optional(),
  /** Side of the diff the lines are counted on. */
  side: z.enum(["LEFT", "RIGHT"]).optional(),
  evidence: z.string().optional(),
  remediation: z.string().optional(),
  suggestion: z.string().optional(),
  reproduce: z.string().optional().describe("A command, run from the root of the repository without a network, that shows the problem by its exit code: it exits with another code than 0 while the fault is there, and with 0 once it is gone. What it prints does not count. The host runs it before the fix and after it."),
});
export type Finding = z.infer<typeof findingSchema>;

const accountReason = z.string().trim().min(1).describe("What you saw when you checked it.");
const accountedFinding = z.string().describe("The id that the step's list gives the finding.");
const accountSchema = z.discriminatedUnion("fate", [
  z.looseObject({ fate: z.enum(["taken", "merged"]).describe("taken: it stands on its own; merged: it has one cause with others"), finding: accountedFinding, as: z.int().min(1).describe("Which of `findings` holds it, from 1; no milder than it was brought"), reason: accountReason }),
  z.looseObject({ fate: z.literal("dropped").describe("it does not hold"), finding: accountedFinding, reason: accountReason }),
]);
export type FindingAccount = z.infer<typeof accountSchema>;

const VERDICTS = verdictSchema.options;
const VERDICT_OF_SEVERITY = { critical: "blocking", major: "blocking", minor: "minor", nit: "clean" } as const satisfies Record<Severity, Verdict>;

/** The stricter of two verdicts. */
export const stricter = (a: Verdict, b: Verdict): Verdict => (VERDICTS.indexOf(a) >= VERDICTS.indexOf(b) ? a : b);

/** What a review comes to: the stricter of what it says and what its findings make it (critical and major block, a nit changes nothing). */
export function verdictOf(review: { readonly verdict: Verdict; readonly findings: readonly { readonly severity: Severity }[] }): Verdict {
  return review.findings.reduce((verdict, finding) => stricter(verdict, VERDICT_OF_SEVERITY[finding.severity]), review.verdict);
}

export const reviewVerdictSchema = z
  .looseObject({
    verdict: verdictSchema.describe("clean | minor | blocking; never milder than the worst finding: critical and major mean blocking, minor means minor"),
    confidence: z.enum(["high", "medium", "low"]),
    findings: z.array(findingSchema),
    summary: z.string().min(1),
    accounts: z.array(accountSchema).optional().describe("What became of each finding of the reviewers this verdict rests on"),
  })
  .superRefine((review, context) => {
    const least = verdictOf(review);
    if (least !== review.verdict) {
      context.addIssue({ code: "custom", path: ["verdict"], message: `"${review.verdict}" is milder than the findings, which make it "${least}"` });
    }
  });
export type ReviewVerdict = z.infer<typeof reviewVerdictSchema>;

export const classificationSchema = z.looseObject({
  taskKind: z.enum(["bug", "feature", "refactoring", "chore"]).optional(),
  taskComplexity: z.enum(["small", "medium", "large"]).optional(),
  riskLevel: z.enum(["low", "medium", "high", "critical"]).optional(),
  hasUi: z.boolean().optional(),
  touchesArchitecture: z.boolean().optional(),
  taskMaturity: z.enum(["idea", "rough", "specced", "ready"]).optional(),
  deduplicationKey: z.string().optional(),
  interpretation: z.string().optional(),
  ambiguities: texts.optional(),
});
export type Classification = z.infer<typeof classificationSchema>;

export const codingHandoffSchema = z.looseObject({
  branchName: z.string().optional(),
  keyDecisions: texts.optional(),
  knownLimitations: texts.optional(),
  testsAdded: texts.optional(),
  filesChanged: texts.optional(),
  correctedAssumptions: statements("assumed", "actual"),
  commitType: z.string().optional(),
  commitScope: z.string().optional(),
  commitSubject: z.string().optional(),
  prTitle: z.string().optional(),
  prBody: z.string().optional(),
  sideEffects: texts.optional(),
});
export type CodingHandoff = z.infer<typeof codingHandoffSchema>;

export const investigationSchema = z.looseObject({
  rootCause: z.string().optional(),
  affectedFiles: texts.optional(),
  severity: z.string().optional(),
  hypothesisConfidence: z.number().min(0).max(1).optional(),
  reproduction: z.string().optional(),
  ruledOut: texts.optional(),
});

/** Schemas of the built-in contracts by their reference. */
export const BUILT_IN_CONTRACTS = {
  "wr.contracts.loop_control": z.looseObject({
    decision: z.enum(["continue", "stop"]),
    loopId: z.string().optional(),
    metadata: z.looseObject({ reason: z.string().optional() }).optional(),
  }),
  "wr.contracts.assessment": z.looseObject({
    assessmentId: z.string().optional(),
    dimensions: z.record(z.string(), z.union([z.string(), z.looseObject({ level: z.string(), rationale: z.string().optional() })])).optional(),
    summary: z.string().optional(),
  }),
  "wr.contracts.review_verdict": reviewVerdictSchema,
  "wr.contracts.discovery_handoff": z.looseObject({
    selectedDirection: z.string().optional(),
    designDocPath: z.string().optional(),
    confidenceBand: z.string().optional(),
    keyInvariants: texts.optional(),
    rejectedDirections: statements("direction", "reason"),
    implementationConstraints: texts.optional(),
    keyCodebaseLocations: statements("path", "relevance"),
    selectionTier: z.string().optional(),
  }),
  "wr.contracts.shaping_handoff": z.looseObject({
    pitchPath: z.string().optional(),
    selectedShape: z.string().optional(),
    appetite: z.string().optional(),
    keyConstraints: texts.optional(),
    rabbitHoles: texts.optional(),
    outOfScope: texts.optional(),
    validationChecklist: texts.optional(),
  }),
  "wr.contracts.coding_handoff": codingHandoffSchema,
  "wr.contracts.classification": classificationSchema,
  "wr.contracts.slices": slicesSchema,
  "wr.contracts.investigation": investigationSchema,
  "wr.contracts.gate_verdict": z.looseObject({
    verdict: z.enum(["approved", "rejected", "uncertain"]).optional(),
    confidence: z.union([z.string(), z.number()]).optional(),
    rationale: z.string().optional(),
  }),
  /** A direction with its rationale, or WorkRail's hand-over to shaping. */
  "wr.contracts.differentiation_handoff": differentiation
    .superRefine((handoff, context) => {
      if (handoff.shapingHandoff !== undefined) return;
      for (const field of ["direction", "rationale"] as const) if (handoff[field] === undefined) context.addIssue({ code: "custom", path: [field], message: "is missing (or send `shapingHandoff`)" });
    })
    .meta({ anyOf: [{ type: "object", properties: { direction: TEXT, rationale: TEXT }, required: ["direction", "rationale"] }, { type: "object", properties: { shapingHandoff: { type: "object" } }, required: ["shapingHandoff"] }] }),
  "wr.contracts.coordinator_signal": z.looseObject({
    signalKind: z.enum(["progress", "finding", "data_needed", "approval_needed", "blocked"]),
    payload: z.json().optional(),
  }),
  "wr.contracts.coordinator_result": z.looseObject({
    outcome: z.enum(["success", "partial", "failed"]),
    summary: z.string().min(1),
    data: z.json().optional(),
  }),
} as const satisfies Record<string, z.ZodType>;
export type BuiltInContract = keyof typeof BUILT_IN_CONTRACTS;

export const isBuiltInContract = (ref: string): ref is BuiltInContract => Object.hasOwn(BUILT_IN_CONTRACTS, ref);
