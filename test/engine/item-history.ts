/** Histories of work items in short, for tables. */
import { foldItem, next, type IntakeCheck, type ItemAction } from "../../src/engine/pipeline/index.ts";
import type { ItemEvent, Phase, PipelinePolicy, SessionOutcome, SnapshotRef } from "../../src/record/index.ts";
import type { Json } from "../../src/shared/json.ts";

export const snapshot: SnapshotRef = { base: "a".repeat(40), tree: "b".repeat(40), manifest: "c".repeat(64), changedFiles: 1 };
const opened = (pipeline?: PipelinePolicy, more: Partial<Extract<ItemEvent, { kind: "item_opened" }>["data"]> = {}): ItemEvent => ({
  kind: "item_opened",
  data: { itemId: "7/issue-1/1", task: { title: "t", body: "b", sha256: "d".repeat(64) }, base: { ref: "main", sha: "a".repeat(40) }, maxReviewRounds: 3, ...(pipeline === undefined ? {} : { pipeline }), ...more },
});

export interface Step {
  readonly phase: Phase;
  readonly round?: number;
  readonly workflowId?: string;
  /** Paths that the snapshot differs in. */
  readonly changed?: readonly string[];
  readonly outcome?: SessionOutcome;
  readonly code?: string;
  readonly artifacts?: readonly { readonly contractRef: string; readonly value: Json }[];
  readonly snapshot?: SnapshotRef | null;
}

export const classification = {
  contractRef: "wr.contracts.classification",
  value: { taskComplexity: "small", riskLevel: "low", hasUi: false, touchesArchitecture: false, taskMaturity: "ready", interpretation: "Round first.", ambiguities: [] },
};
const finding = (severity: string) => ({ severity, summary: `a ${severity} thing`, file: "src/a.js", line: 3, evidence: "seen", remediation: "mend" });
export const verdict = (stated: string, ...severities: string[]) => ({
  contractRef: "wr.contracts.review_verdict",
  value: { verdict: stated, confidence: "high", findings: severities.map(finding), summary: "read it" },
});
export const classify: Step = { phase: "classify", artifacts: [classification] };
export const code: Step = { phase: "code", snapshot };
export const review = (round: number, ...artifacts: NonNullable<Step["artifacts"]>): Step => ({ phase: "review", round, artifacts });

export function history(...steps: readonly Step[]): readonly ItemEvent[] {
  return [opened(), ...steps.flatMap((step, index) => [scheduled(step, index), concluded(step, index)])];
}

/** The same of an item whose findings are known again by their identity. */
export const historyWithIdentity = (...steps: readonly Step[]): readonly ItemEvent[] => [opened(undefined, { sameFindings: "identity" }), ...history(...steps).slice(1)];

export const scheduled = (step: Step, index: number): ItemEvent => ({
  kind: "session_scheduled",
  data: { phase: step.phase, round: step.round ?? 1, sessionId: `s-${index}`, workflowId: step.workflowId ?? "w", goal: "g", context: {} },
});

const concluded = (step: Step, index: number): ItemEvent => ({
  kind: "session_concluded",
  data: {
    phase: step.phase,
    round: step.round ?? 1,
    sessionId: `s-${index}`,
    outcome: step.outcome ?? "completed",
    reason: step.code === undefined ? null : { code: step.code, message: "because" },
    artifacts: [...(step.artifacts ?? [])],
    head: { seq: 9, hash: "e".repeat(64) },
    turns: 2,
    usage: { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 },
    costMicroUsd: 10,
    snapshot: step.snapshot ?? null,
    ...(step.changed === undefined ? {} : { changed: { paths: [...step.changed], more: 0 } }),
  },
});

/**
 * An item that goes its way by the pipeline's own decisions: what sessions hand over is given, in order; modes are chosen as they are
 * decided, and a person approves when asked.
 */
export function playItem(policy: PipelinePolicy, outcomes: readonly Outcome[], { answer = "approved", reason, found = {}, opening = {} }: { readonly opening?: Parameters<typeof opened>[1];  readonly answer?: "approved" | "rejected"; readonly reason?: string; readonly found?: Partial<Record<"opened" | "classified", Partial<IntakeCheck>>> } = {}): { readonly events: readonly ItemEvent[]; readonly path: readonly string[] } {
  const events: ItemEvent[] = [opened(policy, opening)];
  const path: string[] = [];
  const left = [...outcomes];
  for (;;) {
    const action = next(foldItem(events));
    path.push(short(action));
    if (action.kind === "choose-mode") events.push({ kind: "mode_chosen", data: { mode: action.mode, why: [...action.why] } });
    else if (action.kind === "look" && action.missing.length === 0) events.push({ kind: "intake_checked", data: { at: action.at, duplicates: [], missing: [], taken: [], passedOver: [], ...found[action.at] } });
    else if (action.kind === "ask" && !path.slice(0, -1).includes(short(action))) events.push({ kind: `${action.about}_answered`, data: { verdict: answer, by: "ada", ...(reason === undefined ? {} : { reason }) } });
    else if (action.kind === "run-session" && left.length > 0) {
      const { phase, round, workflowId } = action;
      const step: Step = { phase, round, workflowId, ...left.shift() };
      events.push(scheduled(step, events.length), concluded(step, events.length));
    } else return { events, path };
  }
}

/** What a session comes to. */
export type Outcome = Omit<Step, "phase" | "round" | "workflowId">;

export const handover = (value: Json = { filesChanged: ["src/a.js"] }, changed: readonly string[] = ["src/a.js"]): Outcome => ({ snapshot, changed, artifacts: [{ contractRef: "wr.contracts.coding_handoff", value }] });
export const judged = (stated: string, ...severities: string[]): Outcome => ({ artifacts: [verdict(stated, ...severities)] });
export const classified = (fields: Readonly<Record<string, Json>> = {}): Outcome => ({ artifacts: [{ ...classification, value: { ...classification.value, ...fields } }] });

/** What a row expects, in short: the phase and round that run next, `deliver`, or the ending code. */
export const short = (action: ItemAction): string => {
  switch (action.kind) {
    case "run-session":
      return `${action.phase} ${action.round}`;
    case "choose-mode":
      return `mode ${action.mode}`;
    case "stop":
      return `stop ${action.ending}`;
    case "ask":
      return action.about === "interpretation" ? "ask" : `ask ${action.about}`;
    case "look":
      return action.missing.length > 0 ? "wait" : `look ${action.at}`;
    default:
      return action.kind;
  }
};

