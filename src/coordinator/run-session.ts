import { runAgent, spentBy, workspaceTools, type AgentEnd } from "../agent/index.ts";
import type { ItemSession } from "../engine/pipeline/index.ts";
import type { StepOffer } from "../engine/session/index.ts";
import { sessionStream, type AgentEndCode, type AgentEvent, type Recorded, type SnapshotRef } from "../record/index.ts";
import { createSession, openSession, type Session } from "../session/index.ts";
import { TerminalError } from "../shared/errors.ts";
import { completeStepTool, type SubmissionHooks } from "./complete-step.ts";
import type { CoordinatorDeps, ItemBudget } from "./deps.ts";
import { composePrompt, promptTexts, reminder, type PriorWork } from "./prompt/index.ts";
import { add, type Spent } from "./spent.ts";

/** Work is saved at the latest this long after the last save, at the next turn's end (design: at least every minute of work). */
const SAVE_AT_LEAST_EVERY_MS = 60_000;

export interface SessionRun {
  readonly scheduled: ItemSession;
  readonly itemId: string;
  /** The files the session starts from; null for the base itself. */
  readonly startFrom: SnapshotRef | null;
  /** What this session may spend, its own earlier turns included. */
  readonly budget: ItemBudget;
  /** What the agent is told of the item's earlier sessions. */
  readonly prior: PriorWork;
  /** What the item's earlier sessions spent, for display and artifact names. */
  readonly spentBefore: Spent;
}

/** How the agent left a session: at its end, or in the middle, to be gone on with by a later run. */
export interface SessionLeft {
  readonly session: Session;
  /** What it waits for; null when the session is over. */
  readonly parked: { readonly code: ParkedCode; readonly message: string } | null;
}

/** Ends of the agent that say nothing of the task: with a higher limit or at a better time the same session goes on. */
const PARKED = ["cancelled", "budget_turns", "budget_tokens", "budget_cost", "budget_time", "budget_tool_time", "model_unavailable", "stalled", "model_rejected", "model_spend_limit"] as const;
export type ParkedCode = (typeof PARKED)[number];
const isParked = (code: AgentEndCode): code is ParkedCode => PARKED.some((parked) => parked === code);

/** Lends a session an agent until the session ends, or the agent has to leave it. */
export async function runSession(deps: CoordinatorDeps, run: SessionRun): Promise<SessionLeft> {
  const { session, resumed } = await openOrCreate(deps, run);
  const { phase, round, sessionId } = run.scheduled;
  deps.onProgress({ kind: "phase", phase, round, sessionId, resumed });
  // A session's git settings, scratch files or taken-over helper must not decide what the next one sees, a review least of all (attack 15).
  await deps.sandbox.renew();
  await restoreWorkspace(deps, lastSnapshot(session.history()) ?? run.startFrom);
  if (resumed || session.offer() === null) await session.resume(deps.signal);
  if (deps.signal.aborted) return { session, parked: { code: "cancelled", message: "The run was cancelled." } };
  if (session.offer() === null) return { session, parked: null };
  const watch = watchSession(deps, run, session);
  watch.step();
  const end = await converse(deps, run, session, watch);
  if (session.offer() !== null && isParked(end.code)) return { session, parked: { code: end.code, message: end.message } };
  if (session.offer() !== null) await session.stop("stopped", { code: end.code, message: end.message });
  return { session, parked: null };
}

async function openOrCreate(deps: CoordinatorDeps, run: SessionRun): Promise<{ session: Session; resumed: boolean }> {
  const { sessionId, workflowId, phase, goal, context } = run.scheduled;
  let session: Session | null = null;
  const filesNow = (): SnapshotRef | null => lastSnapshot(session?.history() ?? []) ?? run.startFrom;
  const sessionDeps = { journal: deps.journal, clock: deps.clock, verify: verifyWith(deps, filesNow), redact: deps.redact };
  if ((await deps.journal.head(sessionStream(sessionId))) !== null) {
    session = await openSession(sessionDeps, sessionId);
    return { session, resumed: true };
  }
  const plan = deps.plans.get(workflowId);
  if (plan === undefined) throw new TerminalError(`There is no workflow ${workflowId}.`, `Known workflows: ${[...deps.plans.keys()].join(", ")}.`);
  const init = { sessionId, itemId: run.itemId, parentSessionId: null, phase, plan, goal, context, autonomy: "full_auto_stop_on_user_deps" as const };
  session = await createSession(sessionDeps, init);
  return { session, resumed: false };
}

/** A verification may take this long: past it the command counts as failed. */
const VERIFICATION_TIMEOUT_MS = 15 * 60_000;
const VERIFICATION_OUTPUT_BYTES = 8 * 1024;

/** @param filesNow the files as last saved: what the command leaves behind is no part of the change, so they are put back */
const verifyWith = (deps: CoordinatorDeps, filesNow: () => SnapshotRef | null) => async (request: { readonly command: string }) => {
  const result = await deps.sandbox.runCommand({ command: request.command, timeoutMs: VERIFICATION_TIMEOUT_MS, maxOutputBytes: VERIFICATION_OUTPUT_BYTES }, deps.signal);
  // A command that was cut off says nothing of the change: thrown, the request stays unanswered and is made again.
  deps.signal.throwIfAborted();
  await restoreWorkspace(deps, filesNow());
  return { ...result, sandbox: deps.sandbox.mode };
};

