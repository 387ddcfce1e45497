/** Which tools a session's agent may use, and whether that lets it change files. */
import { bothAllow, type Plan, type PlanStep } from "../workflow/index.ts";

/**
 * Tools that speak to the record and to nobody else. A step's `allowedTools` is about the work: it can always be handed over, and
 * what is wrong with it can always be said.
 */
export const RECORD_TOOLS = ["complete_step", "read_artifact", "remember", "report_issue", "report_workflow_problem", "signal_coordinator"] as const;

/** Tools that change nothing. */
export const READ_ONLY_TOOLS = ["read", "glob", "grep"] as const;

const WRITING_TOOLS: ReadonlySet<string> = new Set(["write", "edit", "bash"]);

/**
 * Whether a session of the plan may change files: by a tool that a step allows within the session's own bound, or by a command that
 * the host runs for it. What it delegates has its bound as well.
 */
export const mayWrite = (plan: Plan, bound: readonly string[] | null): boolean => plan.steps.some((step) => stepMayWrite(step, bound));

function stepMayWrite(step: PlanStep, bound: readonly string[] | null): boolean {
  switch (step.kind) {
    case "loop":
      return step.body.some((inner) => stepMayWrite(inner, bound));
    case "standard":
      return step.verification.command !== null || writes(bothAllow(step.allowedTools, bound));
    case "parallel":
      return step.delegations.some((delegation) => writes(bothAllow(bothAllow(step.allowedTools, delegation.allowedTools), bound))) || ((step.synthesis !== null || step.notesRequired) && writes(bothAllow(step.allowedTools, bound)));
    case "gather":
      return writes(bound);
    case "confirm":
      return false;
  }
}

const writes = (tools: readonly string[] | null): boolean => tools === null || tools.some((tool) => WRITING_TOOLS.has(tool));

/** Why the step that is out does not allow a tool; null when it does. */
export function refusedTool(offer: { readonly title: string; readonly allowedTools: readonly string[] | null } | null, name: string): string | null {
  if (offer === null || offer.allowedTools === null || RECORD_TOOLS.some((tool) => tool === name) || offer.allowedTools.includes(name)) return null;
  return `The step "${offer.title}" allows only: ${[...offer.allowedTools, ...RECORD_TOOLS].join(", ")}.`;
}
