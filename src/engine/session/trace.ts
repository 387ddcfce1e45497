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

interface Look extends Looked {
  readonly stepId: string;
  readonly decision: TraceEntry["decision"];
}

/** Looks of one decision that are told one by one from its beginning, and as many from its end: an event has a limit. */
const TOLD = 300;

/** What one decision looked at, in order. */
export class Trace {
  readonly #first: Look[] = [];
  readonly #last: Look[] = [];
  /** How often steps between were looked at, by step and decision. */
  readonly #between = new Map<string, { readonly look: Look; count: number }>();

  add(stepId: string, decision: TraceEntry["decision"], looked: Looked = {}): void {
    const look = { ...looked, stepId, decision };
    if (this.#first.length < TOLD) {
      this.#first.push(look);
      return;
    }
    const moved = this.#last.length < TOLD ? undefined : this.#last.shift();
    this.#last.push(look);
    if (moved === undefined) return;
    const key = `${moved.decision} ${moved.stepId}`;
    const known = this.#between.get(key);
    if (known === undefined) this.#between.set(key, { look: moved, count: 1 });
    else known.count += 1;
  }

  get length(): number {
    return this.#first.length;
  }

  /** Every look, or of more than 600 how often those in the middle came out as they did. */
  entries(): TraceEntry[] {
    const between = [...this.#between.values()].map(({ look: { stepId, decision }, count }): TraceEntry => ({ stepId, decision, reason: `${count} more looks in this decision came out so; told one by one are its first ${TOLD} and its last ${TOLD}` }));
    return [...this.#first.map(entryOf), ...between, ...this.#last.map(entryOf)];
  }
}

/** Why a step was offered or passed over: the condition, the values it saw, and what else decided. */
function entryOf({ stepId, decision, condition = null, evaluation = null, reason }: Look): TraceEntry {
  const base: TraceEntry = { stepId, decision, ...(reason === undefined ? {} : { reason }) };
  if (evaluation === null || condition === null) return base;
  const values = Object.fromEntries(Object.entries(evaluation.values).map(([key, value]) => [key, shortened(value)]));
  return { ...base, condition: z.json().parse(JSON.parse(canonicalJson(condition))), values: contextSchema.parse(values), holds: evaluation.holds };
}

function shortened(value: Json): Json {
  const chars = canonicalJson(value).length;
  return chars <= TRACE_VALUE_CHARS ? value : `(${Array.isArray(value) ? "array" : typeof value} of ${chars} characters)`;
}
