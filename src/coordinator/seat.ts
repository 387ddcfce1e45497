/** Opens a session for work, runs its commands, and keeps its files. */
import { childPlansOf, createSession, foundBy, openSession, type Session, type SessionDeps, type SessionInit, OUTPUT_TAIL_BYTES } from "../session/index.ts";
import { sessionStream, type AgentEvent, type Recorded, type SnapshotRef } from "../record/index.ts";
import { TerminalError } from "../shared/errors.ts";
import { besideBase, isRed } from "../engine/pipeline/index.ts";
import { expectedDuration, timeoutFor } from "../shared/prediction.ts";
import { failingTests } from "./failing-tests.ts";
import type { CoordinatorDeps } from "./deps.ts";
import { openFileTurns } from "./file-turns.ts";
import { revealHidden } from "../shared/hidden.ts";
import { readContextOf } from "./read-context.ts";

import { mayWrite } from "./tool-bounds.ts";
import type { Seat, SessionTree } from "./tree.ts";

export interface SeatOptions {
  /** Null: the session is in the journal already. */
  readonly init: SessionInit | null;
  readonly sessionId: string;
  readonly depth: number;
  /** The files it found, while it has saved none. */
  readonly startFrom: () => SnapshotRef | null;
  readonly signal: AbortSignal;
}

/** Opens a session of the tree, or starts it. */
export async function takeSeat(tree: SessionTree, { init, sessionId, depth, startFrom, signal }: SeatOptions): Promise<Seat> {
  const { deps } = tree;
  let seat: Seat | null = null;
  const sessionDeps: SessionDeps = {
    journal: deps.journal,
    clock: deps.clock,
    redact: deps.redact,
    verify: (request, aborted = signal) => (seat === null ? Promise.reject(new TerminalError("A command was to be run before its session was open.", "Please report this with the journal.")) : verify(seat, request.command, aborted)),
    readContext: readContextOf(deps, tree.run, () => seat?.files() ?? startFrom()),
  };
  const session = init === null ? await openSession(sessionDeps, sessionId) : await createSession(sessionDeps, { ...init, childPlans: init.childPlans ?? (await childPlansOf(init.plan, (id) => foundBy(deps.findPlan, id))) });
  tree.open.set(sessionId, session);
  const bound = boundOf(session);
  seat = { tree, session, depth, writes: mayWrite(session.plan, bound), turns: openFileTurns(), signal, files: () => lastSnapshot(session.history()) ?? startFrom() };
  return seat;
}

export const isStarted = async ({ journal }: CoordinatorDeps, sessionId: string): Promise<boolean> => (await journal.head(sessionStream(sessionId))) !== null;

const startOf = (session: Session) => {
  const state = session.state();
  return state.kind === "new" ? null : state.facts.start;
};

/** Tools that the session as a whole may use; null is all. */
export const boundOf = (session: Session): readonly string[] | null => startOf(session)?.allowedTools ?? null;

export const roleOf = (session: Session): string | null => startOf(session)?.role ?? null;

/** A verification may take this long: past it the command counts as failed. One that is known to take longer gets more, up to an hour. */
export const VERIFICATION_TIMEOUT = { leastMs: 15 * 60_000, mostMs: 60 * 60_000 };
/** What a shell gives for a command it cannot run (POSIX). */
const CANNOT_RUN = 126;

async function verify(seat: Seat, command: string, signal: AbortSignal): ReturnType<SessionDeps["verify"]> {
  const { deps } = seat.tree;
  const bound = boundOf(seat.session);
  const judges = roleOf(seat.session) !== null || seat.tree.run.phase === "review";
  if (judges && bound !== null && !bound.includes("bash")) {
    // Its context came from a model that may run no command: a placeholder in the command must not let it. A review executes nothing at all.
    return { exitCode: CANNOT_RUN, timedOut: false, outputTail: `Nothing was run: the session may use only ${bound.join(", ")}, so no command is run for it.`, durationMs: 0, sandbox: "none" };
  }
  const base = seat.tree.run.baseTested;
  // All of the output only where it has to be compared: names of failures are read from the whole or not at all.
  const compares = base?.command === command && base.result !== null && isRed(base.result);
  const result = await deps.sandbox.runCommand({ command, timeoutMs: timeoutOf(deps, command), maxOutputBytes: compares ? WHOLE_OUTPUT_BYTES : OUTPUT_TAIL_BYTES }, signal);
  // A command that was cut off says nothing of the change: thrown, the request stays unanswered and is made again.
  signal.throwIfAborted();
  // What the command leaves behind is no part of the change.
  await restoreFiles(deps, seat.files());
  const failing = compares && isRed(result) ? failingTests(result.outputTail) : null;
  const names = failing === null ? {} : { failing: failing.map(deps.redact) };
  const redBefore = besideBase(base, { ...result, command, ...names });
  return { ...result, sandbox: deps.sandbox.mode, ...names, ...(redBefore === null ? {} : { redBefore }) };
}

/** The most that a command's output is kept of; a longer one is cut, and then no names are read from it. */
export const WHOLE_OUTPUT_BYTES = 1024 * 1024;

export const timeoutOf = ({ pastVerifications }: CoordinatorDeps, command: string): number => timeoutFor(expectedDuration(pastVerifications?.(command) ?? []), VERIFICATION_TIMEOUT);

export async function restoreFiles(deps: CoordinatorDeps, snapshot: SnapshotRef | null): Promise<void> {
  const restored = await deps.workspace.restore(snapshot, (sha256) => deps.journal.getBlob(sha256));
  if (!restored.ok) throw new TerminalError(restored.error.message, restored.error.fix);
}

/** Puts what changed and what was reached since into the log. A session that only reads leaves that to whoever wrote. */
export async function saveFiles({ tree: { deps }, session, writes }: Seat): Promise<void> {
  if (!writes) return;
  const saved = await deps.workspace.save((bytes) => deps.journal.putBlob(bytes));
  if (saved !== null) await session.record({ kind: "workspace_saved", data: saved });
  await recordReached(deps, session);
}

export async function recordReached({ sandbox }: CoordinatorDeps, session: Session): Promise<void> {
  const hosts = [...sandbox.takeReached()];
  if (hosts.length > 0) await session.record({ kind: "network_reached", data: { hosts } });
}

/** The newest saved state of the files in a session's history; null if it changed nothing. */
export function lastSnapshot(history: readonly Recorded<AgentEvent>[]): SnapshotRef | null {
  const saved = history.findLast((event) => event.kind === "workspace_saved");
  return saved?.kind === "workspace_saved" ? saved.data : null;
}

/** The change so far, for a reader who did not make it. Two lines at least, so that a template fences it (I8). */
export async function changeOf({ tree: { deps }, files }: Seat): Promise<string> {
  const snapshot = files();
  return snapshot === null ? "No file was changed.\n" : revealHidden(`${await deps.workspace.describe(snapshot, (sha256) => deps.journal.getBlob(sha256))}\n`);
}
