/**
 * Drives one work item: asks the pipeline what is next, runs it, writes down what came of it, until there is nothing left.
 *
 * I3. What happens next is decided from the fold of the item's stream alone; a run that starts on a restored journal goes on
 *     where the stream ends.
 * I5. The budget is the item's: what earlier sessions and runs spent is counted from the log.
 */
import { endingOfParked, fixOf, foldItem, hasReopened, isEscalated, isOver, keepsFiles, lookBack, next, questionGate, retryFrom, type ItemAction, type ItemSession, type ItemState, type Question } from "../engine/pipeline/index.ts";
import { boundGate } from "../record/proposal-gate.ts";
import { itemStream, type EndingCode, type Head, type ItemEvent, type Phase, type Reason } from "../record/index.ts";
import { artifactsOf, conclusionOf } from "../engine/session/index.ts";
import { TerminalError, TimeUpError } from "../shared/errors.ts";
import type { JsonObject } from "../shared/json.ts";
import type { CoordinatorDeps, Estimate } from "./deps.ts";
import { readPriorWork } from "./context/index.ts";
import { changedFiles } from "./changed-files.ts";
import { estimateItem } from "./estimate.ts";
import { itemEvents } from "./item-events.ts";
import { answeredEvent } from "./answer-item.ts";
import { lookAround, waitsFor } from "./look-around.ts";
import { revealHidden } from "../shared/hidden.ts";
import { runSession, type SessionLeft } from "./run-session.ts";
import { openFileTurns } from "./file-turns.ts";
import { briefly, scheduledLookBack, settleLookBack } from "./retrospect.ts";
import { runForItem } from "./host-checks.ts";
import { lastSnapshot } from "./seat.ts";
import { spentBy } from "../agent/index.ts";
import { integrateSlice, runSlices } from "./slices.ts";
import { unresolvedFiles } from "./unresolved.ts";
import { add, budgetInPhase, nothingSpent, spentByItem, type Spent } from "./spent.ts";

export type OpenItem = Extract<ItemEvent, { kind: "item_opened" }>["data"];
export type OpenRun = Extract<ItemEvent, { kind: "run_opened" }>["data"];

/** How the run left the item. What is parked (cancelled, out of budget, no model to be had) stays open: a later run goes on. */
export interface ItemResult {
  readonly ending: EndingCode;
  readonly reason: Reason | null;
  readonly state: ItemState;
  /** Of the item so far, a session that was left in the middle included. */
  readonly spent: Spent;
  /** What the item was expected to cost before its first session; null where that could not be said. */
  readonly estimate: Estimate | null;
}

/** Runs the item to its end, or until it has to be left. Throws TerminalError or RetryableError when the journal or a save fails. */
export async function runItem(deps: CoordinatorDeps, item: OpenItem, run: OpenRun): Promise<ItemResult> {
  const log = await openItemLog(deps, item);
  const estimate = estimateOnce(deps, log.state());
  await log.append({ kind: "run_opened", data: { ...run, ...(estimate === null ? {} : { estimate }) } });
  const again = hasReopened(log.events(), run.key) ? null : reopened(deps, log.state());
  if (again !== null) await log.append(again);
  return { ...(await untilOver(deps, log)), estimate: log.estimate() };
}

/** What it goes on with that had ended; one at most: there is nothing to try again of a follow-up that has not begun. */
function reopened({ followUp, retry }: Pick<CoordinatorDeps, "followUp" | "retry">, state: ItemState): ItemEvent | null {
  if (followUp !== undefined && isOver(state)) return { kind: "item_followed_up", data: followUp };
  if (retry === undefined) return null;
  const { phase, by } = retry;
  return { kind: "item_retried", data: { sessionId: retryFrom(state, phase ?? undefined)?.sessionId ?? null, phase, by } };
}

type Over = Omit<ItemResult, "estimate">;

