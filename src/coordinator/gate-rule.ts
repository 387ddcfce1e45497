/**
 * How the coordinator answers a gate in an autonomous run: by rule, over typed results, never over prose. Pure.
 *
 * I9. It fails closed: what speaks against the work rejects it, and a gate that asks for the coordinator's judgement is only opened
 *     by a result that says so; a missing or unreadable one is none.
 */
import type { StepOutput } from "../record/index.ts";
import { BUILT_IN_CONTRACTS, reviewVerdictSchema, verdictOf } from "../workflow/index.ts";

export interface GateEvidence {
  /** `any` is `requireConfirmation: true`: it asks for a nod, not for a judgement. */
  readonly asks: "any" | "judgement";
  /** What the work before the gate handed over. */
  readonly artifacts: StepOutput["artifacts"];
  /** The step's verification command ran and passed. */
  readonly verified: boolean;
  /** Every assessment of the step is there and none asks for follow-up. */
  readonly assessed: boolean;
}

export type GateDecision =
  | { readonly verdict: "approved" | "rejected"; readonly reason: string }
  /** Nothing typed to decide on: somebody has to look. */
  | { readonly verdict: null; readonly reason: string };

/** A verdict that its own author holds for less likely than not is none. */
const LEAST_CONFIDENCE = 0.5;

export function decideGate({ asks, artifacts, verified, assessed }: GateEvidence): GateDecision {
  const words = artifacts.flatMap(({ contractRef, value }) => judgementOf(contractRef, value));
  const against = words.filter((word) => !word.good);
  if (against.length > 0) return { verdict: "rejected", reason: against.map((word) => word.text).join(" ") };
  const speaksFor = [...words.map((word) => word.text), ...(verified ? ["Its verification command passed."] : []), ...(assessed ? ["Its assessments are complete and ask for no follow-up."] : [])];
  if (speaksFor.length > 0) return { verdict: "approved", reason: speaksFor.join(" ") };
  if (asks === "any") return { verdict: "approved", reason: "The step met its requirements, nothing typed speaks against it, and the run is autonomous." };
  return { verdict: null, reason: "The step handed over nothing typed that could decide it." };
}

interface Word {
  readonly good: boolean;
  readonly text: string;
}

/** What an artifact says for or against going on; nothing for those that judge nothing. */
function judgementOf(contractRef: string, value: unknown): readonly Word[] {
  switch (contractRef) {
    case "wr.contracts.gate_verdict": {
      const parsed = BUILT_IN_CONTRACTS[contractRef].safeParse(value);
      if (!parsed.success) return unreadable(contractRef);
      const { verdict = "uncertain", confidence, rationale = "no reason was given" } = parsed.data;
      if (verdict !== "approved") return [{ good: false, text: `The gate verdict is ${verdict}: ${rationale}` }];
      const unsure = confidence === "low" || (typeof confidence === "number" && confidence < LEAST_CONFIDENCE);
      return [unsure ? { good: false, text: `The gate verdict approves with too little confidence (${confidence}): ${rationale}` } : { good: true, text: `The gate verdict is approved: ${rationale}` }];
    }
    case "wr.contracts.review_verdict": {
      const parsed = reviewVerdictSchema.safeParse(value);
      if (!parsed.success) return unreadable(contractRef);
      const verdict = verdictOf(parsed.data);
      return [{ good: verdict !== "blocking", text: `By its findings the review is ${verdict}.` }];
    }
    case "wr.contracts.coordinator_result": {
      const parsed = BUILT_IN_CONTRACTS[contractRef].safeParse(value);
      if (!parsed.success) return unreadable(contractRef);
      return [{ good: parsed.data.outcome === "success", text: `The result is ${parsed.data.outcome}: ${parsed.data.summary}` }];
    }
    case "wr.contracts.coordinator_signal": {
      const parsed = BUILT_IN_CONTRACTS[contractRef].safeParse(value);
      if (!parsed.success) return unreadable(contractRef);
      const waits = parsed.data.signalKind !== "progress" && parsed.data.signalKind !== "finding";
      return waits ? [{ good: false, text: `The agent signals ${parsed.data.signalKind.replace("_", " ")}.` }] : [];
    }
    default:
      return [];
  }
}

const unreadable = (contractRef: string): readonly Word[] => [{ good: false, text: `The artifact ${contractRef} cannot be read.` }];