async function restoreWorkspace(deps: CoordinatorDeps, snapshot: SnapshotRef | null): Promise<void> {
  const restored = await deps.workspace.restore(snapshot, (sha256) => deps.journal.getBlob(sha256));
  if (!restored.ok) throw new TerminalError(restored.error.message, restored.error.fix);
}

/** The newest saved state of the files in a session's history; null if it changed nothing. */
export function lastSnapshot(history: readonly Recorded<AgentEvent>[]): SnapshotRef | null {
  const saved = history.findLast((event) => event.kind === "workspace_saved");
  return saved?.kind === "workspace_saved" ? saved.data : null;
}

interface Watch extends SubmissionHooks {
  step(): void;
  afterTools(): Promise<void>;
}

/** Saves at boundaries and tells the outside how the session goes. */
function watchSession(deps: CoordinatorDeps, run: SessionRun, session: Session): Watch {
  const { phase } = run.scheduled;
  let step = session.offer()?.stepId ?? "start";
  let savedAtMs = deps.clock.monotonicMs();
  const recordReached = async () => {
    const hosts = [...deps.sandbox.takeReached()];
    if (hosts.length > 0) await session.record({ kind: "network_reached", data: { hosts } });
  };
  const saveFiles = async () => {
    const saved = await deps.workspace.save((bytes) => deps.journal.putBlob(bytes));
    if (saved !== null) await session.record({ kind: "workspace_saved", data: saved });
    await recordReached();
  };
  const save = async () => {
    savedAtMs = deps.clock.monotonicMs();
    const { costMicroUsd } = add(run.spentBefore, spentBy(session.history()));
    await deps.save?.({ phase, step, costMilliUsd: Math.round(costMicroUsd / 1000), ending: null });
  };
  return {
    step: () => {
      const offer = session.offer();
      if (offer === null) return;
      step = offer.stepId;
      deps.onProgress({ kind: "step", phase, step, title: offer.title });
    },
    // The files are in the log before a verification of them is: a run lost in between resumes on the files it verified.
    before: saveFiles,
    async after(result) {
      if (result.kind === "blocked") deps.onProgress({ kind: "blocked", phase, step, messages: result.blockers.map((blocker) => blocker.message) });
      if (result.kind !== "step" && result.kind !== "ended" && result.kind !== "gate") return;
      await recordReached();
      await save();
      this.step();
    },
    async afterTools() {
      if (session.offer() === null) return;
      await saveFiles();
      if (deps.clock.monotonicMs() - savedAtMs >= SAVE_AT_LEAST_EVERY_MS) await save();
    },
  };
}

async function converse(deps: CoordinatorDeps, run: SessionRun, session: Session, watch: Watch): Promise<AgentEnd> {
  const { phase } = run.scheduled;
  const offer = session.offer();
  if (offer === null) throw new TerminalError("A session without a step to work on was given an agent.", "Please report this with the journal.");
  const promptFor = (now: StepOffer) => composePrompt({ plan: session.plan, offer: now, phase, rules: deps.rules, prior: run.prior });
  const prompt = promptFor(offer);
  deps.onProgress({ kind: "prompt", phase, prompt });
  const texts = promptTexts(prompt);
  const step = () => session.offer()?.stepId ?? "end";
  return runAgent({
    endpoint: deps.model.endpoint,
    model: deps.model.name,
    system: texts.system,
    firstMessage: texts.opening,
    steers: async () => (await deps.steers?.(run.scheduled.sessionId)) ?? [],
    reopening: () => promptTexts(promptFor(session.offer() ?? offer)).opening,
    tools: [...workspaceTools(deps.sandbox), completeStepTool(session, watch)],
    mayUse: (name) => refusedTool(session, name),
    budget: { maxTurns: run.budget.turns, maxTokens: run.budget.tokens, maxCostMicroUsd: run.budget.costMicroUsd, maxMs: run.budget.ms },
    log: { record: (event) => session.record(event), putBlob: (bytes) => deps.journal.putBlob(bytes) },
    history: session.history(),
    clock: deps.clock,
    random: deps.random,
    signal: deps.signal,
    reminder: () => reminder(session.offer()),
    afterTools: () => watch.afterTools(),
    workspaceTree: () => lastSnapshot(session.history())?.tree ?? null,
    onProgress: (progress) => {
      if (progress.tool !== undefined) deps.onProgress({ kind: "tool", phase, step: step(), tool: progress.tool });
      else if (progress.wait !== undefined) deps.onProgress({ kind: "wait", phase, step: step(), ...progress.wait });
      else showTurn(deps, run, session);
    },
  });
}

function showTurn(deps: CoordinatorDeps, run: SessionRun, session: Session): void {
  const { turns, tokens, costMicroUsd } = add(run.spentBefore, spentBy(session.history()));
  deps.onProgress({
    kind: "turn",
    phase: run.scheduled.phase,
    step: session.offer()?.stepId ?? "end",
    turns,
    tokens,
    costMicroUsd,
  });
}

function refusedTool(session: Session, name: string): string | null {
  const offer = session.offer();
  if (offer === null || offer.allowedTools === null || name === "complete_step" || offer.allowedTools.includes(name)) return null;
  return `The step "${offer.title}" allows only: ${[...offer.allowedTools, "complete_step"].join(", ")}.`;
}