async function untilOver(deps: CoordinatorDeps, log: ItemLog): Promise<Over> {
  let looked = false;
  for (;;) {
    const action = next(log.state());
    switch (action.kind) {
      case "look":
        if (looked && action.missing.length > 0) return leaveOpen(deps, log.state(), { ...waitsFor(action.missing, deps), phase: "classify", step: "waits" });
        looked = true;
        await log.append({ kind: "intake_checked", data: await lookAround(deps, log.state(), action) });
        break;
      case "run-session":
        await log.append({ kind: "session_scheduled", data: await schedule(deps, log.state(), action) });
        break;
      case "resume-session": {
        const left = await runAndConclude(deps, log, action.session);
        if (left.parked !== null) return park(deps, log.state(), { phase: action.session.phase, spent: left.spent, parked: left.parked });
        break;
      }
      case "resume-slices": {
        const left = await runSlices(deps, { state: log.state(), sessions: action.sessions, conclude: (session, ran) => conclude(deps, log, session, ran) });
        const [parked] = left.flatMap((each) => each.parked ?? []);
        if (parked !== undefined) return park(deps, log.state(), { phase: "code", spent: left.reduce((sum, { spent }) => add(sum, spent), nothingSpent), parked });
        break;
      }
      case "integrate-slice": {
        const event = await integrateSlice(deps, action);
        await log.append(event);
        deps.onProgress({ kind: "slice", sliceId: action.sliceId, how: event.kind === "slice_integrated" ? event.data.how : "conflict" });
        deps.saving?.soon({ phase: "code", step: "merge", costMilliUsd: Math.round(spentByItem(log.state()).costMicroUsd / 1000), ending: null });
        break;
      }
      case "choose-mode":
        await log.append({ kind: "mode_chosen", data: { mode: action.mode, why: [...action.why] } });
        deps.onProgress({ kind: "mode", mode: action.mode, why: action.why });
        break;
      case "test-base":
      case "check-finding": {
        deps.saving?.at({ phase: lastPhase(log.state()), step: action.kind, costMilliUsd: Math.round(spentByItem(log.state()).costMicroUsd / 1000), ending: null });
        const ran = await runForItem(deps, action);
        if (ran === null) return park(deps, log.state(), { phase: lastPhase(log.state()), spent: nothingSpent, parked: { code: "cancelled", message: "The run was cancelled." } });
        await log.append(ran);
        break;
      }
      case "check-merge":
        await log.append({ kind: "merge_checked", data: { tree: action.snapshot.tree, unresolved: await unresolvedFiles(deps, { ours: action.ours, theirs: null }, action.snapshot) } });
        break;
      case "ask": {
        const gate = boundGate(log.gate(action.about), action.proposal);
        const { answer } = deps;
        // The App reads from the artifact's name which gate an answer is for.
        if (answer?.gate !== gate) return leaveOpen(deps, log.state(), { ending: "awaiting-approval", reason: { code: "awaiting_approval", message: action.question, fix: action.fix }, phase: action.about === "interpretation" ? "classify" : action.about === "decomposition" ? "decompose" : lastPhase(log.state()), step: gate });
        await log.append(answeredEvent(action.about, { verdict: answer.verdict, by: answer.by, ...(answer.reason === "" ? {} : { reason: answer.reason }) }));
        break;
      }
      case "deliver":
        await log.append({ kind: "item_ended", data: { outcome: "deliver", ending: "ready", reason: null, snapshot: action.snapshot, ...escalation(log.state()) } });
        break;
      case "stop":
        await log.append({ kind: "item_ended", data: { outcome: "stopped", ending: action.ending, reason: action.reason, snapshot: null, ...escalation(log.state()) } });
        break;
      case "ended":
        await retrospect(deps, log);
        return end(deps, log.state());
    }
  }
}

const escalation = (state: ItemState) => (isEscalated(state) ? { escalated: true as const } : {});

/** Of the whole item, before its first session; null once there is one, since what is left of it is nobody's guess. */
function estimateOnce(deps: CoordinatorDeps, { opening, sessions }: ItemState): Estimate | null {
  const estimate = opening === null || sessions.length > 0 ? null : estimateItem(deps, opening);
  if (estimate !== null) deps.onProgress({ kind: "estimate", estimate });
  return estimate;
}

