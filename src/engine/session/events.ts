/** Events that several parts of the engine make. */
import type { Blocker, EngineEvent, TraceEntry } from "../../record/index.ts";
import type { SessionNode } from "./state.ts";

export const completed = (node: SessionNode): EngineEvent => ({ kind: "step_completed", data: { nodeId: node.id, stepId: node.stepId } });
export const blocked = (node: SessionNode, blockers: readonly Blocker[]): EngineEvent => ({ kind: "attempt_blocked", data: { nodeId: node.id, attempt: node.attempts, blockers: [...blockers] } });
export const gap = (nodeId: string | null, code: string, message: string): EngineEvent => ({ kind: "gap_recorded", data: { nodeId, code, message } });
export const gapOnce = (node: SessionNode, code: string, message: string): readonly EngineEvent[] =>
  node.gaps.some((each) => each.code === code && each.message === message) ? [] : [gap(node.id, code, message)];

export function ended(outcome: "failed" | "blocked", code: string, message: string, trace: readonly TraceEntry[] = []): EngineEvent {
  return { kind: "session_ended", data: { outcome, reason: { code, message }, ...(trace.length === 0 ? {} : { trace: [...trace] }) } };
}
