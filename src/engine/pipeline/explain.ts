/**
 * What would run for a task: the pipeline's own `next`, asked after each way in which a session can come out. There is no second
 * description that could differ from what is done.
 */
import type { ItemEvent, Phase, PipelineMode, PipelinePolicy, SnapshotRef } from "../../record/index.ts";
import type { Json } from "../../shared/json.ts";
import { unreachable } from "../../shared/unreachable.ts";
import type { Classification } from "../../workflow/index.ts";
import type { ItemAction, RunSession } from "./action.ts";
import { CONTRACT, COURSES } from "./course.ts";
import { SURE_ENOUGH } from "./investigation.ts";
import { MODE_RULES } from "./modes.ts";
import { next } from "./next.ts";
import { foldItem } from "./state.ts";

export interface ExplainedStep {
  /** `ask`: a person has to answer. */
  readonly phase: Phase | "ask";
  readonly round: number;
  readonly workflowId: string | null;
  readonly why: string;
  /** The only tools it has; null: those of its workflow. */
  readonly allowedTools: readonly string[] | null;
  /** What comes next, by how it comes out. */
  readonly leadsTo: readonly { readonly when: string; readonly next: string }[];
}

export interface Explanation {
  readonly mode: PipelineMode | null;
  readonly why: readonly string[];
  readonly steps: readonly ExplainedStep[];
}

export interface ExplainedItem {
  readonly policy: PipelinePolicy;
  readonly maxReviewRounds: number;
  readonly classification: Classification;
}

interface Place {
  readonly events: readonly ItemEvent[];
  readonly action: ItemAction;
  /** How the session before it came out. */
  readonly via: string;
}

/** Every session that may run for a task of this classification, in the order in which it may first run. */
export function explainItem(item: ExplainedItem): Explanation {
  const steps = new Map<string, ExplainedStep>();
  const seen = new Set<string>();
  const open = [settle([opened(item)], "")];
  let chosen: Extract<ItemEvent, { kind: "mode_chosen" }>["data"] | null = null;
  for (let place = open.shift(); place !== undefined; place = open.shift()) {
    const { events, action } = place;
    chosen ??= events.find((event) => event.kind === "mode_chosen")?.data ?? null;
    if (action.kind !== "run-session" && action.kind !== "ask") continue;
    const name = nameOf(action);
    // What comes next may hang on what came before: the same session is looked at once for each way to it.
    if (seen.has(`${name} ${place.via}`)) continue;
    seen.add(`${name} ${place.via}`);
    const leadsTo = new Map((steps.get(name)?.leadsTo ?? []).map((each) => [`${each.when} ${each.next}`, each]));
    for (const { when, event } of outcomesOf(place, action, item)) {
      const after = settle([...events, ...event], when);
      const each = { when, next: described(after) };
      leadsTo.set(`${each.when} ${each.next}`, each);
      open.push(after);
    }
    const { phase, round, workflowId, why = "", allowedTools = null } = action.kind === "ask" ? { phase: "ask" as const, round: 1, workflowId: null, why: action.question } : action;
    steps.set(name, { phase, round, workflowId, why: steps.get(name)?.why ?? why, allowedTools, leadsTo: [...leadsTo.values()] });
  }
  return { mode: chosen?.mode ?? null, why: chosen?.why ?? [], steps: [...steps.values()] };
}

/** How a mode is chosen, and what each runs before the review. */
export const explainModes = () => ({
  rules: MODE_RULES.map(({ mode, words }) => ({ mode, when: words })),
  modes: (Object.keys(COURSES) as PipelineMode[]).map((mode) => ({ mode, sessions: COURSES[mode].map(({ phase, workflowId, when, why }) => ({ phase, workflowId, when: when?.words ?? "always", why })) })),
});

/** From a history to where something can come out in more than one way. */
function settle(events: readonly ItemEvent[], via: string): Place {
  const action = next(foldItem(events));
  return action.kind === "choose-mode" ? settle([...events, { kind: "mode_chosen", data: { mode: action.mode, why: [...action.why] } }], via) : { events, action, via };
}

const nameOf = (action: Extract<ItemAction, { kind: "run-session" | "ask" }>): string => (action.kind === "ask" ? "ask" : `${action.phase} ${action.round} ${action.workflowId}`);

function described({ action }: Place): string {
  switch (action.kind) {
    case "run-session":
      return `${action.phase}${action.round > 1 ? ` (round ${action.round})` : ""}: ${action.workflowId}`;
    case "ask":
      return "a person is asked";
    case "deliver":
      return "delivered";
    case "stop":
      return `stops (${action.ending}): ${action.reason.message}`;
    case "choose-mode":
    case "test-base":
    case "check-finding":
    case "resume-session":
    case "ended":
      return action.kind;
    default:
      return unreachable(action);
  }
}

