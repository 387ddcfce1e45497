import type { Plan } from "../../workflow/index.ts";
import { isLastStep } from "./outline.ts";

const OUTCOME = "Put `metrics_outcome` (success, partial, abandoned or error) into the context.";

/** What the workflow's metrics profile asks an agent to report at this step; commits are counted from git, never from its word. */
export function metricsText(plan: Plan, stepId: string): string {
  const last = isLastStep(plan, stepId.replace(/\.audit$/, ""));
  switch (plan.metricsProfile) {
    case null:
      return "";
    case "coding":
      return last ? `${OUTCOME} Add \`metrics_pr_numbers\` (a list) if pull requests were opened.` : "Name the files this step changed in your notes; commits and their size are counted from git.";
    case "review":
      return last ? `${OUTCOME} Add \`metrics_pr_numbers\` (a list) with the pull requests reviewed.` : "";
    case "research":
    case "design":
    case "ticket":
      return last ? OUTCOME : "";
  }
}