interface ItemLog {
  state(): ItemState;
  events(): readonly ItemEvent[];
  /** The name of a question about the item. */
  gate(about: Question): string;
  /** What the item's first run expected. */
  estimate(): Estimate | null;
  append(event: ItemEvent): Promise<void>;
}

async function openItemLog(deps: CoordinatorDeps, item: OpenItem): Promise<ItemLog> {
  const stream = itemStream(item.itemId);
  const events = await itemEvents(deps.journal, item.itemId);
  let head: Head | null = await deps.journal.head(stream);
  const oneByOne = openFileTurns();
  const log: ItemLog = {
    state: () => foldItem(events),
    events: () => events,
    gate: (about) => questionGate(about, events),
    estimate: () => events.flatMap((event) => (event.kind === "run_opened" ? (event.data.estimate ?? []) : []))[0] ?? null,
    // Sessions side by side come to their ends at the same time; each line goes behind the one before it.
    append: (event) =>
      oneByOne.take("alone", async () => {
        const appended = await deps.journal.append(stream, head, [event]);
        if (!appended.ok) throw new TerminalError(appended.error.message, appended.error.fix);
        head = appended.value;
        events.push(event);
      }),
  };
  if (head === null) await log.append({ kind: "item_opened", data: item });
  return log;
}

async function schedule(deps: CoordinatorDeps, state: ItemState, action: Extract<ItemAction, { kind: "run-session" }>) {
  const { phase, round, workflowId, allowedTools, why, slice } = action;
  const task = state.opening?.task ?? { title: "", body: "" };
  // More than one line: the template then fences it, so that no text of an issue speaks as the workflow's author (I8).
  const goal = revealHidden(`${task.title}\n\n${task.body}\n`);
  const id = Buffer.from(deps.random.bytes(8)).toString("hex");
  const context: JsonObject = { ...action.context };
  if (deps.commands.test !== null) context["commands"] = { test: deps.commands.test };
  if ((phase === "review" || phase === "audit") && state.snapshot !== null) context["change"] = revealHidden(await deps.workspace.describe(state.snapshot, (sha256) => deps.journal.getBlob(sha256), new Set(state.opening?.review?.since?.seen)));
  return { phase, round, sessionId: `${phase}-${round}-${id}`, workflowId, goal, context, ...(allowedTools === undefined ? {} : { allowedTools: [...allowedTools] }), ...(why === undefined ? {} : { why }), ...(slice === undefined ? {} : { slice }) };
}

async function runAndConclude(deps: CoordinatorDeps, log: ItemLog, scheduled: ItemSession): Promise<SessionLeft> {
  const state = log.state();
  const spentBefore = spentByItem(state);
  const ran = await runSession({ ...deps, budget: budgetInPhase(deps.budget, state, scheduled.phase) }, {
    scheduled,
    itemId: state.opening?.itemId ?? "",
    startFrom: state.snapshot,
    baseTested: state.baseTested,
    prior: await readPriorWork(deps, state, scheduled.sessionId),
    spentBefore: () => spentBefore,
  });
  const left = scheduled.phase === "retrospect" ? await settleLookBack(ran) : ran;
  if (left.parked === null) await conclude(deps, log, scheduled, left);
  return left;
}

/** Never worth the item: what goes wrong with it ends it, and the item ends as was decided. */
async function retrospect(deps: CoordinatorDeps, log: ItemLog): Promise<void> {
  const due = lookBack(log.state());
  if (due === null || deps.signal.aborted) return;
  deps.saving?.soon({ phase: lastPhase(log.state()), step: "decided", costMilliUsd: Math.round(spentByItem(log.state()).costMicroUsd / 1000), ending: null });
  try {
    await log.append({ kind: "session_scheduled", data: await schedule(deps, log.state(), due) });
    const scheduled = scheduledLookBack(log.state());
    if (scheduled !== undefined) await runAndConclude(briefly(deps), log, scheduled);
  } catch (error) {
    deps.onProgress({ kind: "left-out", what: "the retrospective", why: error instanceof Error ? error.message : String(error) });
  }
}

