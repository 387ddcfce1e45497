/**
 * What was decided and what led nowhere, from typed fields of the record alone: prose is passed on where a field holds it, and is never
 * searched for meaning.
 */
import type { ItemSession } from "../../engine/pipeline/index.ts";
import type { Json } from "../../shared/json.ts";
import { BUILT_IN_CONTRACTS, isBuiltInContract, statementText } from "../../workflow/index.ts";
import type { PriorWork } from "./known.ts";
import type { Entry } from "./section.ts";

type Field = readonly [label: string, value: Json | undefined];

/** Fields of a contract that hold decisions, and those that hold dead ends; what is in them is not told a second time among the results. */
export const DECISION_FIELDS: Readonly<Record<string, readonly string[]>> = {
  "wr.contracts.coding_handoff": ["keyDecisions", "correctedAssumptions"],
  "wr.contracts.discovery_handoff": ["selectedDirection", "keyInvariants", "implementationConstraints"],
  "wr.contracts.shaping_handoff": ["selectedShape", "keyConstraints", "outOfScope"],
  "wr.contracts.differentiation_handoff": ["direction", "rationale"],
};
export const DEAD_END_FIELDS: Readonly<Record<string, readonly string[]>> = {
  "wr.contracts.coding_handoff": ["knownLimitations"],
  "wr.contracts.discovery_handoff": ["rejectedDirections"],
  "wr.contracts.shaping_handoff": ["rabbitHoles"],
  "wr.contracts.investigation": ["ruledOut"],
};

const LABELS: Readonly<Record<string, string>> = {
  keyDecisions: "decided",
  correctedAssumptions: "assumption corrected",
  selectedDirection: "direction taken",
  keyInvariants: "must stay true",
  implementationConstraints: "constraint",
  selectedShape: "shape taken",
  keyConstraints: "constraint",
  outOfScope: "out of scope",
  direction: "direction taken",
  rationale: "because",
  knownLimitations: "known limit",
  rejectedDirections: "direction rejected",
  rabbitHoles: "rabbit hole to keep out of",
  ruledOut: "ruled out as the cause",
};

/** Newest first. */
export function decisionsOf({ sessions, facts, trails, choice }: PriorWork): readonly Entry[] {
  const { mode, why, answer } = choice;
  return [
    ...(mode === null ? [] : [entry("pipeline", `${mode}, since ${why.join("; ")}`)]),
    ...(answer === null ? [] : [entry(answer.by, `${answer.verdict} how the task was understood${answer.reason === undefined ? "" : `: ${answer.reason}`}`)]),
    ...sessions.flatMap((session) => inFields(session, DECISION_FIELDS)),
    ...trails.flatMap(({ sessionId, gates }) => gates.filter(({ verdict }) => verdict === "approved").map(({ question, reason, by }) => entry(sessionId, `approved by ${by}: ${question} (${reason})`))),
    ...facts.filter(({ kind }) => kind !== "dead end").map(({ kind, text, sessionId }) => entry(sessionId, `${kind}: ${text}`)),
  ].toReversed();
}

/** Newest first. */
export function deadEndsOf({ sessions, facts, trails }: PriorWork): readonly Entry[] {
  return [
    ...sessions.flatMap((session) => [...failed(session), ...inFields(session, DEAD_END_FIELDS), ...objections(session)]),
    ...trails.flatMap(({ sessionId, gates, gaps, blocked }) => [
      ...blocked.map(({ stepId, notes, blockers }) => entry(sessionId, `${stepId} did not count: ${blockers.join(" ")}${notes.trim() === "" ? "" : `\n  what was handed over then: ${notes.trim()}`}`)),
      ...gates.filter(({ verdict }) => verdict === "rejected").map(({ question, reason, by }) => entry(sessionId, `rejected by ${by}: ${question} (${reason})`)),
      ...gaps.map(({ code, message }) => entry(sessionId, `gap (${code}): ${message}`)),
    ]),
    ...facts.filter(({ kind }) => kind === "dead end").map(({ text, sessionId }) => entry(sessionId, `dead end: ${text}`)),
  ].toReversed();
}

const entry = (who: string, text: string): Entry => ({ title: text, text: `- (${who}) ${text}` });

function inFields({ sessionId, result }: ItemSession, fields: typeof DECISION_FIELDS): readonly Entry[] {
  return (result?.artifacts ?? []).flatMap(({ contractRef, value }) =>
    (fields[contractRef] ?? []).flatMap((field) => statements([field, readField(contractRef, value, field)]).map((text) => entry(sessionId, `${LABELS[field] ?? field}: ${text}`))),
  );
}

/** Undefined where the artifact is not what its contract says, in logs of other versions. */
function readField(contractRef: string, value: Json, field: string): Json | undefined {
  if (!isBuiltInContract(contractRef)) return undefined;
  const read = BUILT_IN_CONTRACTS[contractRef].safeParse(value);
  return read.success && value !== null && typeof value === "object" && !Array.isArray(value) ? value[field] : undefined;
}

function statements([, value]: Field): readonly string[] {
  if (typeof value === "string") return [value];
  if (!Array.isArray(value)) return [];
  return value.flatMap((each: Json) => (typeof each === "string" || (each !== null && typeof each === "object" && !Array.isArray(each)) ? [statementText(each)] : []));
}

const failed = ({ sessionId, phase, round, result }: ItemSession): readonly Entry[] =>
  result === null || result.outcome === "completed" ? [] : [entry(sessionId, `${phase}, round ${round}, ended as ${result.outcome}${result.reason === null ? "" : `: ${result.reason.message}`}`)];

/** What reviewers rejected in a version of the change. */
const objections = ({ sessionId, phase, round, result }: ItemSession): readonly Entry[] =>
  (result?.artifacts ?? []).flatMap(({ contractRef, value }) => {
    const review = contractRef === "wr.contracts.review_verdict" ? BUILT_IN_CONTRACTS["wr.contracts.review_verdict"].safeParse(value).data : undefined;
    return (review?.findings ?? [])
      .filter(({ severity }) => severity !== "nit")
      .map(({ severity, summary, file, line }) => entry(sessionId, `${phase}, round ${round}, rejected a version (${severity}): ${summary}${file === undefined ? "" : ` (${file}${line === undefined ? "" : `:${line}`})`}`));
  });
