/**
 * Sessions that work for another one: children of parallel steps, auditors, spawned agents.
 *
 * K1. The same child has the same session id after a restart: it is gone on with and never run twice.
 * K2. Sessions that only read work side by side on the one workspace; one that may change files works alone.
 * K3. What a session changed that did not complete is taken back: only completed work goes on (I7). What is saved for the parent
 *     is saved in the turn of who works next, never beside a writer: its half-done files would be the parent's.
 * K4. A child has no tool that its parent's step does not allow, and at most `MAX_LEVELS` levels stand below a scheduled session.
 */
import { childResult, couldNotStart, createChildInit, MAX_LEVELS, tooDeep, type ChildAnswer, type PendingChild, type Session, type SessionInit } from "../session/index.ts";
import type { Result } from "../shared/result.ts";
import { type Refusal, TerminalError } from "../shared/errors.ts";
import { eachAtMost } from "./file-turns.ts";
import { seesChange } from "./roles.ts";
import { changeOf, isStarted, lastSnapshot, restoreFiles, saveFiles, takeSeat } from "./seat.ts";
import { mayWrite } from "./tool-bounds.ts";
import type { Left, Seat } from "./tree.ts";

/** Children of one session at work at the same time; a parallel step may ask for fewer. */
const SIDE_BY_SIDE = 4;

/** Runs the children that a parallel step asked for until the last has answered. Null, or why the parent has to be left as well. */
export async function runChildren(seat: Seat): Promise<Left | null> {
  const { session } = seat;
  const state = session.state();
  if (state.kind !== "delegating") return null;
  let left: Left | null = null;
  let stopped = false;
  const pending = session.pending().filter((child) => child.kind === "child");
  await eachAtMost(pending, Math.min(state.request.maxParallel ?? SIDE_BY_SIDE, SIDE_BY_SIDE), async (child) => {
    if (stopped) return;
    const ran = await runDelegated(seat, child);
    if (!("left" in ran)) return handIn(session, ran);
    left ??= ran.left;
    // Who waits for a person keeps nobody else from working; a limit or an outage would stop the next one as well.
    stopped ||= ran.left.code !== "awaiting_approval";
  });
  return left;
}

async function runDelegated(seat: Seat, child: PendingChild): Promise<ChildAnswer | { readonly left: Left }> {
  const { id: childId, sessionId, workflowId, goal } = child;
  const init = (): Promise<Result<SessionInit, Refusal>> => createChildInit(seat.tree.deps.findPlan, seat.session, child);
  const ran = await runHelper(seat, { sessionId, init, role: "child", workflowId, goal, toolUseId: null, keepsFiles: true });
  if (ran.kind === "left") return { left: ran.left };
  return ran.kind === "refused" ? couldNotStart(childId, ran.refusal) : (childResult(ran.session.state(), childId) ?? couldNotStart(childId, NOT_OVER));
}

const NOT_OVER: Refusal = { kind: "not-over", message: "The session did not come to its end.", fix: "Please report this with the journal." };

/** An answer that the record cannot hold counts as a failure that says so. */
async function handIn(parent: Session, answer: ChildAnswer): Promise<void> {
  const taken = await parent.finishChild(answer);
  if (taken.kind !== "refused") return;
  const { message, fix } = taken.refusal;
  await parent.finishChild({ ...answer, outcome: "failed", summary: `Its result was not taken. ${message} ${fix}`, artifacts: [] });
}

export interface Helper {
  readonly sessionId: string;
  /** Asked for only when the session is to be started. */
  readonly init: () => Result<SessionInit, Refusal> | Promise<Result<SessionInit, Refusal>>;
  readonly role: string;
  readonly workflowId: string;
  readonly goal: string;
  readonly toolUseId: string | null;
  /** What it changed becomes the parent's when it completes; else it is taken back. */
  readonly keepsFiles: boolean;
}

export type HelperEnd =
  | { readonly kind: "over"; readonly session: Session }
  | { readonly kind: "left"; readonly left: Left; readonly session: Session }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Runs a session that works for this one to its end, in its turn at the files. */
