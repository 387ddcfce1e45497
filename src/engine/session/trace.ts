import { z } from "zod";
import { contextSchema, type TraceEntry } from "../../record/index.ts";
import { canonicalJson, type Json } from "../../shared/json.ts";
import type { Condition, Evaluation } from "../../workflow/index.ts";

/** Characters of one value in a trace; a longer one is described by its size. */
const TRACE_VALUE_CHARS = 1000;

export interface Looked {
  readonly condition?: Condition | null;
  readonly evaluation?: Evaluation | null;
  readonly reason?: string | undefined;
}

/** Why a step was offered or passed over: the condition, the values it saw, and what else decided. */
export function traceEntry(stepId: string, decision: TraceEntry["decision"], { condition = null, evaluation = null, reason }: Looked = {}): TraceEntry {
  const base: TraceEntry = { stepId, decision, ...(reason === undefined ? {} : { reason }) };
  if (evaluation === null || condition === null) return base;
  const values = Object.fromEntries(Object.entries(evaluation.values).map(([key, value]) => [key, shortened(value)]));
  return { ...base, condition: z.json().parse(JSON.parse(canonicalJson(condition))), values: contextSchema.parse(values) };
}

function shortened(value: Json): Json {
  const chars = canonicalJson(value).length;
  return chars <= TRACE_VALUE_CHARS ? value : `(${Array.isArray(value) ? "array" : typeof value} of ${chars} characters)`;
}
