/**
 * Authoring rules beyond what the compiler refuses: what a workflow says that cannot be, that nobody reads, or that nobody could act
 * on. No model judges. A new rule is one file and one line here.
 */
import type { JsonObject } from "../../shared/json.ts";
import type { Fault } from "../../shared/fault.ts";
import type { SourceDocument } from "../document.ts";
import type { Plan } from "../plan.ts";
import { contractWithoutConsumer } from "./rules/contract-without-consumer.ts";
import { gateWithoutWay } from "./rules/gate-without-way.ts";
import { humanGateInFullAuto } from "./rules/human-gate-in-full-auto.ts";
import { judgeMayWrite } from "./rules/judge-may-write.ts";
import { longPrompt } from "./rules/long-prompt.ts";
import { loopWithoutExit } from "./rules/loop-without-exit.ts";
import { loopWithoutLimit } from "./rules/loop-without-limit.ts";
import { missingDescription } from "./rules/missing-description.ts";
import { noToolLeft } from "./rules/no-tool-left.ts";
import { repeatedPrompt } from "./rules/repeated-prompt.ts";
import { stepWithoutEnd } from "./rules/step-without-end.ts";
import { thinBrief } from "./rules/thin-brief.ts";
import { undeclaredValue } from "./rules/undeclared-value.ts";
import { unreachableStep } from "./rules/unreachable-step.ts";
import { unreadAssessment } from "./rules/unread-assessment.ts";
import { untypedChild } from "./rules/untyped-child.ts";
import { unusedDeclaration } from "./rules/unused-declaration.ts";
import { unusedValue } from "./rules/unused-value.ts";
import { unverifiedChange } from "./rules/unverified-change.ts";
import { vagueWords } from "./rules/vague-words.ts";
import { isMapping } from "./placed-steps.ts";
import { subjectOf, type LintRule } from "./subject.ts";

/** Every rule, errors first; the documentation's table is made from this list. */
export const LINT_RULES: readonly LintRule[] = [
  unreachableStep,
  loopWithoutExit,
  gateWithoutWay,
  noToolLeft,
  humanGateInFullAuto,
  undeclaredValue,
  unusedValue,
  unusedDeclaration,
  contractWithoutConsumer,
  untypedChild,
  unreadAssessment,
  stepWithoutEnd,
  loopWithoutLimit,
  unverifiedChange,
  judgeMayWrite,
  thinBrief,
  repeatedPrompt,
  vagueWords,
  longPrompt,
  missingDescription,
];

export interface LintFinding extends Fault {
  /** The rule it is of. */
  readonly code: string;
  readonly severity: LintRule["severity"];
}

/** What the rules find in one compiled workflow, in the order of the file. @param plans the workflows at hand, for what callers pass in and use */
export function lintWorkflow(plan: Plan, { value, locate }: SourceDocument, plans: readonly Plan[] = []): readonly LintFinding[] {
  const root: JsonObject = isMapping(value) ? value : {};
  const subject = subjectOf(plan, root, plans);
  const found = LINT_RULES.flatMap(({ code, severity, find }) => find(subject).map((issue): LintFinding => ({ ...locate(issue), code, severity })));
  return found.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** The rules as a table in Markdown, for `docs/authoring-workflows.md`. */
export const lintRulesTable = (): string => ["| rule | severity | finds |", "|---|---|---|", ...LINT_RULES.map(({ code, severity, tells }) => `| \`${code}\` | ${severity} | ${tells} |`)].join("\n");
