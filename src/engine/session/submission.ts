/** What is refused before a submission counts as an attempt: shapes and sizes the record cannot or must not hold. */
import { ARTIFACTS_LIMIT_BYTES, CONTEXT_LIMIT_BYTES, NOTES_LIMIT_BYTES, type StepOutput } from "../../record/index.ts";
import type { Refusal } from "../../shared/errors.ts";
import { canonicalJson, type JsonObject } from "../../shared/json.ts";
import { valueProblem } from "../../shared/value-problem.ts";
import type { Plan, StandardStep } from "../../workflow/index.ts";
import { ASSESSMENT, assessmentIdOf } from "./assessments.ts";
import { LOOP_CONTROL } from "./loops.ts";
import { contractSchema } from "./requirements.ts";
import type { SessionNode } from "./state.ts";

export type SubmissionRefusal = Refusal<"malformed-output" | "too-large" | "reserved-key" | "unknown-contract" | "unexpected-artifact">;

export const EMPTY_OUTPUT: StepOutput = { notes: "", artifacts: [], context: {} };

/** What was kept of blocked attempts, with what is sent now over it: notes when not blank, artifacts by kind, context by key. */
export function mergeOutput(kept: StepOutput | null, sent: StepOutput): StepOutput {
  if (kept === null) return sent;
  const refs = new Set(sent.artifacts.map(slotOf));
  return {
    notes: sent.notes.trim() === "" ? kept.notes : sent.notes,
    artifacts: [...kept.artifacts.filter((artifact) => !refs.has(slotOf(artifact))), ...sent.artifacts],
    context: { ...kept.context, ...sent.context },
  };
}

/** What an artifact replaces when it is sent again: its kind, and for an assessment which one it is. */
const slotOf = (artifact: StepOutput["artifacts"][number]): string => (artifact.contractRef === ASSESSMENT ? `${ASSESSMENT} ${assessmentIdOf(artifact.value) ?? ""}` : artifact.contractRef);

/**
 * Whether what is sent is plain JSON that can be looked at without harm. WorkRail's files have the agent put `goal` into the
 * context; there it is kept, and everything that reads `goal` goes on reading the session's own.
 */
export function shapeRefusal(sent: StepOutput, { schemaVersion }: Pick<Plan, "schemaVersion">): SubmissionRefusal | null {
  const parts = [...sent.artifacts.map((artifact) => ({ name: `artifact ${artifact.contractRef}`, value: artifact.value as unknown })), { name: "context", value: sent.context as unknown }];
  for (const { name, value } of parts) {
    const found = valueProblem(value);
    if (found !== null) return { kind: found === "__proto__" ? "reserved-key" : "malformed-output", message: `The ${name} holds ${found === "__proto__" ? "the key __proto__" : found}.`, fix: "Send plain JSON with ordinary keys." };
  }
  if (schemaVersion >= 2 && Object.hasOwn(sent.context, "goal")) {
    return { kind: "reserved-key", message: "The context key `goal` is the session's own.", fix: "Choose another key." };
  }
  return null;
}

/** Whether the merged submission is of the right kinds and within the record's limits. */
export function outputRefusal(plan: Plan, step: StandardStep, node: SessionNode, merged: StepOutput): SubmissionRefusal | null {
  const seen = new Set<string>();
  const wanted = [...(step.contract === null ? [] : [step.contract.ref]), ...(step.assessments.length === 0 ? [] : [ASSESSMENT])];
  for (const artifact of merged.artifacts) {
    const { contractRef } = artifact;
    if (contractSchema(plan, contractRef) === null) {
      return { kind: "unknown-contract", message: contractRef === "" ? "An artifact does not say of what contract it is." : `There is no contract "${contractRef}".`, fix: wanted.length === 0 ? "This step asks for no artifact: say it in the notes." : `Send "${wanted.join('" and "')}".` };
    }
    if (wanted.length > 0 && !wanted.includes(contractRef)) {
      return { kind: "unexpected-artifact", message: `The step "${step.id}" takes an artifact ${wanted.join(" and ")}, not ${contractRef}.`, fix: `Send "${wanted.join('" and "')}" only.` };
    }
    // In a WorkRail file a prompt may ask for one that no contract names; loop control speaks of the loops around.
    if (wanted.length === 0 && plan.schemaVersion >= 2 && contractRef !== LOOP_CONTROL) {
      return { kind: "unexpected-artifact", message: `The step "${step.id}" asks for no artifact, but ${contractRef} came.`, fix: "Leave it out, and say what it holds in the notes." };
    }
    const slot = slotOf(artifact);
    if (seen.has(slot)) return { kind: "unexpected-artifact", message: `Two artifacts ${contractRef} came in one submission.`, fix: "Send one." };
    seen.add(slot);
  }
  return (
    sizeRefusal("The notes", utf8Bytes(merged.notes), NOTES_LIMIT_BYTES, "Shorten them, or move detail into files of the workspace.") ??
    (merged.artifacts.length === 0 ? null : sizeRefusal("The artifacts", jsonBytes(merged.artifacts), ARTIFACTS_LIMIT_BYTES, "Shorten them.")) ??
    (Object.keys(merged.context).length === 0 ? null : contextSizeRefusal({ ...node.context, ...merged.context }))
  );
}

/** Whether a child's end is within the limits of a submission. */
export const resultSizeRefusal = (result: { readonly summary: string; readonly artifacts: StepOutput["artifacts"] }): Refusal<"too-large"> | null =>
  sizeRefusal("The child's summary", utf8Bytes(result.summary), NOTES_LIMIT_BYTES, "Shorten it.") ?? sizeRefusal("The child's artifacts", jsonBytes(result.artifacts), ARTIFACTS_LIMIT_BYTES, "Shorten them.");

export const contextSizeRefusal = (context: JsonObject): Refusal<"too-large"> | null =>
  sizeRefusal("The session's context", jsonBytes(context), CONTEXT_LIMIT_BYTES, "Keep less in the context: overwrite values no longer needed with null.");

/** What a session starts with: its goal stands in the context too. */
export const startSizeRefusal = (context: JsonObject, goal: string): Refusal<"too-large"> | null =>
  sizeRefusal("The goal and the context", jsonBytes({ ...context, goal }), CONTEXT_LIMIT_BYTES, "Shorten the goal, or start with less context: what is long can stand in a file of the workspace.");

function sizeRefusal(what: string, bytes: number, limit: number, fix: string): Refusal<"too-large"> | null {
  return bytes <= limit ? null : { kind: "too-large", message: `${what} would take ${bytes} bytes; the limit is ${limit}.`, fix };
}

const jsonBytes = (value: unknown): number => utf8Bytes(canonicalJson(value));

/** Length as UTF-8; a lone surrogate counts as U+FFFD, which the record makes of it. */
function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    else if (code >= 0xd800 && code < 0xdc00 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) {
      bytes += 4;
      index += 1;
    } else bytes += 3;
  }
  return bytes;
}
