/** From one completed step to the next one that is offered: conditions, loops, jumps, and the end of the session. */
import type { Blocker, EngineEvent, LoopTurn } from "../../record/index.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { evaluateCondition, type LoopStep, type Plan, type PlanStep } from "../../workflow/index.ts";
import { childrenOf, conditionsOf, parallelBlocker } from "./children.ts";
import { ended, gap, gapOnce } from "./events.ts";
import { lookAtJump } from "./jumps.ts";
import { enterLoop, type LoopDecision, nextTurn, scopeOf, stoppedBefore, turnsAfter } from "./loops.ts";
import { lookLimit, type Place, placeOf } from "./outline.ts";
import { fixedText, renderStep, valuesFor } from "./rendered-step.ts";
import { contextOf, type SessionNode, type SessionState } from "./state.ts";
import { Trace } from "./trace.ts";
import { workOf } from "./work.ts";

/** Where the search stands: behind `index` of `siblings`, inside `around` with one turn for each loop. */
interface Cursor {
  siblings: readonly PlanStep[];
  index: number;
  around: readonly LoopStep[];
  turns: readonly LoopTurn[];
  jumpedFrom: string | null;
}

interface Search {
  readonly plan: Plan;
  readonly state: Extract<SessionState, { kind: "moving" }>;
  readonly context: JsonObject;
  readonly cursor: Cursor;
  readonly trace: Trace;
  readonly events: EngineEvent[];
}

/** Offers the next step whose condition holds, or ends the session. */
export function advance(plan: Plan, state: Extract<SessionState, { kind: "moving" }>): readonly EngineEvent[] {
  const { node } = state;
  const place = node === null ? null : placeOf(plan, node.stepId);
  if (node !== null && place === null) return [ended("failed", "step-not-in-plan", `The plan has no step "${node.stepId}".`)];
  const search: Search = { plan, state, context: contextOf(state), cursor: startOf(plan, node, place), trace: new Trace(), events: [] };
  if (node !== null && place !== null) jump(search, node, place);
  const limit = lookLimit(plan);
  for (let looked = 0; looked < limit; looked += 1) {
    const found = search.cursor.index < search.cursor.siblings.length ? lookAtStep(search) : endOfList(search);
    if (found !== null) return [...search.events, ...found];
  }
  const where = search.cursor.around.at(-1)?.title ?? plan.name;
  return [...search.events, ended("blocked", "nothing-offered", `"${where}" was gone through without offering a step: after ${limit} looks at steps and turns there is no end of it.`, search.trace.entries())];
}

function startOf(plan: Plan, node: SessionNode | null, place: Place | null): Cursor {
  if (node === null || place === null) return { siblings: plan.steps, index: 0, around: [], turns: [], jumpedFrom: null };
  const { step } = place;
  const own = step.kind === "loop" ? [...place.loops, step] : place.loops;
  const turns = turnsAfter(node.loops, own, node.output);
  if (step.kind !== "loop") return { siblings: place.siblings, index: place.index + 1, around: place.loops, turns, jumpedFrom: null };
  // A loop that was stuck: after an iteration it is decided again at the end of its body, before the first at its beginning.
  const inside = node.loops.at(-1)?.loopId === step.id;
  if (inside) return { siblings: step.body, index: step.body.length, around: own, turns, jumpedFrom: null };
  return { siblings: place.siblings, index: place.index, around: place.loops, turns, jumpedFrom: null };
}

const valuesOf = ({ state, context, cursor }: Search): JsonObject => valuesFor(state.facts.start, context, scopeOf(cursor.around, cursor.turns));

