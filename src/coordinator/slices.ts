/**
 * Slices of a large change at work side by side, each in a place of its own, and the merging of what they changed.
 *
 * I5. All of a wave draw from one pool: what each has spent in earlier runs is counted from the logs before any of them begins.
 * S5. A slice is gone on with by its session's id: a run that was lost repeats no turn of it. A merge is one event, appended when its
 *     result is in the journal: a lost run merges again, to the same tree, or not at all.
 */
import { openBudgetPool } from "../agent/index.ts";
import type { IntegrateSlice, ItemSession, ItemState } from "../engine/pipeline/index.ts";
import type { ItemEvent, SnapshotRef } from "../record/index.ts";
import { TerminalError } from "../shared/errors.ts";
import type { SlicePlace } from "../workspace/index.ts";
import { changedFiles } from "./changed-files.ts";
import { readPriorWork } from "./context/index.ts";
import type { CoordinatorDeps } from "./deps.ts";
import { runSession, type SessionLeft } from "./run-session.ts";
import { spentEarlier } from "./session-tree.ts";
import { add, budgetInPhase, limitsOf, nothingSpent, remaining, spentByItem, spentBySessions, spentTogether, type Spent } from "./spent.ts";
import type { SessionTree, SharedBudget } from "./tree.ts";
import { unresolvedFiles } from "./unresolved.ts";

export interface Wave {
  readonly state: ItemState;
  /** Open ones, in the order of the plan. */
  readonly sessions: readonly ItemSession[];
  /** Writes down what a session came to. */
  readonly conclude: (session: ItemSession, left: SessionLeft) => Promise<void>;
}

/** Runs the sessions until the last of them is over or has to be left. @returns those that were left, with what they spent */
export async function runSlices(deps: CoordinatorDeps, wave: Wave): Promise<readonly SessionLeft[]> {
  const budget = await openWaveBudget(deps, wave);
  const places = new Map<string, SlicePlace>();
  try {
    for (const session of wave.sessions) places.set(session.sessionId, await openPlace(deps, session, wave.sessions.length));
    const left: SessionLeft[] = [];
    const runs = [...wave.sessions].map(async (session) => {
      const place = places.get(session.sessionId);
      if (place === undefined) return;
      const ran = await runSlice({ ...deps, workspace: place.workspace, sandbox: place.sandbox }, { session, wave, budget });
      if (ran.parked === null) await wave.conclude(session, ran);
      else left.push(ran);
      // Its place on the disk is given back while others are still at work.
      places.delete(session.sessionId);
      await place.close();
    });
    await Promise.allSettled(runs);
    await Promise.all(runs);
    return left;
  } finally {
    for (const place of places.values()) await place.close();
  }
}

/** A conflict is resolved in the item's own workspace, where nobody else is at work. */
async function openPlace(deps: CoordinatorDeps, { sessionId, slice }: ItemSession, beside: number): Promise<SlicePlace> {
  if (slice?.part !== "work") return { workspace: deps.workspace, sandbox: deps.sandbox, close: () => Promise.resolve() };
  if (deps.openSlice === undefined) throw new TerminalError("The work was cut into slices, and here is no place to work on them.", "Run it where a clone of the repository is checked out.");
  // Nobody may be at work in the files that are copied, what an earlier session left running included.
  await deps.sandbox.renew();
  return deps.openSlice(sessionId, beside);
}

interface WaveBudget extends SharedBudget {
  /** What the item has spent but for the session. */
  readonly besides: (sessionId: string, underWay?: "counted" | "left-out") => Spent;
  readonly opened: (sessionId: string, tree: SessionTree) => void;
}

async function openWaveBudget(deps: CoordinatorDeps, { state, sessions }: Wave): Promise<WaveBudget> {
  const earlier = new Map<string, Spent>();
  for (const { sessionId } of sessions) earlier.set(sessionId, await spentEarlier(deps, sessionId));
  const concluded = state.sessions.filter(({ result }) => result !== null);
  const whole = spentTogether([{ slice: undefined, spent: spentByItem({ ...state, sessions: concluded.filter(({ slice }) => slice?.wave !== sessions[0]?.slice?.wave) }) }, ...partsOf(state, sessions, earlier)]);
  const left = remaining(budgetInPhase(deps.budget, state, "code"), whole);
  const openedAtMs = deps.clock.monotonicMs();
  const trees = new Map<string, SessionTree>();
  return {
    pool: openBudgetPool(limitsOf(left), deps.clock),
    msLeft: () => Math.max(0, left.ms - (deps.clock.monotonicMs() - openedAtMs)),
    opened: (sessionId, tree) => void trees.set(sessionId, tree),
    besides: (sessionId, underWay) => [...earlier].reduce((sum, [id, before]) => (id === sessionId ? sum : add(sum, trees.get(id)?.spent(underWay) ?? before)), spentByItem(state)),
  };
}

