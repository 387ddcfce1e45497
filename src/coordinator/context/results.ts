/** What earlier sessions of the item handed over, for a session that has not seen them. */
import type { ItemSession } from "../../engine/pipeline/index.ts";
import { canonicalJson, type Json } from "../../shared/json.ts";
import { DEAD_END_FIELDS, DECISION_FIELDS } from "./decided.ts";
import type { Entry } from "./section.ts";

/**
 * One entry an artifact, newest first.
 * @param told fields that stand in other sections of the same package
 */
export function resultsOf(sessions: readonly ItemSession[], told: { readonly decisions: boolean; readonly deadEnds: boolean }): readonly Entry[] {
  const elsewhere = (ref: string): readonly string[] => [...(told.decisions ? (DECISION_FIELDS[ref] ?? []) : []), ...(told.deadEnds ? (DEAD_END_FIELDS[ref] ?? []) : [])];
  return sessions.flatMap(({ sessionId, phase, round, workflowId, result }) => {
    if (result === null) return [];
    const head = `${phase} (round ${round}, ${workflowId}), session ${sessionId}: ${result.outcome}`;
    if (result.artifacts.length === 0) return [{ title: sessionId, text: `${head}, nothing was handed over` }];
    return result.artifacts.map(({ contractRef, value }) => ({ title: `${contractRef} of ${sessionId}`, text: `${head}\n${contractRef}: ${canonicalJson(without(value, elsewhere(contractRef)))}` }));
  }).toReversed();
}

const without = (value: Json, fields: readonly string[]): Json =>
  value === null || typeof value !== "object" || Array.isArray(value) ? value : Object.fromEntries(Object.entries(value).filter(([field]) => !fields.includes(field)));
