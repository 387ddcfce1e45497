/** Carries a session on by itself until it needs someone: the agent, the host, a person, or nobody because it ended. */
import type { EngineEvent } from "../../record/index.ts";
import { unreachable } from "../../shared/unreachable.ts";
import type { Plan } from "../../workflow/index.ts";
import { advance } from "./advance.ts";
import { followParallel } from "./children.ts";
import { ended } from "./events.ts";
import { evolve } from "./evolve.ts";
import { followGather } from "./gather.ts";
import { judge, passed } from "./judge.ts";
import { stepOf } from "./outline.ts";
import { attemptLimit, type SessionNode, type SessionState } from "./state.ts";
import { workOf } from "./work.ts";

/** The events that follow from a state by itself; none when it is at rest. */
export function settle(plan: Plan, from: SessionState): readonly EngineEvent[] {
  const events: EngineEvent[] = [];
  let state = from;
  for (let next = follow(plan, state); next.length > 0; next = follow(plan, state)) {
    events.push(...next);
    state = next.reduce(evolve, state);
  }
  return events;
}

function follow(plan: Plan, state: SessionState): readonly EngineEvent[] {
  switch (state.kind) {
    case "new":
    case "waiting":
    case "delegating":
    case "gathering":
    case "gate":
    case "ended":
      return [];
    case "step":
      return state.node.attempts >= attemptLimit(state.facts.start.autonomy) ? [endBlocked(state.node)] : atStep(plan, state);
    case "moving":
      return advance(plan, state);
    case "judging":
      return judge(plan, state);
    default:
      return unreachable(state);
  }
}

/** Steps that do something before, or instead of, being put before an agent. */
function atStep(plan: Plan, { node, facts }: Extract<SessionState, { kind: "step" }>): readonly EngineEvent[] {
  const step = stepOf(plan, node);
  if (step === null) return [ended("failed", "step-not-in-plan", `The plan has no step "${node.stepId}".`)];
  switch (step.kind) {
    case "standard":
    case "loop":
      return [];
    case "parallel":
      return node.children === null && node.attempts > 0 ? [] : followParallel(step, facts.start, node, () => passed(workOf(step), node, facts));
    case "gather":
      return node.attempts > 0 ? [] : followGather(step, facts.start, node);
    case "confirm":
      return passed(workOf(step), node, facts);
    default:
      return unreachable(step);
  }
}

function endBlocked(node: SessionNode): EngineEvent {
  const [first, second] = node.blockers;
  const code = first !== undefined && second === undefined ? first.code : "attempts-exhausted";
  const why = node.blockers.map((blocker) => blocker.message).join(" ");
  return ended("blocked", code, `The step "${node.stepId}" was not done after ${node.attempts} attempts: ${why}`);
}
