import type { Plan, StandardStep } from "../../workflow/index.ts";
import { mayBeLast } from "./outline.ts";

const OUTCOME = "Put `metrics_outcome` (success, partial, abandoned or error) into the context.";

/** What the workflow's metrics profile asks whoever does the work to report at this step; commits are counted from git, never from its word. */
export function metricsText(plan: Plan, step: StandardStep): string {
  if (step.audits !== null) return "";
  const last = mayBeLast(plan, step.id);
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