async function conclude(deps: CoordinatorDeps, log: ItemLog, scheduled: ItemSession, left: SessionLeft): Promise<void> {
  await log.append({ kind: "session_concluded", data: await conclusion(deps, scheduled, left) });
  const costMicroUsd = spentByItem(log.state()).costMicroUsd;
  deps.saving?.soon({ phase: scheduled.phase, step: "done", costMilliUsd: Math.round(costMicroUsd / 1000), ending: null });
}

async function conclusion(deps: CoordinatorDeps, scheduled: ItemSession, { session, spent }: SessionLeft): Promise<Extract<ItemEvent, { kind: "session_concluded" }>["data"]> {
  const { phase, round, sessionId } = scheduled;
  const { outcome, reason } = conclusionOf(session.state());
  const { usage } = spentBy(session.history());
  const { turns, costMicroUsd, unansweredMicroUsd, tokens, inputTokens, outputTokens, workedMs, toolMs } = spent;
  const snapshot = keepsFiles(phase) ? lastSnapshot(session.history()) : null;
  const changed = snapshot === null ? null : await changedFiles(deps, snapshot);
  return { phase, round, sessionId, outcome, reason, artifacts: artifactsOf(session.state()), head: session.head(), turns, usage, costMicroUsd, ...(unansweredMicroUsd === 0 ? {} : { unansweredMicroUsd }), tokens, inputTokens, outputTokens, workedMs, toolMs, snapshot, ...(changed === null ? {} : { changed }) };
}

interface Parking {
  readonly phase: Phase;
  readonly spent: Spent;
  readonly parked: NonNullable<SessionLeft["parked"]>;
}

async function park(deps: CoordinatorDeps, state: ItemState, { phase, spent: ofSession, parked: left }: Parking): Promise<Over> {
  const timeUp: unknown = deps.signal.reason;
  const parked = left.code === "cancelled" && timeUp instanceof TimeUpError ? { code: "time_limit", message: timeUp.message } : left;
  const ending = endingOfParked(parked.code);
  const spent = add(spentByItem(state), ofSession);
  // The App reads from the artifact's name which gate an answer is for.
  await deps.saving?.now({ phase, step: left.gate ?? "parked", costMilliUsd: Math.round(spent.costMicroUsd / 1000), ending });
  const limited = ending === "budget" && deps.budget.phases?.[phase] !== undefined ? ` The phase has limits of its own: budget.phases.${phase}.` : "";
  return { ending, reason: { code: parked.code, message: `${parked.message}${limited}`, fix: fixOf(parked.code) }, state, spent };
}

/** The item is left as it is until a person has answered, or what is missing is there; a run that comes sooner asks or looks again. */
async function leaveOpen(deps: CoordinatorDeps, state: ItemState, { ending, reason, phase, step }: { readonly ending: EndingCode; readonly reason: Reason; readonly phase: Phase; readonly step: string }): Promise<Over> {
  const spent = spentByItem(state);
  await deps.saving?.now({ phase, step, costMilliUsd: Math.round(spent.costMicroUsd / 1000), ending });
  return { ending, reason, state, spent };
}

const lastPhase = ({ sessions }: ItemState): Phase => sessions.at(-1)?.phase ?? "classify";

async function end(deps: CoordinatorDeps, state: ItemState): Promise<Over> {
  const ending = state.ended?.ending ?? "internal";
  // `ready` in a name: there is something to deliver. That sub-issues were made only the deliver job can say (I4).
  await deps.saving?.now({ phase: lastPhase(state), step: "end", costMilliUsd: Math.round(spentByItem(state).costMicroUsd / 1000), ending: ending === "decomposed" ? "ready" : ending });
  return { ending, reason: state.ended?.reason ?? null, state, spent: spentByItem(state) };
}