export async function runHelper(parent: Seat, helper: Helper): Promise<HelperEnd> {
  const { tree, depth, signal } = parent;
  const { deps } = tree;
  const { sessionId, role, workflowId, goal, toolUseId } = helper;
  if (depth >= MAX_LEVELS) return { kind: "refused", refusal: tooDeep };
  const started = await isStarted(deps, sessionId);
  const init = started ? null : await helper.init();
  if (init !== null && !init.ok) return { kind: "refused", refusal: init.error };
  const known = parent.session.history().some((event) => event.kind === "child_started" && event.data.sessionId === sessionId);
  if (!known) await parent.session.record({ kind: "child_started", data: { sessionId, role, workflowId, goal, toolUseId } });
  const take = (start: SessionInit | null) => seated(() => takeSeat(tree, { init: start, sessionId, depth: depth + 1, startFrom: parent.files, signal }));
  const open = init === null ? await take(null) : null;
  if (open !== null && "refusal" in open) return { kind: "refused", refusal: open.refusal };
  const writes = init === null ? open?.writes === true : mayWrite(init.value.plan, init.value.allowedTools ?? null);
  return parent.turns.take(writes ? "alone" : "beside", async () => {
    signal.throwIfAborted();
    // What the parent changed so far is in its own log before anybody else can change more (K3).
    await saveFiles(parent);
    const seat = open ?? (await take(init === null ? null : await withChange(parent, init.value)));
    return "refusal" in seat ? { kind: "refused", refusal: seat.refusal } : atWork(parent, seat, helper);
  });
}

/** The change is told as it stands when the session's turn comes, not when it was asked for. */
async function withChange(parent: Seat, init: SessionInit): Promise<SessionInit> {
  return seesChange(init.role ?? null) ? { ...init, context: { ...init.context, change: await changeOf(parent) } } : init;
}

/** A start that the session's own rules refuse, a context over its limit say, is the asker's to mend. */
async function seated(take: () => Promise<Seat>): Promise<Seat | { readonly refusal: Refusal }> {
  try {
    return await take();
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    return { refusal: { kind: "cannot-start", message: error.message, fix: error.fix } };
  }
}

async function atWork(parent: Seat, seat: Seat, { role, keepsFiles }: Helper): Promise<HelperEnd> {
  const { session, tree } = seat;
  const { deps, run } = tree;
  deps.onProgress({ kind: "helper", phase: run.phase, role, sessionId: session.id, outcome: null });
  const own = lastSnapshot(session.history());
  // Since it was seated others may have worked; it begins with the files as they are, or where it was left.
  if (seat.writes && own !== null && session.state().kind !== "ended") await restoreFiles(deps, own);
  let left: Left | null | "threw" = "threw";
  try {
    left = await tree.drive(seat);
    if (left !== null) return { kind: "left", left, session };
  } finally {
    // Others may work before it goes on, with the files of its own log; once all is cut off nobody does.
    if (left !== null && seat.writes && !parent.signal.aborted) await takeOver(parent, seat, false);
  }
  const state = session.state();
  const outcome = state.kind === "ended" ? state.outcome : "failed";
  if (seat.writes) await takeOver(parent, seat, keepsFiles && outcome === "completed");
  deps.onProgress({ kind: "helper", phase: run.phase, role, sessionId: session.id, outcome });
  return { kind: "over", session };
}

/** Makes the files of a session the parent's, or takes what it changed back (K3). */
async function takeOver(parent: Seat, { session, tree: { deps } }: Seat, keep: boolean): Promise<void> {
  const changed = keep ? lastSnapshot(session.history()) : null;
  await restoreFiles(deps, changed ?? parent.files());
  if (changed === null || parent.files()?.tree === changed.tree) return;
  const { base, tree, manifest, changedFiles } = changed;
  await parent.session.record({ kind: "workspace_saved", data: { base, tree, manifest, changedFiles } });
}
