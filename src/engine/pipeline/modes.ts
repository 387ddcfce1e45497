/**
 * Which pipeline a task gets. Rules in order, the first that fits counts; `choose` goes by them and `worktrain pipeline explain`
 * shows them, so that there is no second description.
 */
import type { PipelineMode, PipelinePolicy } from "../../record/index.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Classification } from "../../workflow/index.ts";
import { goesBy } from "./editions.ts";

/** A statement about a classification, and whether it is true of one. */
export interface Condition {
  readonly words: string;
  readonly holds: (task: Classification) => boolean;
}

const isSmall = ({ taskComplexity, riskLevel }: Classification): boolean => taskComplexity === "small" && riskLevel === "low";
const isPlain = ({ hasUi, touchesArchitecture, ambiguities = [] }: Classification): boolean => hasUi !== true && touchesArchitecture !== true && ambiguities.length === 0;
/** That the result of a bug's fix is clear says nothing of its cause. */
const isClear = ({ taskKind, taskMaturity }: Classification): boolean => taskMaturity === "ready" || (taskMaturity === "specced" && taskKind !== "bug");

interface ModeRule extends Condition {
  readonly mode: PipelineMode;
}

export const MODE_RULES: readonly ModeRule[] = [
  {
    mode: "quick",
    words: "small, of low risk, clear and unambiguous (a bug: ready to be worked on), without UI and architecture, and no refactoring",
    holds: (task) => isSmall(task) && isPlain(task) && isClear(task) && task.taskKind !== "refactoring",
  },
  { mode: "refactor", words: "a refactoring", holds: ({ taskKind }) => taskKind === "refactoring" },
  { mode: "investigate", words: "a bug", holds: ({ taskKind }) => taskKind === "bug" },
  { mode: "full", words: "still an idea or rough, or large", holds: ({ taskMaturity, taskComplexity }) => taskMaturity === "idea" || taskMaturity === "rough" || taskComplexity === "large" },
  { mode: "implement", words: "clear enough to be built as it is, and not small and plain enough for mode quick", holds: () => true },
];

/** Of the rule for mode implement in the first edition. */
const FORMER_WORDS = "anything else";

/** Without these no rule could be trusted. */
const NEEDED = ["taskComplexity", "riskLevel", "taskMaturity", "interpretation"] as const satisfies readonly (keyof Classification)[];

/** Statements of one classification that cannot all be true. */
const CONTRADICTIONS: readonly Condition[] = [
  { words: "it is a refactoring, which nobody sees, and people see it (hasUi)", holds: ({ taskKind, hasUi }) => taskKind === "refactoring" && hasUi === true },
  { words: "it is a bug, so something is wrong now, and its maturity is `idea`, a mere wish", holds: ({ taskKind, taskMaturity }) => taskKind === "bug" && taskMaturity === "idea" },
  { words: "it is small, one change in a few files, of critical risk, and still an idea", holds: ({ taskComplexity, riskLevel, taskMaturity }) => taskComplexity === "small" && riskLevel === "critical" && taskMaturity === "idea" },
];

export interface ModeChoice {
  readonly mode: PipelineMode;
  readonly why: readonly string[];
}

/** The pipeline of a task, or in words what is wrong with its classification. A mode that the config names needs no classification. */
export function choose(policy: Pick<PipelinePolicy, "mode" | "rules">, task: Classification): Result<ModeChoice, string> {
  if (policy.mode !== "auto") return ok({ mode: policy.mode, why: [`pipeline.mode in .github/worktrain.yml is ${policy.mode}`] });
  const missing = NEEDED.filter((field) => task[field] === undefined || task[field] === "");
  if (missing.length > 0) return err(`It does not say ${missing.join(", ")}.`);
  const contradiction = CONTRADICTIONS.find(({ holds }) => holds(task));
  if (contradiction !== undefined) return err(`It contradicts itself: ${contradiction.words}.`);
  const rule = MODE_RULES.find(({ holds }) => holds(task));
  return rule === undefined ? err("No rule fits it.") : ok({ mode: rule.mode, why: [rule.mode === "implement" && !goesBy(2, policy) ? FORMER_WORDS : rule.words, `classified as ${classifiedAs(task)}`] });
}

function classifiedAs({ taskKind, taskComplexity, riskLevel, taskMaturity, hasUi, touchesArchitecture, ambiguities = [] }: Classification): string {
  const parts = [taskKind ?? "of no stated kind", taskComplexity, `${riskLevel ?? "unknown"} risk`, taskMaturity, ...(hasUi === true ? ["UI"] : []), ...(touchesArchitecture === true ? ["architecture"] : [])];
  return [...parts, ambiguities.length === 0 ? "unambiguous" : "ambiguous"].join(", ");
}

/** Why a person has to confirm how the task was understood before there is work on it; null when nobody has to. */
export function confirmation(policy: Pick<PipelinePolicy, "confirm" | "rules">, task: Classification): string | null {
  // I9: what a team's own classifier leaves out is not taken for the harmless answer.
  const { ambiguities, riskLevel } = goesBy(3, policy) ? task : { ambiguities: [], riskLevel: "low", ...task };
  const unclear = ambiguities === undefined ? "its classification does not say what is ambiguous" : ambiguities.length > 0 ? "the task is ambiguous" : null;
  switch (policy.confirm) {
    case "always":
      return "pipeline.confirm is `always`";
    case "ambiguous":
      return unclear;
    case "risky":
      return unclear ?? (riskLevel === undefined ? "its classification does not say how risky it is" : riskLevel === "critical" ? "its risk is critical" : null);
    case "never":
      return null;
  }
}
