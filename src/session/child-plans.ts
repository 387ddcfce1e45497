/** The plans of a session's children, kept with it from the beginning: its record is whole before they begin, and no file changes what they are. */
import type { Plan, PlanStep } from "../workflow/index.ts";

/**
 * Every workflow that the plan's parallel steps may run, and that those may in turn, by its id.
 * @param find null where there is none: whoever is to start that child is told then
 */
export async function childPlansOf(plan: Plan, find: (workflowId: string) => Plan | null | Promise<Plan | null>): Promise<ReadonlyMap<string, Plan>> {
  const found = new Map<string, Plan>();
  const asked = new Set<string>();
  const queue = plan.steps.flatMap(delegatedBy);
  for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
    if (asked.has(id)) continue;
    asked.add(id);
    const child = await find(id);
    if (child === null) continue;
    found.set(id, child);
    queue.push(...child.steps.flatMap(delegatedBy));
  }
  return found;
}

/** The workflows that a step may run as its children. */
export const delegatedBy = (step: PlanStep): readonly string[] =>
  step.kind === "parallel" ? step.delegations.map(({ workflowId }) => workflowId) : step.kind === "loop" ? step.body.flatMap(delegatedBy) : [];
