/** The children of a parallel step: who is asked for, and what came of them. */
import type { Blocker, ChildRequest, EngineEvent } from "../../record/index.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { bothAllow, type Delegation, evaluateCondition, type ParallelStep, renderPrompt } from "../../workflow/index.ts";
import { completed, ended, gapOnce } from "./events.ts";
import { misshapen, valueAt } from "./loops.ts";
import { valuesAt } from "./rendered-step.ts";
import type { Looked } from "./trace.ts";
import { awaitsWordOnChildren, type SessionNode, type SessionStart } from "./state.ts";

export type Children = { readonly kind: "children"; readonly children: readonly ChildRequest[]; readonly leftOut: number } | { readonly kind: "misshapen"; readonly blocker: Blocker };

/** Every delegation whose condition holds, for every item of the list if the step has one. */
export function childrenOf(step: ParallelStep, at: { readonly nodeId: string; readonly values: JsonObject; readonly goal: string }): Children {
  const { forEach } = step;
  if (forEach === null) return { kind: "children", children: step.delegations.flatMap((delegation) => childOf(step, delegation, at)).map((child, index) => ({ childId: `${at.nodeId}.${index + 1}`, ...child })), leftOut: 0 };
  const items = valueAt(forEach.items, at.values);
  if (!Array.isArray(items)) return { kind: "misshapen", blocker: misshapen(step, forEach.items, "a list", items) };
  const taken = items.slice(0, forEach.maxIterations);
  const children = taken.flatMap((item, index) => step.delegations.flatMap((delegation) => childOf(step, delegation, { goal: at.goal, values: valuesOfItem(forEach, at.values, item, index) })));
  return { kind: "children", children: children.map((child, index) => ({ childId: `${at.nodeId}.${index + 1}`, ...child })), leftOut: items.length - taken.length };
}

const valuesOfItem = (forEach: NonNullable<ParallelStep["forEach"]>, values: JsonObject, item: Json, index: number): JsonObject => ({ ...values, [forEach.itemVar]: item, [forEach.indexVar]: index, [forEach.iterationVar]: index + 1 });

/** What became of each delegation that has a condition, for the trace. */
export function conditionsOf(step: ParallelStep, values: JsonObject): readonly { readonly holds: boolean; readonly looked: Looked }[] {
  const { forEach } = step;
  const items = forEach === null ? [] : valueAt(forEach.items, values);
  const turns = forEach === null ? [{ values, of: "" }] : !Array.isArray(items) ? [] : items.slice(0, forEach.maxIterations).map((item, index) => ({ values: valuesOfItem(forEach, values, item, index), of: ` for item ${index + 1}` }));
  return turns.flatMap((turn) =>
    step.delegations.flatMap(({ runCondition: condition, workflowId }, index) => {
      if (condition === null) return [];
      const evaluation = evaluateCondition(condition, turn.values);
      return [{ holds: evaluation.holds, looked: { condition, evaluation, reason: `delegation ${index + 1} to ${workflowId}${turn.of}` } }];
    }),
  );
}

function childOf({ allowedTools: ofStep }: ParallelStep, delegation: Delegation, { values, goal }: { readonly values: JsonObject; readonly goal: string }): readonly Omit<ChildRequest, "childId">[] {
  if (delegation.runCondition !== null && !evaluateCondition(delegation.runCondition, values).holds) return [];
  const allowed = bothAllow(ofStep, delegation.allowedTools);
  const mapped = Object.entries(delegation.contextMapping).flatMap(([from, to]) => {
    const value = valueAt(from, values);
    return value === undefined || to === "__proto__" ? [] : [[to, value] as const];
  });
  const args = Object.entries(delegation.args).map(([key, value]) => [key, typeof value === "string" ? renderPrompt(value, values).text : value] as const);
  return [
    {
      workflowId: delegation.workflowId,
      goal: delegation.goal === null ? goal : renderPrompt(delegation.goal, values).text,
      context: Object.fromEntries([...mapped, ...args]),
      modelTier: delegation.modelTier,
      allowedTools: allowed === null ? null : [...allowed],
    },
  ];
}

/** Whether somebody has to bring the results together. */
export const needsSynthesis = (step: ParallelStep): boolean => step.synthesis !== null || step.notesRequired;

/** What follows while the step is out: its children are asked for, or it is done because nobody has to add anything. */
export function followParallel(step: ParallelStep, start: SessionStart, node: SessionNode, passed: () => readonly EngineEvent[]): readonly EngineEvent[] {
  if (node.children !== null) {
    const missing = node.children.filter((child) => child.sessionId === null && child.outcome === "failed");
    if (missing.length > 0) return [ended("blocked", "child-not-started", `The step "${step.id}" cannot be done: ${missing.map((child) => `its child ${child.childId} was not started. ${child.summary.trim()}`).join(" ")} Once that is mended, rewind to ${node.id}.`)];
    if (awaitsWordOnChildren(node) && start.autonomy !== "full_auto_never_stop") return [{ kind: "gate_opened", data: { nodeId: node.id, gate: "human_approval", question: missingQuestion(step, node) } }];
    return needsSynthesis(step) ? [] : passed();
  }
  if (node.blockers.length > 0) return [];
  return askForChildren(step, start, node);
}

function missingQuestion(step: ParallelStep, node: SessionNode): string {
  const missing = (node.children ?? []).filter((child) => child.outcome !== "completed");
  const told = missing.map((child) => `- ${child.childId} ended as ${child.outcome}: ${inShort(child.summary)}`).join("\n");
  return `${missing.length} of ${node.children?.length ?? 0} children of "${step.title}" did not complete. May the session go on without what they were to do?\n${told}`;
}

/** Characters of a child's summary in a question; the whole of it is in the gap and in the child's session. */
const SUMMARY_CHARS = 300;

function inShort(summary: string): string {
  const line = summary.trim().replaceAll(/\s+/g, " ");
  return line.length <= SUMMARY_CHARS ? line : `${line.slice(0, SUMMARY_CHARS)} ... (${line.length} characters in all)`;
}

/** The limit of a forEach holds here as it does for a loop: what is over it is said, never dropped in silence. */
export function parallelBlocker(step: ParallelStep, start: SessionStart, values: JsonObject): Blocker | null {
  const planned = childrenOf(step, { nodeId: "", values, goal: start.goal });
  if (planned.kind === "misshapen") return planned.blocker;
  if (planned.leftOut === 0 || start.autonomy === "full_auto_never_stop") return null;
  return { code: "loop-limit", message: leftOut(step, planned.leftOut), fix: `Send \`${step.forEach?.items}\` with at most ${step.forEach?.maxIterations} items, or raise maxIterations in the workflow.` };
}

const leftOut = (step: ParallelStep, count: number): string => `"${step.title}" takes at most ${step.forEach?.maxIterations} items; ${count} more are in the list.`;

export function askForChildren(step: ParallelStep, start: SessionStart, node: SessionNode): readonly EngineEvent[] {
  const values = valuesAt(start, node);
  const planned = childrenOf(step, { nodeId: node.id, values, goal: start.goal });
  if (planned.kind === "misshapen" || parallelBlocker(step, start, values) !== null) return [];
  const gaps = planned.leftOut === 0 ? [] : gapOnce(node, "loop-limit", leftOut(step, planned.leftOut));
  if (planned.children.length === 0) return [completed(node)];
  return [...gaps, { kind: "children_requested", data: { nodeId: node.id, requestId: `${node.id}.children`, children: [...planned.children], maxParallel: step.maxParallel } }];
}
