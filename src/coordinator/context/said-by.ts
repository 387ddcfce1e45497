/** What a completed step left for those after it. */
import type { StepOutput } from "../../record/index.ts";
import { canonicalJson, type Json } from "../../shared/json.ts";

/** Characters of a value that stands for notes that a step left out. */
const SHOWN_CHARS = 4_000;

/** Its notes, or what it handed over in their place; empty text where it left nothing. */
export function saidBy({ notes, artifacts, context }: StepOutput): string {
  if (notes.trim() !== "") return notes.trim();
  const values = Object.keys(context).length === 0 ? [] : [shown("context", context, "the steps that use it are told the whole")];
  return [...artifacts.map(({ contractRef, value }) => shown(contractRef, value, `read_artifact with contractRef ${JSON.stringify(contractRef)} has the whole`)), ...values].join("\n");
}

/** @param how to get what is not shown */
function shown(name: string, value: Json, how: string): string {
  const text = canonicalJson(value);
  return text.length <= SHOWN_CHARS ? `${name}: ${text}` : `${name}, the first ${SHOWN_CHARS} of ${text.length} characters (${how}): ${text.slice(0, SHOWN_CHARS).toWellFormed()}`;
}
