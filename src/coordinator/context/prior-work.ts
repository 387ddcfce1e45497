/** What the record tells of an item's work so far, read once for a session that begins or goes on. */
import type { ItemState } from "../../engine/pipeline/index.ts";
import { sessionStream, type Recorded, type RecordEvent } from "../../record/index.ts";
import type { CoordinatorDeps } from "../deps.ts";
import type { PriorWork, RememberedFact, SessionTrail } from "./known.ts";
import { factsOf, isAgentEvent, treeIds } from "../session-tree.ts";

/** @param current the session that it is read for, which tells of itself */
export async function readPriorWork({ journal }: Pick<CoordinatorDeps, "journal">, { sessions, mode, why, answer }: ItemState, current: string): Promise<PriorWork> {
  const streams = await journal.streams();
  const facts: RememberedFact[] = [];
  const trails: SessionTrail[] = [];
  for (const { sessionId: rootId } of sessions.filter(({ sessionId }) => sessionId !== current)) {
    for (const id of treeIds(streams, rootId)) {
      const events = await journal.read(sessionStream(id));
      facts.push(...factsOf(id, events.filter(isAgentEvent)));
      trails.push(trailOf(id, events));
    }
  }
  return { sessions, facts, trails, choice: { mode, why, answer } };
}

export function trailOf(sessionId: string, events: readonly Recorded<RecordEvent>[]): SessionTrail {
  const steps = new Map<string, string>();
  const notes = new Map<string, string>();
  const blocked: SessionTrail["blocked"][number][] = [];
  const gates: SessionTrail["gates"][number][] = [];
  const gaps: SessionTrail["gaps"][number][] = [];
  let question = "";
  const notCounted = (nodeId: string, blockers: readonly { readonly message: string }[]): void =>
    void blocked.push({ stepId: steps.get(nodeId) ?? nodeId, notes: notes.get(nodeId) ?? "", blockers: blockers.map(({ message }) => message) });
  for (const event of events) {
    switch (event.kind) {
      case "step_offered":
        steps.set(event.data.nodeId, event.data.stepId);
        break;
      case "step_submitted":
        notes.set(event.data.nodeId, event.data.output.notes);
        break;
      case "attempt_blocked":
        notCounted(event.data.nodeId, event.data.blockers);
        break;
      case "step_reopened":
        notCounted(event.data.reopenedNodeId, event.data.blockers);
        break;
      case "gap_recorded":
        gaps.push({ code: event.data.code, message: event.data.message });
        break;
      case "gate_opened":
        ({ question } = event.data);
        break;
      case "gate_resolved":
        gates.push({ question, verdict: event.data.verdict, reason: event.data.reason, by: event.data.by });
        break;
      default:
        // The rest is in the session's results, or is no decision.
        break;
    }
  }
  return { sessionId, gates, gaps, blocked };
}