function jump(search: Search, node: SessionNode, place: Place): void {
  const { step } = place;
  if (step.kind !== "standard" || step.jump === null) return;
  const look = lookAtJump(step, node, valuesOf(search));
  if (look === null) return;
  const { condition, target, maxJumps } = step.jump;
  const { evaluation, taken, limit } = look;
  const to = placeOf(search.plan, target);
  const jumps = evaluation.holds && limit === null && to !== null;
  search.trace.add(target, jumps ? "offered" : "skipped", { condition, evaluation, reason: `jumpIf of "${step.id}", ${taken} of ${maxJumps} jumps taken` });
  if (jumps) {
    Object.assign(search.cursor, { siblings: to.siblings, index: to.index, around: to.loops, turns: search.cursor.turns.slice(0, to.loops.length), jumpedFrom: step.id });
  } else if (limit !== null) {
    search.events.push(...gapOnce(node, "jump-limit", limit));
  }
}

function lookAtStep(search: Search): readonly EngineEvent[] | null {
  const { cursor, trace } = search;
  const step = cursor.siblings[cursor.index];
  if (step === undefined) return null;
  const evaluation = step.runCondition === null ? null : evaluateCondition(step.runCondition, valuesOf(search));
  const looked = { condition: step.runCondition, evaluation };
  const skip = (reason?: string): null => {
    trace.add(step.id, "skipped", { ...looked, reason });
    cursor.index += 1;
    return null;
  };
  const open = evaluation !== null && !evaluation.holds && closesOpenCall(step, search);
  if (evaluation !== null && !evaluation.holds && !open) return skip();
  switch (step.kind) {
    case "loop":
      if (stoppedBefore(step, search.state.node)) return skip("loop control said stop before the loop");
      return follow(search, step, enterLoop(step, valuesOf(search)), null);
    case "standard":
      // An audit judges the work that was handed over just now and no other.
      if (step.audits !== null && search.state.node?.stepId !== step.audits) return skip("there is no work to audit");
      break;
    case "confirm":
      if (step.closes === null && !comesFrom(search.state.node, step.after)) return skip("the loop has done nothing");
      break;
    case "parallel": {
      const { start } = search.state.facts;
      for (const { holds, looked: each } of conditionsOf(step, valuesOf(search))) trace.add(step.id, holds ? "offered" : "skipped", each);
      const planned = childrenOf(step, { nodeId: "", values: valuesOf(search), goal: start.goal });
      if (planned.kind === "children" && planned.children.length === 0) return skip("no delegation has work");
      trace.add(step.id, "offered", looked);
      const blocker = parallelBlocker(step, start, valuesOf(search));
      return [offer(search, step, blocker === null ? [] : [blocker])];
    }
    case "gather":
      break;
  }
  trace.add(step.id, "offered", open ? { ...looked, reason: "what its call asks for is asked for once a step of it ran" } : looked);
  return offerWithGaps(search, step);
}

const comesFrom = (node: SessionNode | null, stepId: string): boolean => node !== null && (node.stepId === stepId || node.loops.some((turn) => turn.loopId === stepId));

/** Whether the step carries what a call of a routine asks for, and a step of that call ran just now, in the same turn of the loops around. */
function closesOpenCall(step: PlanStep, { state: { node }, cursor, plan }: Search): boolean {
  const call = step.kind === "standard" || step.kind === "confirm" ? step.closes : null;
  if (call === null || node === null || !node.stepId.startsWith(`${call}.`)) return false;
  const last = placeOf(plan, node.stepId)?.step;
  const isClosing = node.stepId === step.id || (last?.kind === "standard" && last.audits === step.id);
  return !isClosing && cursor.turns.every(({ loopId, iteration }, index) => node.loops[index]?.loopId === loopId && node.loops[index]?.iteration === iteration);
}

