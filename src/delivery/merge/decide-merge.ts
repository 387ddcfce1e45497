/**
 * Whether a delivered change may be merged without a person. Pure.
 *
 * M1. The default is a person: every condition has to be met, and what is not known is not met.
 * M2. Who escalated stays with a person, and so does what the config keeps for one, whatever else holds.
 */
import picomatch from "picomatch";
import type { Config } from "../../config/index.ts";
import type { PipelineMode } from "../../record/index.ts";
import { counted } from "../../report/markdown.ts";
import type { Classification } from "../../workflow/index.ts";

export interface MergeFacts {
  /** A review found something blocking on the way. */
  readonly escalated: boolean;
  readonly proof: "holds" | "fails" | "unknown";
  readonly reviewClean: boolean;
  /** The job `verify` was green on these files, behind walls. */
  readonly verified: boolean;
  /** As the classification says; null where it does not. */
  readonly risk: Classification["riskLevel"] | null;
  readonly mode: PipelineMode | null;
  readonly files: readonly { readonly path: string; readonly link: boolean }[];
  /** Added and removed; null where they cannot be counted. */
  readonly lines: number | null;
  /** What differs and is not in the change. */
  readonly leftOut: number;
  /** What a person should see of changed dependencies, as clauses. */
  readonly dependencies: readonly string[];
  /** Of the issue. */
  readonly labels: readonly string[];
}

export type MergeDecision =
  /** `reasons`: the conditions that were met. */
  | { readonly decision: "arm"; readonly method: Policy["method"]; readonly reasons: readonly string[] }
  /** `reasons`: why a person merges, as clauses. */
  | { readonly decision: "person"; readonly reasons: readonly string[] };

type Policy = Config["merge"];

/** Null where the config does not ask for merging. */
export function decideMerge(policy: Policy, facts: MergeFacts): MergeDecision | null {
  if (!policy.auto) return null;
  const reasons = against([...conditions(policy, facts), ...bears(policy, facts), ...humanOnly(policy, facts)]);
  if (reasons.length === 0 && policy.approval) return { decision: "person", reasons: [UNAPPROVED] };
  if (reasons.length > 0) return { decision: "person", reasons };
  const tests = facts.verified ? "the job verify is green" : "GitHub waits for the branch's required checks";
  return { decision: "arm", method: policy.method, reasons: ["the review is clean", tests, `risk ${facts.risk}`, `mode ${facts.mode}`, `${counted(facts.files.length, "file")} and ${counted(facts.lines ?? 0, "line")} changed`, ...policy.labels.map((label) => `label ${label}`)] };
}

const UNAPPROVED = "nobody has approved this commit yet, which merge.approval asks for; GitHub's auto-merge is armed when somebody does";

/** Whether all is met but what people still bring: labels, an approval. */
export const isWithin = (policy: Policy, facts: MergeFacts): boolean => against([...conditions(policy, facts), ...humanOnly(policy, facts)]).length === 0;

const against = (all: readonly Condition[]): readonly string[] => all.flatMap((condition) => (condition.met ? [] : [condition.unmet]));

interface Condition {
  readonly met: boolean;
  readonly unmet: string;
}

const RISKS = ["low", "medium", "high", "critical"] as const;

function conditions(policy: Policy, facts: MergeFacts): readonly Condition[] {
  const { risk, mode, files, lines } = facts;
  return [
    { met: !facts.escalated, unmet: "an earlier review found something blocking" }, // M2
    { met: facts.proof === "holds", unmet: "not every line of the proof holds" },
    { met: facts.reviewClean, unmet: "the last review is not clean" },
    { met: policy.tests === "ci" || facts.verified, unmet: "the job verify has not vouched for the tests" },
    { met: risk !== null && risk !== undefined && RISKS.indexOf(risk) <= RISKS.indexOf(policy.maxRisk), unmet: `the risk is ${risk ?? "not known"}, at most ${policy.maxRisk} is merged without a person` },
    { met: mode !== null && policy.modes.some((each) => each === mode), unmet: `the mode is ${mode ?? "not known"}, which is not among merge.modes` },
    { met: files.length > 0 && files.length <= policy.maxFiles, unmet: `${files.length} files are changed, at most ${policy.maxFiles} are merged without a person` },
    { met: lines !== null && lines <= policy.maxLines, unmet: lines === null ? "its changed lines cannot be counted" : `${lines} lines are changed, at most ${policy.maxLines} are merged without a person` },
    { met: facts.leftOut === 0, unmet: "something differs that is not in the change" },
  ];
}

const bears = (policy: Policy, { labels }: Pick<MergeFacts, "labels">): readonly Condition[] => missingLabels(policy, labels).map((label) => ({ met: false, unmet: `the issue does not bear the label ${label}` }));

/** Labels that the issue has to bear and does not. */
export const missingLabels = (policy: Pick<Policy, "labels">, labels: readonly string[]): readonly string[] => policy.labels.filter((label) => !labels.some((each) => each.toLowerCase() === label.toLowerCase()));

function humanOnly({ humanOnly: list }: Policy, { files, dependencies }: MergeFacts): readonly Condition[] {
  const rows = [
    ["a database schema", list.schema],
    ["CI", list.ci],
    ["infrastructure", list.infrastructure],
    ["a path of merge.humanOnly.own", list.own],
  ] as const;
  const touched = rows.map(([what, globs]) => {
    const path = firstMatch(globs, files);
    return { met: path === null, unmet: `it touches ${what}: ${path ?? ""}` };
  });
  const link = files.find((file) => file.link);
  return [...touched, { met: link === undefined, unmet: `it makes a symbolic link: ${link?.path ?? ""}` }, ...dependencies.map((unmet) => ({ met: false, unmet }))];
}

/** Letter case, Unicode form and separators do not take a path out of the list. */
function firstMatch(globs: readonly string[], files: MergeFacts["files"]): string | null {
  if (globs.length === 0) return null;
  const matches = picomatch([...globs], { dot: true, nocase: true, nonegate: true });
  return files.find(({ path }) => matches(path.normalize("NFKC").replaceAll("\\", "/")))?.path ?? null;
}
