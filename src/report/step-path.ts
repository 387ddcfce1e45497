/** The way a session went: every step that was offered or passed over, in order, with what decided it and what came of it. */
import type { Recorded, SessionEvent, TraceEntry } from "../record/index.ts";
import { NO_TITLES, planOf, titleOf, type StepTitles } from "./step-titles.ts";
import { decidedBy } from "./condition-words.ts";

/**
 * `done`; `skipped`: passed over by the decision; `again`: its work was sent back, and done anew; `left`: the session was rewound to
 * before it; `waits`: at a gate that is not answered; `open`: out when the log ends; `stopped`: out when the session ended.
 */
export type StepState = "done" | "skipped" | "again" | "left" | "waits" | "open" | "stopped";

export interface PathStep {
  readonly stepId: string;
  /** Null where its plan cannot be read. */
  readonly title: string | null;
  /** Null for one that was passed over: it has no place in the history. */
  readonly nodeId: string | null;
  readonly state: StepState;
  /** Turns of the loops around it, such as `rounds 2`, outermost first. */
  readonly loops: readonly string[];
  /** What decided that it was offered or passed over; empty when only its place did. */
  readonly why: string;
  readonly attempts: number;
  /** What was wanted of attempts that did not count, and of work that was sent back. */
  readonly blockers: readonly string[];
  /** Questions of gates with what was answered; null while nobody has. */
  readonly gates: readonly { readonly gate: "human_approval" | "coordinator_eval"; readonly question: string; readonly answer: string | null }[];
  /** Sessions that its work was given to. */
  readonly children: readonly string[];
  readonly turns: number;
  readonly costMicroUsd: number;
}

const begun = (entry: Pick<PathStep, "stepId" | "title" | "nodeId" | "state" | "loops" | "why">): PathStep => ({ ...entry, attempts: 0, blockers: [], gates: [], children: [], turns: 0, costMicroUsd: 0 });

type Titles = ReadonlyMap<string, string> | undefined;

/** Its title where there is one, for people who did not write the workflow. */
export const nameOf = ({ stepId, title }: Pick<PathStep, "stepId" | "title">): string => title ?? stepId;

const passedOver = (trace: readonly TraceEntry[], titles: Titles): readonly PathStep[] =>
  trace.filter(({ decision }) => decision === "skipped").map((entry) => begun({ stepId: entry.stepId, title: titleOf(titles, entry.stepId), nodeId: null, state: "skipped", loops: [], why: decidedBy(entry) }));

export function stepPath(events: readonly Recorded<SessionEvent>[], known: StepTitles = NO_TITLES): readonly PathStep[] {
  const titles = known.get(planOf(events) ?? "");
  const path: PathStep[] = [];
  const places = new Map<string, number>();
  /** The node whose step is worked on. */
  let at: string | null = null;
  const change = (nodeId: string | null, changed: (step: PathStep) => Partial<PathStep>): void => {
    const place = nodeId === null ? undefined : places.get(nodeId);
    const step = place === undefined ? undefined : path[place];
    if (place !== undefined && step !== undefined) path[place] = { ...step, ...changed(step) };
  };
  for (const event of events) {
    switch (event.kind) {
      case "step_offered": {
        at = event.data.nodeId;
        path.push(...passedOver(event.data.trace, titles));
        places.set(at, path.length);
        path.push(offered(event.data, titles));
        break;
      }
      case "step_submitted":
        change(event.data.nodeId, () => ({ attempts: event.data.attempt }));
        break;
      case "attempt_blocked":
        change(event.data.nodeId, ({ blockers }) => ({ blockers: [...blockers, ...messages(event.data)] }));
        break;
      case "step_completed":
        change(event.data.nodeId, () => ({ state: "done" }));
        break;
      case "step_reopened":
        change(event.data.nodeId, () => ({ state: "again" }));
        change(event.data.reopenedNodeId, ({ blockers }) => ({ state: "open", blockers: [...blockers, ...messages(event.data)] }));
        at = event.data.reopenedNodeId;
        break;
      case "gate_opened":
        change(event.data.nodeId, ({ gates }) => ({ state: "waits", gates: [...gates, { gate: event.data.gate, question: event.data.question, answer: null }] }));
        break;
      case "gate_resolved": {
        const answer = `${event.data.verdict} by ${event.data.by}: ${event.data.reason}`;
        change(event.data.nodeId, ({ gates }) => ({ state: "open", gates: gates.map((gate) => (gate.answer === null ? { ...gate, answer } : gate)) }));
        break;
      }
      case "child_started":
        change(at, (step) => ({ children: withChild(step, event.data.sessionId) }));
        break;
      case "child_finished":
        change(event.data.nodeId, (step) => ({ children: withChild(step, event.data.sessionId) }));
        break;
      case "turn_completed":
        change(at, ({ turns, costMicroUsd }) => ({ turns: turns + 1, costMicroUsd: costMicroUsd + event.data.costMicroUsd }));
        break;
      case "rewound":
        for (const [place, step] of path.entries()) if (place >= (places.get(event.data.nodeId) ?? path.length) && step.state !== "skipped") path[place] = { ...step, state: "left" };
        break;
      case "session_ended":
        for (const [place, step] of path.entries()) if (step.state === "open" || step.state === "waits") path[place] = { ...step, state: "stopped" };
        path.push(...passedOver(event.data.trace ?? [], titles));
        break;
      default:
        // The rest says nothing of the way.
        break;
    }
  }
  return path;
}

type Offered = Extract<SessionEvent, { kind: "step_offered" }>["data"];

function offered({ stepId, nodeId, trace, loops = [], scope, jumpedFrom }: Offered, titles: Titles): PathStep {
  const decisions = trace.filter(({ decision }) => decision === "offered").map(decidedBy);
  const why = [...decisions, ...(jumpedFrom === undefined ? [] : [`jumped to from ${jumpedFrom}`])].filter((words) => words !== "").join("; ");
  return begun({ stepId, title: titleOf(titles, stepId, scope), nodeId, state: "open", loops: loops.map(({ loopId, iteration }) => `${loopId} ${iteration}`), why });
}

const messages = ({ blockers }: { readonly blockers: readonly { readonly message: string }[] }): readonly string[] => blockers.map(({ message }) => message);

const withChild = ({ children }: PathStep, sessionId: string | null): readonly string[] => (sessionId === null || children.includes(sessionId) ? children : [...children, sessionId]);