interface Outcome {
  readonly when: string;
  readonly event: readonly ItemEvent[];
}

function outcomesOf({ events: { length: index }, via }: Place, action: Extract<ItemAction, { kind: "run-session" | "ask" }>, { classification }: ExplainedItem): readonly Outcome[] {
  if (action.kind === "ask") {
    return (["approved", "rejected"] as const).map((verdict) => ({ when: verdict, event: [{ kind: "interpretation_answered", data: { verdict, by: "a person" } }] }));
  }
  const done = (when: string, contractRef: string, value: Json, snapshot: SnapshotRef | null = null): Outcome => ({ when, event: session(action, { contractRef, value }, { snapshot, index }) });
  const judges = (when: string, ...findings: readonly Json[]): Outcome =>
    done(when, CONTRACT.reviewVerdict, { verdict: findings.length === 0 ? "clean" : when.startsWith("minor") ? "minor" : "blocking", confidence: "high", summary: when, findings: [...findings] });
  const finding = (severity: string, findingCategory: string): Json => ({ severity, findingCategory, summary: `a ${severity} one of ${findingCategory}` });
  switch (action.phase) {
    case "classify":
      return [done("classified like this", CONTRACT.classification, classification as Json)];
    case "discover":
    case "design":
    case "shape": {
      const contractRef = action.phase === "shape" ? CONTRACT.shaping : action.workflowId === "wr.ui-ux-design" ? CONTRACT.interfaceSpec : CONTRACT.discovery;
      return [done("handed over", contractRef, {})];
    }
    case "investigate": {
      const report = (severity: string, hypothesisConfidence: number): Json => ({ rootCause: "the cause", severity, hypothesisConfidence });
      return [
        done(`confidence ${SURE_ENOUGH} or more, below critical`, CONTRACT.investigation, report("major", SURE_ENOUGH)),
        done(`confidence below ${SURE_ENOUGH}`, CONTRACT.investigation, report("major", SURE_ENOUGH / 2)),
        done("critical", CONTRACT.investigation, report("critical", 1)),
      ];
    }
    case "code":
    case "fix": {
      const changed = done("changed and handed over", CONTRACT.codingHandoff, { filesChanged: [] }, SNAPSHOT);
      return action.workflowId === "wr.quick-task" ? [changed, done("its session says that it is no quick task", CONTRACT.result, { outcome: "failed", summary: "it is larger" })] : [changed];
    }
    case "review":
      return [
        judges("clean"),
        judges("minor findings", finding("minor", "style")),
        judges("blocking: correctness, security, testing, ux", finding("major", "correctness")),
        judges("blocking: architecture, performance", finding("major", "architecture")),
        judges("blocking of both sorts", finding("major", "correctness"), finding("major", "architecture")),
      ];
    case "audit":
      return [judges(`audited (${via.replace(/^audited \((.*)\)$/, "$1")})`)];
    case "deliver":
      return [];
    default:
      return unreachable(action.phase);
  }
}

const ZEROS = "0".repeat(40);
const SNAPSHOT: SnapshotRef = { base: ZEROS, tree: ZEROS, manifest: "0".repeat(64), changedFiles: 1 };

const opened = ({ policy, maxReviewRounds }: ExplainedItem): ItemEvent => ({
  kind: "item_opened",
  data: { itemId: "explained", task: { title: "", body: "", sha256: "0".repeat(64) }, base: { ref: "main", sha: ZEROS }, maxReviewRounds, pipeline: policy },
});

function session({ phase, round, workflowId, context, allowedTools, why }: RunSession, artifact: { readonly contractRef: string; readonly value: Json }, { snapshot, index }: { readonly snapshot: SnapshotRef | null; readonly index: number }): readonly ItemEvent[] {
  const sessionId = `${phase}-${round}-${index}`;
  const usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
  return [
    { kind: "session_scheduled", data: { phase, round, sessionId, workflowId, goal: "", context, ...(allowedTools === undefined ? {} : { allowedTools: [...allowedTools] }), ...(why === undefined ? {} : { why }) } },
    { kind: "session_concluded", data: { phase, round, sessionId, outcome: "completed", reason: null, artifacts: [artifact], head: { seq: 1, hash: "0".repeat(64) }, turns: 0, usage, costMicroUsd: 0, snapshot } },
  ];
}