/** Acts on what was decided about a loop; `turn` is null before the first iteration. */
function follow(search: Search, step: LoopStep, decision: LoopDecision, turn: LoopTurn | null): readonly EngineEvent[] | null {
  const { cursor, trace, state } = search;
  const leave = (): null => {
    const place = placeOf(search.plan, step.id);
    Object.assign(cursor, { siblings: place?.siblings ?? [], index: (place?.index ?? 0) + 1, around: place?.loops ?? [], turns: turn === null ? cursor.turns : cursor.turns.slice(0, -1) });
    return null;
  };
  switch (decision.kind) {
    case "run": {
      const { items = turn?.items, reason, evaluation } = decision;
      trace.add(step.id, "offered", { condition: step.loop.condition, evaluation, reason });
      const next: LoopTurn = { loopId: step.id, iteration: (turn?.iteration ?? 0) + 1, ...(items === undefined ? {} : { items: mutable(items) }) };
      const outer = turn === null ? cursor.turns : cursor.turns.slice(0, -1);
      Object.assign(cursor, { siblings: step.body, index: 0, around: turn === null ? [...cursor.around, step] : cursor.around, turns: [...outer, next] });
      return null;
    }
    case "leave":
      trace.add(step.id, "skipped", { condition: step.loop.condition, evaluation: decision.evaluation, reason: decision.reason });
      return leave();
    case "misshapen":
      trace.add(step.id, "offered", { reason: decision.blocker.message });
      return [offer(search, step, [decision.blocker])];
    case "limit": {
      const { blocker } = decision;
      search.events.push(...(state.node === null ? [gap(null, blocker.code, blocker.message)] : gapOnce(state.node, blocker.code, blocker.message)));
      trace.add(step.id, "skipped", { reason: blocker.message });
      return state.facts.start.autonomy === "full_auto_never_stop" ? leave() : [offer(search, step, [blocker])];
    }
  }
}

/** The record's type is mutable; the list itself is never changed and stays the same object. */
const mutable = (items: readonly Json[]): Json[] => items as Json[];

/** The end of a list of steps: of a loop's body, or of the workflow. */
function endOfList(search: Search): readonly EngineEvent[] | null {
  const { cursor, trace, state, plan } = search;
  const step = cursor.around.at(-1);
  const turn = cursor.turns.at(-1);
  if (step !== undefined && turn !== undefined) return follow(search, step, nextTurn(step, turn, valuesOf(search)), turn);
  if (state.node === null) return [ended("failed", "no-step-ran", `No step of "${plan.name}" ran: the conditions of all were false, or their loops had nothing to do.`, trace.entries())];
  return [{ kind: "session_ended", data: { outcome: "completed", reason: null, ...(trace.length === 0 ? {} : { trace: trace.entries() }) } }];
}

function offerWithGaps(search: Search, step: PlanStep): readonly EngineEvent[] {
  const offered = offer(search, step, []);
  const work = workOf(step);
  if (fixedText(work) !== null) return [offered];
  const gaps = renderStep(work, valuesOf(search)).unset.map((entry) => gap(offered.data.nodeId, "unset-value", `The step "${step.id}" refers to a value that is not set: ${entry}.`));
  return [offered, ...gaps];
}

function offer(search: Search, step: PlanStep, blockers: readonly Blocker[]): Extract<EngineEvent, { kind: "step_offered" }> {
  const { cursor, state, trace } = search;
  const scope = scopeOf(cursor.around, cursor.turns);
  const loops = cursor.turns.map((turn) => withoutKnownItems(turn, state.node));
  return {
    kind: "step_offered",
    data: {
      nodeId: `n${state.facts.nodeCount + 1}`,
      parentNodeId: state.node?.id ?? null,
      stepId: step.id,
      trace: trace.entries(),
      ...(loops.length === 0 ? {} : { loops, scope }),
      ...(cursor.jumpedFrom === null ? {} : { jumpedFrom: cursor.jumpedFrom }),
      ...(blockers.length === 0 ? {} : { blockers: [...blockers] }),
    },
  };
}

/** The turn as it is recorded: its list only where the node before has not the very same one. */
function withoutKnownItems(turn: LoopTurn, parent: SessionNode | null): LoopTurn {
  const known = parent?.loops.find((each) => each.loopId === turn.loopId)?.items;
  if (turn.items === undefined || turn.items !== known) return turn;
  const { items: _, ...rest } = turn;
  return rest;
}
