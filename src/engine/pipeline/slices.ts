/**
 * Large work in slices: each is coded by a session of its own, those that do not wait for each other side by side, and every result
 * is merged into the whole in the order of the plan. Then one session makes the whole sound and hands it over, and it is reviewed
 * as one change.
 *
 * S3. A slice begins when all it depends on is integrated, and each is integrated once: no state asks for it again. One whose session did
 *     not complete is begun a second time, from the whole as it is then.
 * S4. A slice that failed takes nothing away from the others: what is done is still integrated, what depends on it is not begun.
 */
import type { EndingCode } from "../../record/index.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import { codingHandoffSchema, slicesSchema, type Slice } from "../../workflow/index.ts";
import { runSession, type IntegrateSlice, type ItemAction } from "./action.ts";
import { CONTRACT, JOIN, RESOLVE, SLICING } from "./course.ts";
import { sessionFailure } from "./failures.ts";
import { testsBefore } from "./host-checks.ts";
import { goesBy } from "./editions.ts";
import { artifactOf, type ItemSession, type ItemState, type SliceConflict } from "./state.ts";

/** Slices at work at the same time where the config does not say. */
const PARALLEL_SLICES = 2;

const CODE = { phase: "code", round: 1 } as const;

/** Sessions that may work on one slice, one after the other. */
const MOST_TRIES = 2;

/** Where a slice stands. */
export type SliceStanding =
  | { readonly kind: "waiting" }
  | { readonly kind: "working" | "resolving"; readonly session: ItemSession }
  /** Its session is over: its files are to be merged, or what its conflict's session left is to be looked at. */
  | { readonly kind: "done"; readonly session: ItemSession; readonly conflict: SliceConflict | null }
  | { readonly kind: "conflicted"; readonly conflict: SliceConflict }
  | { readonly kind: "integrated" }
  | { readonly kind: "failed"; readonly why: string; readonly code: string };

export interface PlannedSlice extends Slice {
  readonly standing: SliceStanding;
}

/** The plan of an item that was cut into more than one slice, with what became of each; null for any other. */
export function plannedSlices(state: ItemState): readonly PlannedSlice[] | null {
  const planned = state.sessions.findLast(({ workflowId, result }) => workflowId === SLICING.workflowId && result?.outcome === "completed");
  const plan = planned === undefined ? undefined : slicesSchema.safeParse(artifactOf(planned, CONTRACT.slices)).data?.slices;
  return plan === undefined || plan.length < 2 ? null : plan.map((slice) => ({ ...slice, standing: standingOf(state, slice.id) }));
}

function standingOf(state: ItemState, id: string): SliceStanding {
  const last = state.sessions.findLast(({ slice }) => slice?.id === id);
  if (last === undefined) return { kind: "waiting" };
  if (state.integrated.some(({ sliceId }) => sliceId === id)) return { kind: "integrated" };
  const conflicts = state.conflicts.filter(({ sliceId }) => sliceId === id);
  const [conflict = null, unresolved] = conflicts;
  const resolves = last.slice?.part === "merge";
  if (last.result === null) return { kind: resolves ? "resolving" : "working", session: last };
  const failure = sessionFailure(last, last.result);
  if (failure !== null && !resolves && mayTryAgain(state, id, failure.ending)) return { kind: "waiting" };
  if (failure !== null) return { kind: "failed", code: failure.reason.code, why: resolves ? `its conflict was not resolved: ${failure.reason.message}` : failure.reason.message };
  if (unresolved !== undefined) return { kind: "failed", code: "merge-conflict", why: `its conflict was not resolved: ${filesOf(unresolved)} still ${unresolved.conflicts.length === 1 ? "has" : "have"} the marks of it` };
  return conflict === null || resolves ? { kind: "done", session: last, conflict } : { kind: "conflicted", conflict };
}

/** What a person has to answer, or a model refuses, comes out the same a second time. */
const FINAL: ReadonlySet<EndingCode> = new Set(["awaiting-approval", "needs-answer", "model-refused"]);

const mayTryAgain = (state: ItemState, id: string, ending: EndingCode): boolean =>
  goesBy(2, state.opening?.pipeline) && !FINAL.has(ending) && triesOf(state, id).length < MOST_TRIES;

