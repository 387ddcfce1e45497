/** Which sections of the context package a session is given. Rules of its phase and the notes of its own steps it always has. */
import { CONTEXT_SECTIONS, type ContextRecord, type Phase } from "../../record/index.ts";
import type { ContextPolicy, Plan } from "../../workflow/index.ts";
import { ROLES, ROLE_NAMES } from "../roles.ts";
import type { CoordinatorDeps } from "../deps.ts";

export type WantedSection = (typeof CONTEXT_SECTIONS)[number];

export interface Wanted {
  readonly policy: ContextRecord["policy"];
  readonly sections: ReadonlySet<WantedSection>;
}

export interface WhoIsIt {
  readonly plan: Plan;
  /** 0 for a session of the pipeline. */
  readonly depth: number;
  readonly phase: Phase;
  /** As its session was started with; null for a session of the pipeline and for a child of a parallel step. */
  readonly role: string | null;
  readonly findPlan: CoordinatorDeps["findPlan"];
}

/**
 * By the workflow's own `context`, else by that of the role it was spawned in, else by what it is for: who judges what others made starts blank,
 * since the maker's reasons would be taken for the maker's proof.
 */
export function wantedContext({ plan, depth, phase, role, findPlan }: WhoIsIt): Wanted {
  const judges = phase === "review" || phase === "audit";
  // What works for a judge is told no more than the judge.
  if (judges && depth > 0) return wanted("blank");
  const spawned = ROLE_NAMES.find((name) => name === role);
  if (spawned !== undefined) return wanted(plan.context ?? ofRole(findPlan, ROLES[spawned].workflowId) ?? "blank");
  // An auditor's plan is made of the author's, so it says nothing of the auditor.
  if (role !== null) return wanted("blank");
  if (depth > 0) return wanted(plan.context ?? "blank");
  return wanted(plan.context ?? (judges ? "blank" : "inherit"));
}

function ofRole(findPlan: WhoIsIt["findPlan"], workflowId: string): ContextPolicy | undefined {
  const plan = findPlan(workflowId);
  return plan.ok ? plan.value.context : undefined;
}

function wanted(policy: ContextPolicy): Wanted {
  if (policy === "inherit") return { policy, sections: new Set(CONTEXT_SECTIONS) };
  if (policy === "blank") return { policy, sections: new Set(["issue"]) };
  return { policy: "custom", sections: new Set(policy) };
}
