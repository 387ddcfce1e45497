/** Runs a session that the pipeline scheduled, with everything that works for it. */
import { ownsFiles, type BaseTested, type ItemSession } from "../engine/pipeline/index.ts";
import type { SnapshotRef } from "../record/index.ts";
import type { Session, SessionInit } from "../session/index.ts";
import { TerminalError } from "../shared/errors.ts";
import type { CoordinatorDeps } from "./deps.ts";
import { driveSession } from "./drive.ts";
import type { PriorWork } from "./context/known.ts";
import { isStarted, lastSnapshot, restoreFiles, takeSeat } from "./seat.ts";
import { openTree } from "./session-tree.ts";
import type { Spent } from "./spent.ts";
import type { Left, SessionTree, SharedBudget } from "./tree.ts";

export interface SessionRun {
  readonly scheduled: ItemSession;
  readonly itemId: string;
  /** The files the session starts from; null for the base itself. */
  readonly startFrom: SnapshotRef | null;
  /** What came of the tests before the work. */
  readonly baseTested: BaseTested | null;
  /** What the agent is told of the item's earlier sessions. */
  readonly prior: PriorWork;
  /** What the item's other sessions have spent until now; requests of theirs that are under way as in `SessionTree.spent`. */
  readonly spentBefore: (underWay?: "counted" | "left-out") => Spent;
  /** Of sessions side by side: what they draw from together, and who is told of this one's tree. */
  readonly beside?: { readonly shared: SharedBudget; readonly opened: (tree: SessionTree) => void };
}

/** How a session was left: at its end, or in the middle, to be gone on with by a later run. */
export interface SessionLeft {
  readonly session: Session;
  /** Of the session and all that worked for it, in every run. */
  readonly spent: Spent;
  /** What it waits for; null when the session is over. */
  readonly parked: Left | null;
}

/** Lends a session agents until the session ends, or has to be left. */
export async function runSession(deps: CoordinatorDeps, run: SessionRun): Promise<SessionLeft> {
  const { sessionId, phase, round, goal } = run.scheduled;
  const { itemId, startFrom, baseTested, prior, spentBefore, beside } = run;
  const resumed = await isStarted(deps, sessionId);
  const tree = await openTree(deps, { rootId: sessionId, itemId, phase, task: goal, startFrom, baseTested, prior, spentBefore, shared: beside?.shared }, driveSession);
  beside?.opened(tree);
  const seat = await takeSeat(tree, { init: resumed ? null : initOf(deps, run), sessionId, depth: 0, startFrom: () => startFrom, signal: deps.signal });
  if (beside === undefined) deps.onProgress({ kind: "phase", phase, round, sessionId, resumed });
  // A session's git settings, scratch files or taken-over helper must not decide what the next one sees, a review least of all (attack 15).
  await deps.sandbox.renew();
  await restoreFiles(deps, seat.files());
  if (ownsFiles(run.scheduled) && startFrom !== null && lastSnapshot(seat.session.history()) === null) {
    const { base, tree: found, manifest, changedFiles } = startFrom;
    await seat.session.record({ kind: "workspace_saved", data: { base, tree: found, manifest, changedFiles } });
  }
  const parked = await driveSession(seat);
  return { session: seat.session, spent: tree.spent(), parked };
}

function initOf(deps: CoordinatorDeps, { scheduled, itemId }: SessionRun): SessionInit {
  const { sessionId, workflowId, phase, goal, context, allowedTools } = scheduled;
  const plan = deps.findPlan(workflowId);
  if (!plan.ok) throw new TerminalError(plan.error.message, plan.error.fix);
  const autonomy = plan.value.recommendedAutonomy === "full_auto_never_stop" ? plan.value.recommendedAutonomy : "full_auto_stop_on_user_deps";
  const { recommendedRiskPolicy: riskPolicy } = plan.value;
  return { sessionId, itemId, parentSessionId: null, phase, plan: plan.value, goal, context, autonomy, ...(riskPolicy === null ? {} : { riskPolicy }), ...(allowedTools === undefined ? {} : { allowedTools }) };
}