const triesOf = ({ sessions }: ItemState, id: string): readonly ItemSession[] => sessions.filter(({ slice }) => slice?.id === id && slice.part === "work");

const filesOf = ({ conflicts }: SliceConflict): string => conflicts.map(({ path }) => path).join(", ");

/** What a sliced item needs next; null for an item that is not at its slices. */
export function nextOfSlices(state: ItemState): ItemAction | null {
  const last = state.sessions.at(-1);
  if (last?.slice === undefined && !(last?.workflowId === SLICING.workflowId && last.result?.outcome === "completed")) return null;
  const plan = plannedSlices(state);
  if (plan === null) return null;
  const at = (...kinds: readonly SliceStanding["kind"][]) => plan.filter(({ standing }) => kinds.includes(standing.kind));
  const failed = at("failed");
  const open = state.sessions.filter(({ result }) => result === null);
  const begun = open.length === 0 || open.some(({ slice }) => slice?.part === "merge") ? null : nextOfWave(state, plan);
  if (begun !== null) return begun;
  if (open.length > 0) return { kind: "resume-slices", sessions: open };
  const merge = plan.flatMap((slice) => integration(state, slice, failed.length > 0))[0];
  if (merge !== undefined) return merge;
  if (failed.length > 0 || at("conflicted").length > 0) return stopped(state, plan);
  return at("integrated").length === plan.length ? join(state, plan) : (nextOfWave(state, plan) ?? stopped(state, plan));
}

/** One more slice of the wave that is being begun; null when it is full or nothing else can begin. */
function nextOfWave(state: ItemState, plan: readonly PlannedSlice[]): ItemAction | null {
  const work = state.sessions.filter(({ slice }) => slice?.part === "work");
  const open = work.filter(({ result }) => result === null);
  const wave = open[0]?.slice?.wave ?? Math.max(0, ...work.map(({ slice }) => slice?.wave ?? 0)) + 1;
  const members = work.filter(({ slice }) => slice?.wave === wave);
  if (members.length >= (state.opening?.pipeline?.parallelSlices ?? PARALLEL_SLICES)) return null;
  const integrated = new Set(plan.flatMap(({ id, standing }) => (standing.kind === "integrated" ? [id] : [])));
  const ready = plan.find(({ standing, dependsOn }) => standing.kind === "waiting" && dependsOn.every((id) => integrated.has(id)));
  if (ready === undefined) return null;
  const waited = ready.dependsOn.length === 0 ? "it waits for no other" : `${ready.dependsOn.join(", ")} ${ready.dependsOn.length === 1 ? "is" : "are"} integrated`;
  const failed = triesOf(state, ready.id).at(-1);
  const context: JsonObject = {
    ...startingContext(state),
    slice: told(ready),
    otherSlices: plan.flatMap((slice): JsonObject[] => (slice.id === ready.id ? [] : [{ ...told(slice), standing: slice.standing.kind }])),
    ...(failed === undefined ? {} : { failedBefore: failed.result?.reason?.message ?? `outcome ${failed.result?.outcome ?? "unknown"}` }),
    before: Object.fromEntries(ready.dependsOn.map((id) => [id, handoffOf(state, id)])),
  };
  return { ...runSession({ ...CODE, workflowId: SLICING.workedBy, context }), slice: { id: ready.id, part: "work", wave }, why: `slice ${ready.id}: ${waited}${failed === undefined ? "" : "; its first session did not complete"}` };
}

/** What every session of the change is told: how the task was understood, and what the tests came to before. */
function startingContext(state: ItemState): JsonObject {
  const classified = state.sessions.find(({ phase }) => phase === "classify");
  return { classification: classified === undefined ? null : artifactOf(classified, CONTRACT.classification), ...testsBefore(state) };
}

const told = ({ id, title, goal, files, dependsOn }: Slice): JsonObject => ({ id, title, goal, files: [...files], dependsOn: [...dependsOn] });

/** What the slice's last completed session said of its change. */
function handoffOf(state: ItemState, id: string): Json {
  const sessions = state.sessions.filter(({ slice, result }) => slice?.id === id && result?.outcome === "completed");
  return sessions.map((session) => artifactOf(session, CONTRACT.codingHandoff)).findLast((handoff) => handoff !== null) ?? null;
}

