/**
 * What would run for a task: the pipeline's own `next`, asked after each way in which a session can come out. There is no second
 * description that could differ from what is done.
 */
import type { ItemEvent, Phase, PipelineMode, PipelinePolicy, SnapshotRef } from "../../record/index.ts";
import type { Json } from "../../shared/json.ts";
import { unreachable } from "../../shared/unreachable.ts";
import type { Classification } from "../../workflow/index.ts";
import type { ItemAction, RunSession } from "./action.ts";
import { CONTRACT, SLICING } from "./course.ts";
import { inOrder } from "./explain-order.ts";
import { concludedAs, EXAMPLE_SLICES, explainedMerge, explainedWave, scheduledAs, scheduledSlice } from "./explain-slices.ts";
import { SURE_ENOUGH } from "./investigation.ts";
import { answersTo, foundBy, LOOKS, TICKET, type Outcome } from "./explained-answers.ts";
import { missingWords } from "./before-work.ts";
import { next } from "./next.ts";
import { foldItem } from "./state.ts";

export interface ExplainedStep {
  /** `ask`: a person has to answer. `look`: the host looks for what there is already. `wave`: slices at work side by side. `merge`: a slice becomes part of the whole. */
  readonly phase: Phase | "ask" | "look" | "wave" | "merge";
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

/** Every session that may run for a task of this classification, each behind all that may come before it. */
export function explainItem(item: ExplainedItem): Explanation {
  const steps = new Map<string, ExplainedStep>();
  const nextOf = new Map<string, Set<string>>();
  const seen = new Set<string>();
  const open = [settle([opened(item)], "")];
  let chosen: Extract<ItemEvent, { kind: "mode_chosen" }>["data"] | null = null;
  for (let place = open.shift(); place !== undefined; place = open.shift()) {
    const { events, action } = place;
    chosen ??= events.find((event) => event.kind === "mode_chosen")?.data ?? null;
    if (!hasOutcomes(action)) continue;
    const name = nameOf(action);
    // What comes next may hang on what came before: the same session is looked at once for each way to it.
    if (seen.has(`${name} ${place.via}`)) continue;
    seen.add(`${name} ${place.via}`);
    const leadsTo = new Map((steps.get(name)?.leadsTo ?? []).map((each) => [`${each.when} ${each.next}`, each]));
    for (const { when, event } of outcomesOf(place, action, item)) {
      const after = settle([...events, ...event], when);
      const each = { when, next: described(after) };
      leadsTo.set(`${each.when} ${each.next}`, each);
      if (hasOutcomes(after.action)) nextOf.set(name, (nextOf.get(name) ?? new Set()).add(nameOf(after.action)));
      open.push(after);
    }
    const shown = stepOf(action);
    steps.set(name, { ...shown, why: bothReasons(steps.get(name)?.why ?? shown.why, shown.why), leadsTo: [...leadsTo.values()] });
  }
  const order = inOrder(new Map([...steps.keys()].map((name) => [name, nextOf.get(name) ?? new Set<string>()])));
  return { mode: chosen?.mode ?? null, why: chosen?.why ?? [], steps: order.flatMap((name) => steps.get(name) ?? []) };
}

const OTHER_WAY = "; on another way: ";

/** Where a step is come to in several ways and some leave something out before it, all are told; else the first. */
function bothReasons(first: string, other: string): string {
  if (first.startsWith(`${other}; `) && !first.startsWith(`${other}${OTHER_WAY}`)) return `${other}${OTHER_WAY}${first.slice(other.length + 2)}`;
  const [base = ""] = first.split(OTHER_WAY);
  const more = other.startsWith(`${base}; `) ? other.slice(base.length + 2) : "";
  return more === "" || first.includes(more) ? first : `${first}${OTHER_WAY}${more}`;
}

/** From a history to where something can come out in more than one way. */
function settle(events: readonly ItemEvent[], via: string): Place {
  const action = next(foldItem(events));
  return action.kind === "choose-mode" ? settle([...events, { kind: "mode_chosen", data: { mode: action.mode, why: [...action.why] } }], via) : { events, action, via };
}

/** An action that can come out in more than one way, or that somebody sees at work. */
type Branching = Extract<ItemAction, { kind: "run-session" | "ask" | "look" | "resume-slices" | "integrate-slice" }>;

const hasOutcomes = (action: ItemAction): action is Branching => action.kind === "run-session" || action.kind === "ask" || action.kind === "look" || action.kind === "resume-slices" || action.kind === "integrate-slice";

function stepOf(action: Branching): Omit<ExplainedStep, "leadsTo"> {
  switch (action.kind) {
    case "run-session": {
      const { phase, round, workflowId, why = "", allowedTools = null } = action;
      return { phase, round, workflowId, why, allowedTools };
    }
    case "ask":
      return { phase: "ask", round: 1, workflowId: null, why: action.question, allowedTools: null };
    case "look":
      return { phase: "look", round: 1, workflowId: null, why: LOOKS[action.at], allowedTools: null };
    case "resume-slices":
      return { phase: "wave", round: action.sessions[0]?.slice?.wave ?? 1, workflowId: null, why: `${action.sessions.map(({ slice }) => slice?.id ?? "").join(" and ")} at work, each in a working tree of its own`, allowedTools: null };
    case "integrate-slice":
      return { phase: "merge", round: 1, workflowId: null, why: `slice ${action.sliceId} becomes part of the whole by a three-way merge`, allowedTools: null };
    default:
      return unreachable(action);
  }
}

function nameOf(action: Branching): string {
  if (action.kind === "ask") return `ask ${action.about}`;
  if (action.kind === "look") return `look ${action.at}${action.missing.length > 0 ? " again" : ""}`;
  const { phase, round, workflowId } = stepOf(action);
  const of = action.kind === "run-session" && action.slice !== undefined ? ` ${action.slice.part} ${action.slice.id}` : action.kind === "integrate-slice" ? ` ${action.sliceId}` : action.kind === "resume-slices" ? ` ${action.sessions.map(({ slice }) => slice?.id ?? "").join(" ")}` : "";
  return `${phase} ${round} ${workflowId ?? ""}${of}`;
}

function described({ action }: Place): string {
  switch (action.kind) {
    case "run-session":
      return `${action.phase}${action.round > 1 ? ` (round ${action.round})` : ""}: ${action.workflowId}${action.slice === undefined ? "" : `, slice ${action.slice.id}`}`;
    case "ask":
      return `a person is asked (${action.about})`;
    case "look":
      return action.missing.length > 0 ? `waits (waiting-for-artifacts), and looks again when it is gone on with: ${missingWords(action.missing).replaceAll("\n", " ")}` : "looks whether something has the same work";
    case "deliver":
      return "delivered";
    case "stop":
      return `stops (${action.ending}): ${action.reason.message.replace(/\s*\n\s*/g, " ")}`;
    case "resume-slices":
      return `wave ${action.sessions[0]?.slice?.wave ?? 1} of slices`;
    case "integrate-slice":
      return `merge: slice ${action.sliceId}`;
    case "choose-mode":
    case "test-base":
    case "check-finding":
    case "check-merge":
    case "resume-session":
    case "ended":
      return action.kind;
    default:
      return unreachable(action);
  }
}

/** What was taken, as far as the way here says: it decides what is left out later. */
const withWords = (via: string): string => /(?:^|, )(with a (?:spec|pitch) .*)$/.exec(via)?.[1]?.replace(/^/, ", ") ?? "";

/** What a task that is described in part is taken to be; its risk only where no rule chooses the mode by it. */
const takenToBe = (policy: PipelinePolicy, classification: Classification): Json => {
  const said = { deduplicationKey: "a-key", ambiguities: [] };
  return policy.mode === "auto" ? { ...said, ...classification } : { ...said, riskLevel: "low", ...classification };
};

function outcomesOf({ events: { length: index }, via }: Place, action: Branching, { classification, policy }: ExplainedItem): readonly Outcome[] {
  if (action.kind === "resume-slices") return explainedWave(action.sessions, SNAPSHOT);
  if (action.kind === "integrate-slice") return explainedMerge(action, SNAPSHOT);
  if (action.kind === "run-session" && action.slice?.part === "work") return [scheduledSlice(action, index)];
  if (action.kind === "ask") return answersTo(action.about);
  if (action.kind === "look") return foundBy(action, policy, withWords(via));
  const done = (when: string, contractRef: string, value: Json, snapshot: SnapshotRef | null = null): Outcome => ({ when, event: session(action, { contractRef, value }, { snapshot, index }) });
  const judges = (when: string, ...findings: readonly Json[]): Outcome =>
    done(when, CONTRACT.reviewVerdict, { verdict: findings.length === 0 ? "clean" : when.startsWith("minor") ? "minor" : "blocking", confidence: "high", summary: when, findings: [...findings] });
  const finding = (severity: string, findingCategory: string): Json => ({ severity, findingCategory, summary: `a ${severity} one of ${findingCategory}` });
  switch (action.phase) {
    case "classify":
      return [done(`classified like this${withWords(via)}`, CONTRACT.classification, takenToBe(policy, classification))];
    case "discover":
    case "design":
    case "shape": {
      if (action.workflowId === SLICING.workflowId) return EXAMPLE_SLICES.map(({ when, slices }) => done(when, CONTRACT.slices, { slices: [...slices] }));
      const contractRef = action.phase === "shape" ? CONTRACT.shaping : action.workflowId === "wr.ui-ux-design" ? CONTRACT.interfaceSpec : CONTRACT.discovery;
      return [done(`handed over${withWords(via)}`, contractRef, {})];
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
    case "decompose":
      return [done("more than one piece is proposed", CONTRACT.tickets, { tickets: [TICKET, TICKET] }), done("it is one piece", CONTRACT.tickets, { tickets: [TICKET] })];
    case "audit":
      return [judges(`audited (${via.replace(/^audited \((.*)\)$/, "$1")})`)];
    case "deliver":
    case "retrospect":
      return [];
    default:
      return unreachable(action.phase);
  }
}

const ZEROS = "0".repeat(40);
const SNAPSHOT: SnapshotRef = { base: ZEROS, tree: ZEROS, manifest: "0".repeat(64), changedFiles: 1 };

const opened = ({ policy, maxReviewRounds }: ExplainedItem): ItemEvent => ({
  kind: "item_opened",
  data: { itemId: "explained", task: { title: "", body: "", sha256: "0".repeat(64) }, base: { ref: "main", sha: ZEROS }, maxReviewRounds, pipeline: policy, ...(policy.mode === "review-only" ? { review: { headSha: "the head", snapshot: SNAPSHOT } } : {}) },
});

function session(action: RunSession, artifact: { readonly contractRef: string; readonly value: Json }, { snapshot, index }: { readonly snapshot: SnapshotRef | null; readonly index: number }): readonly ItemEvent[] {
  const scheduled = scheduledAs(action, index);
  return [{ kind: "session_scheduled", data: scheduled }, concludedAs(scheduled, { artifacts: [artifact], snapshot })];
}
