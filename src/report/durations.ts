/**
 * How long things took, by the times in the log. Those are informational: a clock that was set back gives a time below zero, which is
 * left out and counted; time between two runs is nobody's work and is left out too.
 */
import type { Recorded, SessionEvent, SessionOutcome } from "../record/index.ts";

export interface StepDuration {
  readonly stepId: string;
  readonly ms: number;
  readonly attempts: number;
}

export interface SessionDurations {
  readonly sessionId: string;
  readonly workflow: { readonly id: string; readonly version: string } | null;
  readonly outcome: SessionOutcome | null;
  /** At work in all its runs; without the time it waited for a person. */
  readonly ms: number;
  readonly turns: number;
  readonly costMicroUsd: number;
  /** Steps that were completed, by node. */
  readonly steps: readonly StepDuration[];
  /** Commands that the host ran, by the clock that never goes back. */
  readonly verifications: readonly { readonly command: string; readonly ms: number; readonly timedOut: boolean }[];
  /** Places at which the clock had been set back. */
  readonly clockJumps: number;
}

export function sessionDurations(sessionId: string, events: readonly Recorded<SessionEvent>[]): SessionDurations {
  const steps = new Map<string, { readonly stepId: string; ms: number; attempts: number; completed: boolean }>();
  const commands = new Map<string, string>();
  const verifications: { command: string; ms: number; timedOut: boolean }[] = [];
  let [ms, turns, costMicroUsd, clockJumps] = [0, 0, 0, 0];
  let workflow: SessionDurations["workflow"] = null;
  let outcome: SessionDurations["outcome"] = null;
  let node = "";
  let waiting = false;
  let before: Recorded<SessionEvent> | null = null;
  for (const event of events) {
    const passed = before === null || before.epoch !== event.epoch ? 0 : Date.parse(event.at) - Date.parse(before.at);
    if (passed < 0) clockJumps += 1;
    const worked = waiting ? 0 : Math.max(0, passed);
    ms += worked;
    const step = steps.get(node);
    if (step !== undefined) step.ms += worked;
    before = event;
    switch (event.kind) {
      case "session_started":
        workflow = event.data.workflow;
        break;
      case "step_offered":
        node = event.data.nodeId;
        steps.set(node, { stepId: event.data.stepId, ms: 0, attempts: 0, completed: false });
        break;
      case "step_reopened":
        node = event.data.reopenedNodeId;
        break;
      case "step_submitted":
        if (step !== undefined) step.attempts = event.data.attempt;
        break;
      case "step_completed": {
        const done = steps.get(event.data.nodeId);
        if (done !== undefined) done.completed = true;
        break;
      }
      case "gate_opened":
        waiting = event.data.gate === "human_approval";
        break;
      case "gate_resolved":
        waiting = false;
        break;
      case "verification_requested":
        commands.set(event.data.requestId, event.data.command);
        break;
      case "verification_finished":
        verifications.push({ command: commands.get(event.data.requestId) ?? "", ms: event.data.durationMs, timedOut: event.data.timedOut });
        break;
      case "turn_completed":
        turns += 1;
        costMicroUsd += event.data.costMicroUsd;
        break;
      case "session_ended":
        outcome = event.data.outcome;
        break;
      case "rewound":
        outcome = null;
        waiting = false;
        break;
      default:
        break;
    }
  }
  return { sessionId, workflow, outcome, ms, turns, costMicroUsd, steps: [...steps.values()].flatMap(({ completed, ...step }) => (completed ? [step] : [])), verifications, clockJumps };
}
