/** A session's log as a person reads it: each step offered or passed over with its condition and values, each attempt, each verdict. */
import type { Recorded, SessionEvent, TraceEntry } from "../record/index.ts";
import { canonicalJson } from "../shared/json.ts";
import { contextWords } from "./context-words.ts";
import { unreachable } from "../shared/unreachable.ts";

export interface TimelineEntry {
  readonly seq: number;
  readonly at: string;
  readonly kind: SessionEvent["kind"];
  readonly nodeId: string | null;
  readonly text: string;
  /** Why this step: every step looked at, with its condition and the values it saw. */
  readonly trace?: readonly TraceEntry[];
}

/** The agent's turns and tools are left out: they are counted in the session's view. What it said for the record is told. */
export function sessionTimeline(events: readonly Recorded<SessionEvent>[]): readonly TimelineEntry[] {
  return events.flatMap((event) => {
    const text = words(event);
    if (text === null) return [];
    const { seq, at } = event;
    const nodeId = "nodeId" in event.data ? event.data.nodeId : null;
    const trace = "trace" in event.data ? event.data.trace : undefined;
    return [{ seq, at, kind: event.kind, nodeId, text, ...(trace === undefined ? {} : { trace }) }];
  });
}

/** One line of a trace: the decision and what it was decided on. */
export function traceLine({ stepId, decision, condition, values, holds, reason }: TraceEntry): string {
  const looked = condition === undefined ? "" : `${canonicalJson(condition)}${holds === undefined ? "" : ` is ${holds}`} for ${canonicalJson(values ?? {})}`;
  const why = looked === "" ? "" : holds === undefined ? `, looking at ${looked}` : ` because ${looked}`;
  return `${decision} ${stepId}${why}${reason === undefined ? "" : ` (${reason})`}`;
}

function words(event: SessionEvent): string | null {
  switch (event.kind) {
    case "session_started":
      return `started ${event.data.workflow.id} ${event.data.workflow.version} (${event.data.autonomy}${event.data.riskPolicy === undefined ? "" : `, ${event.data.riskPolicy} risk policy`}): ${firstLine(event.data.goal)}`;
    case "step_offered":
      return `offered ${event.data.stepId}${(event.data.loops ?? []).map(({ loopId, iteration }) => `, ${loopId} iteration ${iteration}`).join("")}`;
    case "step_submitted":
      return `attempt ${event.data.attempt}: ${firstLine(event.data.output.notes) || "no notes"}${event.data.output.artifacts.map(({ contractRef }) => `, ${contractRef}`).join("")}`;
    case "attempt_blocked":
      return `attempt ${event.data.attempt} blocked: ${event.data.blockers.map(({ message }) => firstLine(message)).join(" ")}`;
    case "verification_requested":
      return `verification ${event.data.command}`;
    case "verification_finished":
      return `verification ${event.data.timedOut ? "timed out" : `ended with ${event.data.exitCode ?? "a signal"}`} after ${(event.data.durationMs / 1000).toFixed(1)} s (sandbox: ${event.data.sandbox})`;
    case "step_completed":
      return `completed ${event.data.stepId}`;
    case "step_reopened":
      return `sent back to ${event.data.reopenedNodeId}: ${event.data.blockers.map(({ message }) => firstLine(message)).join(" ")}`;
    case "children_requested":
      return `children ${event.data.children.map(({ childId, workflowId }) => `${childId} (${workflowId})`).join(", ")}`;
    case "child_finished":
      return `child ${event.data.childId} ${event.data.outcome}: ${firstLine(event.data.summary)}`;
    case "context_requested":
      return `looks for context in ${event.data.sources.map((source) => (source.kind === "local_path" ? source.path : source.url)).join(", ")}`;
    case "context_gathered":
      return `${event.data.key} ${event.data.source === null ? "found nowhere" : `taken from ${event.data.source}`}`;
    case "rewound":
      return `rewound to ${event.data.nodeId}`;
    case "checkpoint_made":
      return `checkpoint ${event.data.checkpointId}${event.data.note === null ? "" : `: ${event.data.note}`}`;
    case "gate_opened":
      return `gate ${event.data.gate}: ${event.data.question}`;
    case "gate_resolved":
      return `${event.data.verdict} by ${event.data.by}: ${event.data.reason}`;
    case "gap_recorded":
      return `gap ${event.data.code}: ${event.data.message}`;
    case "session_ended":
      return `ended ${event.data.outcome}${event.data.reason === null ? "" : `: ${event.data.reason.message}`}`;
    case "issue_reported":
      return `reported ${event.data.severity}: ${firstLine(event.data.summary)}`;
    case "workflow_problem_reported":
      return `reported a problem of the workflow: ${firstLine(event.data.summary)}`;
    case "fact_remembered":
      return `remembered ${event.data.fact.replace("_", " ")}: ${firstLine(event.data.text)}`;
    case "coordinator_signalled":
      return `signalled ${event.data.signalKind}: ${firstLine(event.data.summary)} (${event.data.decision}: ${event.data.reason})`;
    case "child_started":
      return `${event.data.role} at work in session ${event.data.sessionId} (${event.data.workflowId}): ${firstLine(event.data.goal)}`;
    case "conversation_started":
      return `${event.data.conversation === 1 ? `conversation with ${event.data.model}` : `conversation ${event.data.conversation} with ${event.data.model} (${event.data.cause})`}${event.data.context === undefined ? "" : `; told at the start: ${contextWords(event.data.context)}`}`;
    case "network_reached":
      return `reached from the sandbox: ${event.data.hosts.map(({ host, requests, refused }) => `${host} (${[requests > 0 ? `${requests}x` : "", refused > 0 ? `${refused}x refused` : ""].filter((part) => part !== "").join(", ")})`).join("; ")}`;
    case "steered":
      return steered(event.data);
    case "agent_ended":
      return event.data.code === "completed" || event.data.code === "session_over" ? null : `the agent left (${event.data.code}): ${firstLine(event.data.message)}`;
    case "turn_requested":
    case "turn_completed":
    case "turn_failed":
    case "tool_started":
    case "tool_completed":
    case "workspace_saved":
      return null;
    default:
      return unreachable(event);
  }
}

function steered({ source, text }: Extract<SessionEvent, { kind: "steered" }>["data"]): string | null {
  if (source === "person") return `told by a person: ${firstLine(text)}`;
  return source === "nudge" ? `nudged: ${firstLine(text)}` : null;
}

const firstLine = (text: string): string => text.trim().split("\n", 1)[0] ?? "";
