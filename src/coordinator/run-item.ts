/**
 * Drives one work item: asks the pipeline what is next, runs it, writes down what came of it, until there is nothing left.
 *
 * I3. What happens next is decided from the fold of the item's stream alone; a run that starts on a restored journal goes on
 *     where the stream ends.
 * I5. The budget is the item's: what earlier sessions and runs spent is counted from the log.
 */
import { foldItem, next, type ItemAction, type ItemSession, type ItemState } from "../engine/pipeline/index.ts";
import { itemStream, type EndingCode, type Head, type ItemEvent, type Phase, type Reason, type Recorded, type RecordEvent, type SessionOutcome } from "../record/index.ts";
import { artifactsOf, type SessionState } from "../engine/session/index.ts";
import type { Session } from "../session/index.ts";
import { TerminalError } from "../shared/errors.ts";
import type { JsonObject } from "../shared/json.ts";
import type { CoordinatorDeps } from "./deps.ts";
import { revealHidden } from "./hidden.ts";
import { lastSnapshot, runSession } from "./run-session.ts";
import { add, nothingSpent, remaining, spentIn, type Spent } from "./spent.ts";

export type OpenItem = Extract<ItemEvent, { kind: "item_opened" }>["data"];
export type OpenRun = Extract<ItemEvent, { kind: "run_opened" }>["data"];

/** How the run left the item. `cancelled` leaves it open: a later run goes on. */
export interface ItemResult {
  readonly ending: EndingCode;
  readonly reason: Reason | null;
  readonly state: ItemState;
}

/** Runs the item to its end, or until it is cancelled. Throws TerminalError or RetryableError when the journal or a save fails. */
export async function runItem(deps: CoordinatorDeps, item: OpenItem, run: OpenRun): Promise<ItemResult> {
  const log = await openItemLog(deps, item);
  await log.append({ kind: "run_opened", data: run });
  const startedMs = deps.clock.monotonicMs();
  for (;;) {
    const action = next(log.state());
    switch (action.kind) {
      case "run-session":
        await log.append({ kind: "session_scheduled", data: await schedule(deps, log.state(), action) });
        break;
      case "resume-session": {
        const cancelled = await runAndConclude(deps, log, action.session, deps.clock.monotonicMs() - startedMs);
        if (cancelled) return cancel(deps, log.state(), action.session.phase);
        break;
      }
      case "deliver":
        await log.append({ kind: "item_ended", data: { outcome: "deliver", ending: "ready", reason: null, snapshot: action.snapshot } });
        break;
      case "stop":
        await log.append({ kind: "item_ended", data: { outcome: "stopped", ending: action.ending, reason: action.reason, snapshot: null } });
        break;
      case "ended":
        return end(deps, log.state());
    }
  }
}

interface ItemLog {
  state(): ItemState;
  append(event: ItemEvent): Promise<void>;
}

async function openItemLog(deps: CoordinatorDeps, item: OpenItem): Promise<ItemLog> {
  const stream = itemStream(item.itemId);
  const events: ItemEvent[] = (await deps.journal.read(stream)).filter(isItemEvent);
  let head: Head | null = await deps.journal.head(stream);
  const log: ItemLog = {
    state: () => foldItem(events),
    append: async (event) => {
      const appended = await deps.journal.append(stream, head, [event]);
      if (!appended.ok) throw new TerminalError(appended.error.message, appended.error.fix);
      head = appended.value;
      events.push(event);
    },
  };
  if (head === null) await log.append({ kind: "item_opened", data: item });
  return log;
}

const isItemEvent = (event: Recorded<RecordEvent>): event is Recorded<ItemEvent> => event.stream.startsWith("item/");

async function schedule(deps: CoordinatorDeps, state: ItemState, action: Extract<ItemAction, { kind: "run-session" }>) {
  const { phase, round, workflowId } = action;
  const task = state.opening?.task ?? { title: "", body: "" };
  // More than one line: the template then fences it, so that no text of an issue speaks as the workflow's author (I8).
  const goal = revealHidden(`${task.title}\n\n${task.body}\n`);
  const id = Buffer.from(deps.random.bytes(8)).toString("hex");
  const context: JsonObject = { ...action.context };
  if (deps.commands.test !== null) context["commands"] = { test: deps.commands.test };
  if (phase === "review" && state.snapshot !== null) context["change"] = revealHidden(await deps.workspace.describe(state.snapshot, (sha256) => deps.journal.getBlob(sha256)));
  return { phase, round, sessionId: `${phase}-${round}-${id}`, workflowId, goal, context };
}

async function runAndConclude(deps: CoordinatorDeps, log: ItemLog, scheduled: ItemSession, elapsedMs: number): Promise<boolean> {
  const state = log.state();
  const spentBefore = spentByItem(state);
  const { session, cancelled } = await runSession(deps, {
    scheduled,
    itemId: state.opening?.itemId ?? "",
    startFrom: state.snapshot,
    budget: remaining(deps.budget, spentBefore, elapsedMs),
    spentBefore,
  });
  if (cancelled) return true;
  await log.append({ kind: "session_concluded", data: conclusion(scheduled, session) });
  const costMicroUsd = spentByItem(log.state()).costMicroUsd;
  await deps.save?.({ phase: scheduled.phase, step: "done", costMilliUsd: Math.round(costMicroUsd / 1000), ending: null });
  return false;
}

function conclusion(scheduled: ItemSession, session: Session): Extract<ItemEvent, { kind: "session_concluded" }>["data"] {
  const { phase, round, sessionId } = scheduled;
  const { outcome, reason } = sessionEnd(session.state());
  const { turns, usage, costMicroUsd } = spentIn(session.history());
  const snapshot = phase === "code" || phase === "fix" ? lastSnapshot(session.history()) : null;
  return { phase, round, sessionId, outcome, reason, artifacts: artifactsOf(session.state()), head: session.head(), turns, usage, costMicroUsd, snapshot };
}

/** How a session ended; a step that ran out of attempts on its verification is told from one that lacked something else. */
function sessionEnd(state: SessionState): { readonly outcome: SessionOutcome; readonly reason: { readonly code: string; readonly message: string } | null } {
  if (state.kind !== "ended") return { outcome: "failed", reason: { code: "not-ended", message: `The session stands at "${state.kind}" without an agent.` } };
  const verification = state.outcome === "blocked" ? state.node?.blockers.find((blocker) => blocker.code === "verification-failed") : undefined;
  const reason = verification === undefined ? state.reason : { code: verification.code, message: verification.message };
  return { outcome: state.outcome, reason };
}

/** Everything the item's concluded sessions spent, in every run. */
export const spentByItem = (state: ItemState): Spent =>
  state.sessions.reduce((sum, session) => (session.result === null ? sum : add(sum, session.result)), nothingSpent);

async function cancel(deps: CoordinatorDeps, state: ItemState, phase: Phase): Promise<ItemResult> {
  const reason = { code: "cancelled", message: "The run was cancelled.", fix: "Label the issue again: the work goes on from what was saved." };
  await deps.save?.({ phase, step: "cancelled", costMilliUsd: Math.round(spentByItem(state).costMicroUsd / 1000), ending: "cancelled" });
  return { ending: "cancelled", reason, state };
}

async function end(deps: CoordinatorDeps, state: ItemState): Promise<ItemResult> {
  const ending = state.ended?.ending ?? "internal";
  const phase = state.sessions.at(-1)?.phase ?? "classify";
  await deps.save?.({ phase, step: "end", costMilliUsd: Math.round(spentByItem(state).costMicroUsd / 1000), ending });
  return { ending, reason: state.ended?.reason ?? null, state };
}

