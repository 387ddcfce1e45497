import { suggestion, type Issue } from "./issue.ts";
import type { PlanStep } from "./plan.ts";
import type { Registry } from "./scope.ts";

const VERDICT = "wr.contracts.review_verdict";

/** What is wrong with contracts that account for the findings of others: of another kind, or for a step that has no reviewers before. */
export function checkAccounts(steps: readonly PlanStep[], { ids }: Registry): readonly Issue[] {
  const issues: Issue[] = [];
  const before: string[] = [];
  const walk = (list: readonly PlanStep[]): void => {
    for (const step of list) {
      if (step.kind === "loop") walk(step.body);
      if (step.kind === "parallel") before.push(step.id);
      const contract = step.kind === "standard" ? step.contract : step.kind === "parallel" ? (step.synthesis?.contract ?? null) : null;
      if (contract?.accountsFor === undefined) continue;
      const path = [...(ids.get(step.id) ?? []), ...(step.kind === "parallel" ? ["synthesis"] : []), "outputContract", "accountsFor"];
      if (contract.ref !== VERDICT) issues.push({ path, message: `${contract.ref} has no place to account for findings.`, fix: `Ask for ${VERDICT}, or remove accountsFor.` });
      else if (!before.includes(contract.accountsFor)) issues.push({ path, message: `No parallel step "${contract.accountsFor}" stands before "${step.id}".`, fix: `Name the parallel step whose children review.${suggestion(contract.accountsFor, before)}` });
    }
  };
  walk(steps);
  return issues;
}