/** The wave's own sessions: those that are over, and what the open ones spent in earlier runs. */
function partsOf(state: ItemState, open: readonly ItemSession[], earlier: ReadonlyMap<string, Spent>) {
  const wave = open[0]?.slice?.wave;
  const over = state.sessions.filter(({ slice, result }) => result !== null && slice?.wave === wave && wave !== undefined);
  return [...over.map((session) => ({ slice: session.slice, spent: spentBySessions([session]) })), ...open.map(({ sessionId, slice }) => ({ slice, spent: earlier.get(sessionId) ?? nothingSpent }))];
}

async function runSlice(deps: CoordinatorDeps, { session, wave: { state }, budget }: { readonly session: ItemSession; readonly wave: Wave; readonly budget: WaveBudget }): Promise<SessionLeft> {
  const { sessionId, phase, slice } = session;
  const role = slice?.part === "merge" ? `conflict of ${slice.id}` : `slice ${slice?.id ?? ""}`;
  deps.onProgress({ kind: "helper", phase, role, sessionId, outcome: null });
  const left = await runSession({ ...deps, budget: budgetInPhase(deps.budget, state, phase) }, {
    scheduled: session,
    itemId: state.opening?.itemId ?? "",
    startFrom: session.from ?? null,
    baseTested: state.baseTested,
    // Those at work beside it are no prior work.
    prior: await readPriorWork(deps, { ...state, sessions: state.sessions.filter(({ result }) => result !== null) }, sessionId),
    spentBefore: (underWay) => budget.besides(sessionId, underWay),
    beside: { shared: budget, opened: (tree) => budget.opened(sessionId, tree) },
  });
  const ended = left.session.state();
  if (left.parked === null) deps.onProgress({ kind: "helper", phase, role, sessionId, outcome: ended.kind === "ended" ? ended.outcome : "failed" });
  return left;
}

type Integration = Extract<ItemEvent, { kind: "slice_integrated" | "slice_conflicted" }>;

/** Makes what a slice left part of the whole, or says where that cannot be. Touches no file of the workspace. */
export async function integrateSlice(deps: CoordinatorDeps, action: IntegrateSlice): Promise<Integration> {
  const { sliceId, sessionId, base, ours, theirs, resolves, left } = action;
  const of = { sliceId, sessionId, base, ours, theirs };
  const integrated = async (how: "nothing" | "fast-forward" | "merged" | "resolved", snapshot: SnapshotRef | null): Promise<Integration> => {
    const changed = snapshot === null ? null : await changedFiles(deps, snapshot);
    return { kind: "slice_integrated", data: { ...of, how, snapshot, ...(changed === null ? {} : { changed }) } };
  };
  if (resolves !== null) {
    const result = left ?? resolves.snapshot;
    const unresolved = await unresolvedFiles(deps, resolves, result);
    return unresolved.length === 0 ? integrated("resolved", result) : { kind: "slice_conflicted", data: { ...of, snapshot: result, conflicts: unresolved } };
  }
  if (theirs === null || theirs.tree === base?.tree) return integrated("nothing", ours);
  if (ours?.tree === base?.tree) return integrated("fast-forward", theirs);
  if (deps.workspace.slices === undefined) throw new TerminalError("The work was cut into slices, and here is no repository to merge them in.", "Run it where a clone of the repository is checked out.");
  const merged = await deps.workspace.slices.merge({ base, ours, theirs, name: sliceId }, { get: (sha256) => deps.journal.getBlob(sha256), put: (bytes) => deps.journal.putBlob(bytes) });
  if (!merged.ok) throw new TerminalError(merged.error.message, merged.error.fix);
  const { snapshot, conflicts } = merged.value;
  return conflicts.length === 0 ? integrated("merged", snapshot) : { kind: "slice_conflicted", data: { ...of, snapshot, conflicts: [...conflicts] } };
}