/** The merge of a slice that is done, or the session for its conflict; nothing where there is none. Once one has failed no session is begun. */
function integration(state: ItemState, { id, standing }: PlannedSlice, hasFailed: boolean): readonly ItemAction[] {
  if (standing.kind === "conflicted") return hasFailed ? [] : [resolve(state, id, standing.conflict)];
  if (standing.kind !== "done") return [];
  const { session, conflict } = standing;
  const sides = conflict ?? { base: session.from ?? null, ours: state.snapshot, theirs: session.result?.snapshot ?? null };
  const action: IntegrateSlice = { kind: "integrate-slice", sliceId: id, sessionId: session.sessionId, base: sides.base, ours: sides.ours, theirs: sides.theirs, resolves: conflict, left: session.result?.snapshot ?? null };
  return [action];
}

function resolve(state: ItemState, id: string, { conflicts }: SliceConflict): ItemAction {
  const wave = state.sessions.findLast(({ slice }) => slice?.id === id)?.slice?.wave ?? 1;
  const ours = state.integrated.map(({ sliceId }) => ({ slice: sliceId, handoff: handoffOf(state, sliceId) }));
  const context: JsonObject = { ...startingContext(state), conflict: { slice: id, files: conflicts.map(({ path, kind }) => ({ path, kind })) }, ours, theirs: handoffOf(state, id) };
  return { ...runSession({ ...CODE, workflowId: RESOLVE.workflowId, context }), slice: { id, part: "merge", wave }, why: `slice ${id} and what is integrated changed the same places of ${conflicts.map(({ path }) => path).join(", ")}` };
}

/** One session for the whole: the host runs the tests on it, what the merge broke is mended, and the change is handed over as one. */
function join(state: ItemState, plan: readonly PlannedSlice[]): ItemAction {
  const slices = plan.map((slice) => {
    const handoff = handoffOf(state, slice.id);
    return { ...told(slice), handoff, beyondPlan: [...beyondPlan(slice, handoff)] };
  });
  return { ...runSession({ ...CODE, workflowId: JOIN.workflowId, context: { ...startingContext(state), slices } }), why: `${plan.length} slices are integrated: the tests are run on the whole, and it is handed over as one change` };
}

function stopped(state: ItemState, plan: readonly PlannedSlice[]): ItemAction {
  const named = (kind: SliceStanding["kind"]): readonly string[] => plan.flatMap(({ id, standing }) => (standing.kind === kind ? [id] : []));
  const failed = plan.flatMap(({ id, standing }) => (standing.kind === "failed" ? [{ id, code: standing.code, why: standing.why }] : []));
  // Behind what failed: no session was begun for its conflict because of that.
  failed.push(...plan.flatMap(({ id, standing }) => (standing.kind === "conflicted" ? [{ id, code: "merge-conflict", why: `it conflicts with what is integrated in ${filesOf(standing.conflict)}` }] : [])));
  const [integrated, waiting] = [named("integrated"), named("waiting")];
  const kept = integrated.length === 0 ? "Nothing was integrated." : `Integrated and kept in the record: ${integrated.join(", ")}${state.snapshot === null ? "" : ` (tree ${state.snapshot.tree})`}.`;
  const message = [...failed.map(({ id, why }) => `Slice ${id} failed: ${why}.`.replaceAll("..", ".")), kept, ...(waiting.length === 0 ? [] : [`Not begun: ${waiting.join(", ")}.`])].join(" ");
  const fix = "Say in the task what the failed slice needs, or set pipeline.slices to never in .github/worktrain.yml so that the work is done in one piece; then start it again. `worktrain report` shows what each slice came to.";
  return { kind: "stop", ending: "not-completed", reason: { code: failed[0]?.code ?? "internal", message, fix } };
}

/** Files that the hand-over of a slice names beyond its plan, by which the others' work was arranged. */
function beyondPlan({ files }: Slice, handoff: Json): readonly string[] {
  const changed = codingHandoffSchema.safeParse(handoff).data?.filesChanged ?? [];
  return changed.filter((path) => !files.some((file) => path === file || path.startsWith(file.endsWith("/") ? file : `${file}/`)));
}
