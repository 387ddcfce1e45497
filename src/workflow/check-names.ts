import type { Slot } from "./bindings.ts";
import { type Issue, type Path, suggestion } from "./issue.ts";
import type { PlanStep } from "./plan.ts";
import { type DeclaredIds, routineOf, templateRoutine } from "./routines.ts";
import type { Registry } from "./scope.ts";

type Kind = "routine" | "workflow";
interface Point {
  readonly acceptedKinds?: readonly Kind[] | undefined;
  readonly default: string;
}

const kindOf = (id: string): Kind => (routineOf(id) === null ? "workflow" : "routine");

/** Slots that are bound to a kind of workflow that they do not take. */
export const slotIssues = (slots: readonly Slot[], points: readonly Point[]): readonly Issue[] =>
  slots.flatMap(({ slotId, boundTo }, index): readonly Issue[] => {
    const { acceptedKinds, default: fallback } = points[index] ?? { default: boundTo };
    if (acceptedKinds === undefined || acceptedKinds.length === 0 || acceptedKinds.includes(kindOf(boundTo))) return [];
    const fix = boundTo === fallback ? "Name another default, or accept its kind." : "Bind another one in `.worktrain/bindings.json` or `.workrail/bindings.json`.";
    return [{ path: slotPath(index), message: `The slot "${slotId}" takes a ${acceptedKinds.join(" or ")}, but "${boundTo}" is a ${kindOf(boundTo)}.`, fix }];
  });

/**
 * Names of workflows that are not at hand: of slots and of children. Only a warning, since they may lie beside the session's workspace.
 * @param known ids of the workflows at hand
 */
export function unknownWorkflows(slots: readonly Slot[], steps: readonly PlanStep[], { ids }: Registry, known: DeclaredIds): readonly Issue[] {
  const isKnown = (id: string): boolean => {
    const routine = templateRoutine(id);
    return id.includes("{{") || known.has(id) || (routine !== null && known.hasRoutine(routine));
  };
  const unknown = (path: Path, id: string, what: string): readonly Issue[] => (isKnown(id) ? [] : [{ path, message: `${what} "${id}", and there is no such workflow here.`, fix: `Correct the id, or see to it that the workflow is there when a session needs it.${suggestion(id, known.all())}` }]);
  const children = (list: readonly PlanStep[]): readonly Issue[] =>
    list.flatMap((step) => {
      if (step.kind === "loop") return children(step.body);
      if (step.kind !== "parallel") return [];
      const path = ids.get(step.id) ?? [];
      return step.delegations.flatMap(({ workflowId }, index) => unknown([...path, "parallelDelegations", index, "workflowId"], workflowId, "The child is to run"));
    });
  return [...slots.flatMap(({ slotId, boundTo }, index) => unknown(slotPath(index), boundTo, `The slot "${slotId}" is bound to`)), ...children(steps)];
}

const slotPath = (index: number): Path => ["extensionPoints", index, "default"];
