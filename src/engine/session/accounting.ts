/**
 * Reviewers' findings and what the synthesis makes of them (contract field `accountsFor`).
 *
 * A1. Each finding of each reviewer is answered: taken, merged or dropped with a reason. None is lost, none is made up.
 * A2. What is taken or merged is no milder than it was brought, a verdict without a finding that carries it included.
 * A3. A reviewer that completed without a sound verdict cannot be accounted for: the step stays open.
 */
import type { Blocker, StepOutput } from "../../record/index.ts";
import type { Json } from "../../shared/json.ts";
import { fence, type Finding, type JsonSchema, type PlanStep, type ReviewVerdict, reviewVerdictSchema, type Severity, severitySchema, stricter, type Verdict, verdictOf } from "../../workflow/index.ts";
import type { ChildResult, SessionNode } from "./state.ts";

const VERDICT = "wr.contracts.review_verdict";
type Contract = Extract<PlanStep, { kind: "standard" }>["contract"];

/** What has to be answered: a finding, or a verdict that is stricter than the findings under it. */
type Brought =
  | { readonly kind: "finding"; readonly id: string; readonly finding: Finding }
  | { readonly kind: "verdict"; readonly id: string; readonly verdict: Verdict; readonly summary: string };

/** What the reviewers before a node brought, in their order; null where the step accounts for nobody. */
function broughtTo(contract: Contract, node: SessionNode): { readonly brought: readonly Brought[]; readonly silent: readonly ChildResult[] } | null {
  if (contract?.accountsFor === undefined) return null;
  const children = childrenOf(contract.accountsFor, node).filter(({ outcome }) => outcome === "completed");
  const read = children.map((child) => ({ child, review: verdictIn(child.artifacts) }));
  return { brought: read.flatMap(({ child, review }) => (review === null ? [] : broughtBy(child.childId, review))), silent: read.flatMap(({ child, review }) => (review === null ? [child] : [])) };
}

/** Of the newest visit of the step. */
function childrenOf(stepId: string, from: SessionNode): readonly ChildResult[] {
  for (let node: SessionNode | null = from; node !== null; node = node.parent) if (node.stepId === stepId && node.children !== null) return node.children;
  return [];
}

const verdictIn = (artifacts: StepOutput["artifacts"]): ReviewVerdict | null => reviewVerdictSchema.safeParse(artifacts.findLast(({ contractRef }) => contractRef === VERDICT)?.value).data ?? null;

function broughtBy(childId: string, { verdict, summary, findings }: ReviewVerdict): readonly Brought[] {
  const each = findings.map((finding, index): Brought => ({ kind: "finding", id: `${childId}#${index + 1}`, finding }));
  return verdictOf({ verdict: "clean", findings }) === verdict ? each : [...each, { kind: "verdict", id: `${childId}#verdict`, verdict, summary }];
}

/** The list for the prompt: reviewers' words, so all of it in a fence (I8). Empty where there is nothing to answer. */
export function accountText(contract: Contract, node: SessionNode): string {
  const { brought = [] } = broughtTo(contract, node) ?? {};
  if (brought.length === 0) return "";
  const list = brought.map((each) => (each.kind === "finding" ? `${each.id}: ${JSON.stringify(each.finding)}` : `${each.id}: the verdict "${each.verdict}", which no finding of this reviewer carries: ${JSON.stringify(each.summary)}`));
  return `Answer each in \`accounts\`, by its id: \`taken\` or \`merged\` with \`as\`, the number of the one of your \`findings\` that holds it and is no milder; or \`dropped\`, because it does not hold. The reason says what you saw when you checked.\n${fence(list.join("\n"))}`;
}

/** The contract's schema with what has to be answered here. */
export function accountSchema(contract: Contract, node: SessionNode, schema: JsonSchema): JsonSchema {
  const { brought = [] } = broughtTo(contract, node) ?? {};
  if (brought.length === 0) return schema;
  const properties = objectOf(schema["properties"]);
  const accounts = objectOf(properties["accounts"]);
  const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : [];
  const ids = brought.map(({ id }) => id);
  return { ...schema, properties: { ...properties, accounts: { ...accounts, minItems: ids.length, maxItems: ids.length, items: withIds(objectOf(accounts["items"]), ids) } }, required: [...new Set([...required, "accounts"])] };
}

/** Each kind of answer with the ids there are. */
function withIds(items: JsonSchema, ids: readonly string[]): JsonSchema {
  const key = Array.isArray(items["oneOf"]) ? "oneOf" : "anyOf";
  const branches = Array.isArray(items[key]) ? items[key] : [];
  return { ...items, [key]: branches.map((branch) => ({ ...objectOf(branch), properties: { ...objectOf(objectOf(branch)["properties"]), finding: { type: "string", enum: [...ids] } } })) };
}

const objectOf = (value: unknown): JsonSchema => (typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {});

const FIX = "Answer each id of the list once in `accounts`: taken or merged into one of your findings that is no milder, or dropped with what you saw that refutes it. Send the whole artifact again.";

/** What keeps a verdict from answering for its reviewers. @param value the artifact, which its contract may refuse on other grounds */
export function accountBlockers(contract: Contract, node: SessionNode, value: Json | undefined): readonly Blocker[] {
  const asked = broughtTo(contract, node);
  if (asked === null) return [];
  const silent = asked.silent.map(({ childId, sessionId }): Blocker => ({ code: "review-missing", message: `The reviewer ${childId} (session ${sessionId ?? "none"}) completed without a sound ${VERDICT}, so nothing is known of its side.`, fix: `Its workflow has to end with ${VERDICT}; then rewind to the step that asks for it.` })); // A3
  const review = reviewVerdictSchema.safeParse(value).data;
  if (review === undefined) return silent;
  const problems = problemsOf(asked.brought, review);
  return problems.length === 0 ? silent : [...silent, { code: "findings-unaccounted", message: `The verdict does not answer for its reviewers: ${problems.slice(0, MOST_PROBLEMS).join("; ")}${problems.length > MOST_PROBLEMS ? `; and ${problems.length - MOST_PROBLEMS} more` : ""}.`, fix: FIX }];
}
const MOST_PROBLEMS = 20;

function problemsOf(brought: readonly Brought[], { verdict, findings, accounts = [] }: ReviewVerdict): readonly string[] {
  const known = new Set(brought.map(({ id }) => id));
  const strange = accounts.filter(({ finding }) => !known.has(finding)).map(({ finding }) => `no reviewer brought ${JSON.stringify(finding)}`);
  return [
    ...strange,
    ...brought.flatMap((each): readonly string[] => {
      const answers = accounts.filter(({ finding }) => finding === each.id);
      const [answer] = answers;
      if (answer === undefined) return [`${each.id} is not answered`]; // A1
      if (answers.length > 1) return [`${each.id} is answered ${answers.length} times`];
      if (answer.fate === "dropped") return [];
      if (each.kind === "verdict") return stricter(verdict, each.verdict) === verdict ? [] : [`${each.id} is ${answer.fate}, but "${verdict}" is milder than its "${each.verdict}"`]; // A2
      const held = findings[answer.as - 1];
      if (held === undefined) return [`${each.id} is ${answer.fate} as finding ${answer.as}, and there are ${findings.length}`];
      return isMilder(held.severity, each.finding.severity) ? [`${each.id} was brought as ${each.finding.severity}, and finding ${answer.as} is ${held.severity}`] : []; // A2
    }),
  ];
}

const SEVERITIES = severitySchema.options;
const isMilder = (a: Severity, b: Severity): boolean => SEVERITIES.indexOf(a) > SEVERITIES.indexOf(b);
