/** How slices come out, for an explanation of the pipeline: by an example, since the real ones are only known when there is a task. */
import type { ItemEvent, SnapshotRef } from "../../record/index.ts";
import type { Json } from "../../shared/json.ts";
import type { IntegrateSlice, RunSession } from "./action.ts";
import { CONTRACT } from "./course.ts";
import type { Outcome } from "./explained-answers.ts";
import type { ItemSession } from "./state.ts";

type Scheduled = Extract<ItemEvent, { kind: "session_scheduled" }>["data"];

const example = (id: string, ...dependsOn: readonly string[]): Json => ({ id, title: id, goal: id, files: [id], dependsOn: [...dependsOn] });

export const EXAMPLE_SLICES: readonly { readonly when: string; readonly slices: readonly Json[] }[] = [
  { when: "cut into slices, such as two side by side and one that depends on both", slices: [example("a"), example("b"), example("c", "a", "b")] },
  { when: "one slice: it is better done in one piece", slices: [example("whole")] },
];

export const scheduledAs = ({ phase, round, workflowId, context, allowedTools, why, slice }: RunSession, index: number): Scheduled => ({
  phase,
  round,
  sessionId: `${phase}-${round}-${index}`,
  workflowId,
  goal: "",
  context,
  ...(allowedTools === undefined ? {} : { allowedTools: [...allowedTools] }),
  ...(why === undefined ? {} : { why }),
  ...(slice === undefined ? {} : { slice }),
});

interface Left {
  readonly artifacts: { readonly contractRef: string; readonly value: Json }[];
  readonly snapshot: SnapshotRef | null;
}

export function concludedAs({ phase, round, sessionId }: Pick<Scheduled, "phase" | "round" | "sessionId">, left: Left | null): ItemEvent {
  const usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
  const end = left === null ? { outcome: "stopped" as const, reason: { code: "stuck", message: "it did not come to its end" }, artifacts: [], snapshot: null } : { outcome: "completed" as const, reason: null, ...left };
  return { kind: "session_concluded", data: { phase, round, sessionId, ...end, head: { seq: 1, hash: "0".repeat(64) }, turns: 0, usage, costMicroUsd: 0 } };
}

export const scheduledSlice = (action: RunSession, index: number): Outcome => ({ when: "begun", event: [{ kind: "session_scheduled", data: scheduledAs(action, index) }] });

/** Each session leaves another tree, so that there is something to merge. */
export function explainedWave(sessions: readonly ItemSession[], snapshot: SnapshotRef): readonly Outcome[] {
  const done = (session: ItemSession, index: number): ItemEvent => concludedAs(session, { artifacts: [{ contractRef: CONTRACT.codingHandoff, value: { filesChanged: [] } }], snapshot: { ...snapshot, tree: `${index + 1}`.padStart(40, "0") } });
  return [
    { when: "all completed", event: sessions.map(done) },
    { when: "one did not complete", event: sessions.map((session, index) => (index === 0 ? concludedAs(session, null) : done(session, index))) },
  ];
}

export function explainedMerge({ sliceId, sessionId, base, ours, theirs, resolves, left }: IntegrateSlice, snapshot: SnapshotRef): readonly Outcome[] {
  const sides = { sliceId, sessionId, base, ours, theirs };
  const integrated = (when: string, how: "fast-forward" | "merged" | "resolved"): Outcome => ({ when, event: [{ kind: "slice_integrated", data: { ...sides, how, snapshot: left ?? snapshot } }] });
  const conflicted = (when: string): Outcome => ({ when, event: [{ kind: "slice_conflicted", data: { ...sides, snapshot, conflicts: [{ path: "a file", kind: "markers" }] } }] });
  if (resolves !== null) return [integrated("no mark of the conflict is left", "resolved"), conflicted("marks of the conflict are left")];
  return ours?.tree === base?.tree ? [integrated("nothing else changed since it began", "fast-forward")] : [integrated("merged", "merged"), conflicted("both changed the same places")];
}
