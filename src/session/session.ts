/**
 * One session: the only door to the engine. Each command is decided on the state in memory, appended as one group, and
 * only then folded, so the state is never ahead of the log (I3). A step costs the step, never the history.
 */
import { z } from "zod";
import type { Journal } from "../journal/journal.ts";
import { type AgentEvent, type Blocker, type ContextSource, type EngineEvent, type Head, type Recorded, type SessionEvent, type SessionOutcome, sessionStream, type StepOutput, stepOutputSchema } from "../record/index.ts";
import { attemptLimit, decide, evolve, type GateKind, type GatherAnswer, type Gap, offer, type SessionCommand, type SessionRefusal, type SessionState, type StepOffer, valueProblem } from "../engine/session/index.ts";
import { type Refusal, TerminalError } from "../shared/errors.ts";
import type { Clock } from "../shared/ports.ts";
import type { Redact } from "../shared/redact.ts";
import { ok, type Result } from "../shared/result.ts";
import { unreachable } from "../shared/unreachable.ts";
import type { Plan } from "../workflow/index.ts";
import { asRecorded } from "./as-recorded.ts";
import { tail } from "./output-tail.ts";
import { pinnedPlan } from "./pinned-plan.ts";
import { type ChildAnswer, type Pending, pendingOf } from "./pending.ts";

const outputSchema = z.compile(stepOutputSchema);

/** What came of a verification command. */
export interface VerificationResult {
  /** Null when a signal or the time-out ended it. */
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  /** The end of its output; more than 8 KiB is cut from the front, and says so. */
  readonly outputTail: string;
  readonly durationMs: number;
  readonly sandbox: "bubblewrap" | "weak" | "none";
  /** Names of the tests that failed; absent where they are not known beyond doubt. */
  readonly failing?: string[];
  /** How it stands beside the same command on the base, where it was red as well. */
  readonly redBefore?: { readonly same: boolean | null; readonly fresh: string[] };
}

/** What a source of a context-gather step holds, or why it could not be read; no reason when it is just not there. */
export type ContextAnswer = { readonly value: string } | { readonly value: null; readonly reason: string | null };

export interface SessionDeps {
  readonly journal: Journal;
  readonly clock: Clock;
  /** Runs a step's verification command on the workspace. A throw leaves the request unanswered: it is made again when the session is opened. */
  readonly verify: (request: { readonly command: string }, signal?: AbortSignal) => Promise<VerificationResult>;
  /** Reads a source of a context-gather step. Absent: nothing is ever found. */
  readonly readContext?: (source: ContextSource, signal?: AbortSignal) => Promise<ContextAnswer>;
  /** The journal's own redaction, applied to what comes in, so that the state in memory is the one in the log. */
  readonly redact?: Redact;
}

export type ConflictRefusal = Refusal<"conflict" | "event-too-large">;
export type SubmitRefusal = SessionRefusal | ConflictRefusal;

export type SubmitResult =
  /** The offer is rendered when it is first read. */
  | { readonly kind: "step"; readonly offer: StepOffer }
  | { readonly kind: "blocked"; readonly blockers: readonly Blocker[]; readonly attemptsLeft: number }
  | { readonly kind: "gate"; readonly gate: GateKind; readonly question: string }
  /** The host has to do something first: run a verification (`resume`), or children (`finishChild`). */
  | { readonly kind: "waiting"; readonly pending: readonly Pending[] }
  | { readonly kind: "ended"; readonly outcome: SessionOutcome; readonly reason: Gap | null }
  /** Nothing was recorded but what came before it. */
  | { readonly kind: "refused"; readonly refusal: SubmitRefusal };

export interface Session {
  readonly id: string;
  readonly plan: Plan;
  state(): SessionState;
  /** The step that is out, or null. The first one after opening repeats what holds for the whole session. */
  offer(): StepOffer | null;
  /**
   * Goes on with what the session waits for: makes a verification again whose answer was lost with an earlier process.
   * To be called after opening, once the workspace is as the session left it; at rest it only says where the session stands.
   */
  resume(signal?: AbortSignal): Promise<SubmitResult>;
  /** Hands in the current step; runs its verification when it has one, unless that is left for `resume`. */
  submit(output: StepOutput, options?: SubmitOptions): Promise<SubmitResult>;
  /** Hands in how a child of a parallel step ended. */
  finishChild(answer: ChildAnswer): Promise<SubmitResult>;
  /** What the session waits for; empty when it waits for nobody but the agent or a gate. */
  pending(): readonly Pending[];
  /** The plan that a child of this workflow begins on; null when it was not kept. @throws TerminalError when the journal has lost it */
  childPlan(workflowId: string): Promise<Plan | null>;
  /** Goes back to where a node was offered; what is done from there makes a branch of its own. */
  rewind(nodeId: string): Promise<SubmitResult>;
  /** Marks where the session is, with a note for people. */
  checkpoint(note?: string): Promise<Result<{ readonly checkpointId: string; readonly nodeId: string | null }, SubmitRefusal>>;
  /** Where the session is now; nothing is run or recorded. */
  standing(): SubmitResult;
  resolveGate(answer: { readonly verdict: "approved" | "rejected"; readonly reason: string; readonly by: string }, options?: Omit<SubmitOptions, "signal">): Promise<SubmitResult>;
  /** Ends the session; nothing happens when it is already over. */
  stop(outcome: "failed" | "stopped", reason: { readonly code: string; readonly message: string }): Promise<void>;
  /** Appends what the agent did. @throws TerminalError when another writer has gone on with the session */
  record(event: AgentEvent): Promise<void>;
  /** The agent's events of this session, oldest first. */
  history(): readonly Recorded<AgentEvent>[];
  head(): Head;
}

export interface SubmitOptions {
  readonly nodeId?: string;
  readonly signal?: AbortSignal;
  /** What the host has to do then, a verification or looking for context: `later` leaves it to `resume`. */
  readonly hostWork?: "now" | "later";
}

export interface LiveState {
  readonly id: string;
  readonly plan: Plan;
  readonly state: SessionState;
  readonly head: Head | null;
  readonly history: readonly Recorded<AgentEvent>[];
}

/** The one implementation of `Session`; made by `createSession` and `openSession`. */
export class LiveSession implements Session {
  readonly id: string;
  readonly plan: Plan;
  #state: SessionState;
  #head: Head | null;
  readonly #history: Recorded<AgentEvent>[];
  readonly #deps: SessionDeps;
  /** Commands and records go one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #introduce: boolean;
  #offer: { readonly of: SessionState; readonly offer: StepOffer | null } | null = null;

  constructor(deps: SessionDeps, live: LiveState) {
    this.#deps = deps;
    this.id = live.id;
    this.plan = live.plan;
    this.#state = live.state;
    this.#head = live.head;
    this.#history = [...live.history];
    this.#introduce = true;
  }

  state(): SessionState {
    return this.#state;
  }

  offer(): StepOffer | null {
    return this.#offerOf(this.#state, this.#introduce);
  }

  #offerOf(state: SessionState, introduce: boolean): StepOffer | null {
    if (this.#offer?.of !== state) this.#offer = { of: state, offer: offer(this.plan, state, { introduce }) };
    return this.#offer.offer;
  }

  head(): Head {
    if (this.#head === null) throw new TerminalError(`The session ${this.id} has no events.`, "Report this: a session is only handed out once it has started.");
    return this.#head;
  }

  history(): readonly Recorded<AgentEvent>[] {
    return this.#history;
  }

  async resume(signal?: AbortSignal): Promise<SubmitResult> {
    return this.#run({ kind: "resume" }, signal);
  }

  async submit(output: StepOutput, options: SubmitOptions = {}): Promise<SubmitResult> {
    const problem = valueProblem(output);
    if (problem === "__proto__") return refused({ kind: "reserved-key", message: "The output holds the key __proto__.", fix: "Choose another key." });
    const parsed = problem === null ? outputSchema.safeParse(output) : null;
    if (parsed?.success !== true) return refused(malformed(problem ?? parsed?.error?.issues[0]?.message ?? "it is of another shape"));
    const { nodeId } = options;
    return this.#run({ kind: "submit", output: this.#asRecorded(parsed.data), ...(nodeId === undefined ? {} : { nodeId }) }, options.signal, options.hostWork);
  }

  async finishChild(answer: ChildAnswer): Promise<SubmitResult> {
    const problem = valueProblem(answer);
    if (problem !== null) return refused(malformed(problem));
    return this.#run({ kind: "finish-child", result: this.#asRecorded(answer) });
  }

  pending(): readonly Pending[] {
    return pendingOf(this.#state);
  }

  async childPlan(workflowId: string): Promise<Plan | null> {
    const kept = this.#state.kind === "new" ? {} : (this.#state.facts.start.childPlans ?? {});
    const sha256 = Object.hasOwn(kept, workflowId) ? kept[workflowId] : undefined;
    const blob = sha256 === undefined ? undefined : await this.#deps.journal.getBlob(sha256);
    if (blob === null) throw new TerminalError(`The plan of ${workflowId}, which the session ${this.id} has its children run, is not in the journal.`, "Restore the journal's blobs, or start the session again.");
    return blob === undefined ? null : pinnedPlan(blob);
  }

  async rewind(nodeId: string): Promise<SubmitResult> {
    return this.#run({ kind: "rewind", nodeId });
  }

  async checkpoint(note?: string): Promise<Result<{ readonly checkpointId: string; readonly nodeId: string | null }, SubmitRefusal>> {
    const done = await this.#command({ kind: "checkpoint", note: note === undefined ? null : this.#asRecorded(note) });
    if (!done.ok) return done;
    const made = done.value.find((event) => event.kind === "checkpoint_made");
    if (made === undefined) throw new TerminalError(`The session ${this.id} made no checkpoint.`, "Report this with the session's journal.");
    return ok({ checkpointId: made.data.checkpointId, nodeId: made.data.nodeId });
  }

  standing(): SubmitResult {
    return this.#standing(null);
  }

  async resolveGate(answer: { readonly verdict: "approved" | "rejected"; readonly reason: string; readonly by: string }, { nodeId, hostWork }: Omit<SubmitOptions, "signal"> = {}): Promise<SubmitResult> {
    return this.#run({ kind: "resolve-gate", ...this.#asRecorded(answer), ...(nodeId === undefined ? {} : { nodeId }) }, undefined, hostWork);
  }

  async stop(outcome: "failed" | "stopped", reason: { readonly code: string; readonly message: string }): Promise<void> {
    const done = await this.#command({ kind: "stop", outcome, reason: this.#asRecorded(reason) });
    if (!done.ok && done.error.kind !== "session-over") throw new TerminalError(done.error.message, done.error.fix);
  }

  async record(event: AgentEvent): Promise<void> {
    await this.#oneByOne(async () => {
      const appended = await this.#append([event]);
      if (!appended.ok) throw new TerminalError(appended.error.message, appended.error.fix);
      const at = new Date(this.#deps.clock.nowMs()).toISOString();
      this.#history.push({ ...event, stream: sessionStream(this.id), seq: appended.value.seq, epoch: this.#deps.journal.epoch, at });
    });
  }

  /** Decides, appends, folds. */
  #command(command: SessionCommand): Promise<Result<readonly EngineEvent[], SubmitRefusal>> {
    return this.#oneByOne(async () => {
      const decision = decide(this.plan, this.#state, command);
      if (!decision.ok || decision.value.length === 0) return decision;
      const appended = await this.#append(decision.value);
      if (!appended.ok) return appended;
      this.#state = decision.value.reduce(evolve, this.#state);
      return decision;
    });
  }

  /** Does what the session waits for and this host can do by itself. */
  async #answerPending(hostWork: "now" | "later", signal?: AbortSignal): Promise<Result<void, SubmitRefusal>> {
    for (;;) {
      const state = this.#state;
      let command: SessionCommand;
      if (state.kind === "waiting" && hostWork === "now") {
        const result = await this.#deps.verify({ command: state.request.command }, signal);
        // An aborted command says nothing about the work: the request stays open and is made again.
        signal?.throwIfAborted();
        command = { kind: "finish-verification", report: { requestId: state.request.requestId, ...this.#asRecorded({ ...result, outputTail: tail(result.outputTail) }) } };
      } else if (state.kind === "gathering" && hostWork === "now") {
        command = { kind: "finish-gather", requestId: state.request.requestId, ...this.#asRecorded(await this.#gather(state.request.sources, signal)) };
      } else return ok(undefined);
      const finished = await this.#command(command);
      if (!finished.ok) return finished;
    }
  }

  /** The first source that has something, and why those before it could not be read. */
  async #gather(sources: readonly ContextSource[], signal?: AbortSignal): Promise<GatherAnswer> {
    const missed: { source: string; reason: string }[] = [];
    for (const each of sources) {
      const source = each.kind === "local_path" ? each.path : each.url;
      const answer = (await this.#deps.readContext?.(each, signal)) ?? { value: null, reason: null };
      signal?.throwIfAborted();
      if (answer.value !== null) return { found: { source, value: answer.value }, missed };
      if (answer.reason !== null) missed.push({ source, reason: answer.reason });
    }
    return { found: null, missed };
  }

  async #run(command: SessionCommand, signal?: AbortSignal, hostWork: "now" | "later" = "now"): Promise<SubmitResult> {
    const before = this.#state;
    const decided = await this.#command(command);
    if (!decided.ok) return refused(decided.error);
    const answered = await this.#answerPending(hostWork, signal);
    if (!answered.ok) return refused(answered.error);
    const state = this.#state;
    if (state.kind === "step" && (before.kind === "new" || before.node?.id !== state.node.id)) this.#introduce = command.kind === "rewind";
    return this.#standing(before);
  }

  /** @param before the state a command found: what kept an earlier attempt from being done is news only to the one who made it */
  #standing(before: SessionState | null): SubmitResult {
    const state = this.#state;
    switch (state.kind) {
      case "step": {
        if (state.node.blockers.length > 0 && state !== before) return { kind: "blocked", blockers: state.node.blockers, attemptsLeft: attemptLimit(state.facts.start.autonomy) - state.node.attempts };
        const introduce = this.#introduce;
        const rendered = (): StepOffer => {
          const current = this.#offerOf(state, introduce);
          if (current === null) throw new TerminalError(`The session ${this.id} is at a step that its plan does not have.`, "Start the session again.");
          return current;
        };
        return {
          kind: "step",
          get offer() {
            return rendered();
          },
        };
      }
      case "gate":
        return { kind: "gate", gate: state.gate, question: state.question };
      case "waiting":
      case "delegating":
      case "gathering":
        return { kind: "waiting", pending: this.pending() };
      case "ended":
        return { kind: "ended", outcome: state.outcome, reason: state.reason };
      case "new":
      case "moving":
      case "judging":
        throw new TerminalError(`The session ${this.id} did not come to rest (${state.kind}).`, "Report this with the session's journal.");
      default:
        return unreachable(state);
    }
  }

  async #append(events: readonly SessionEvent[]): Promise<Result<Head, ConflictRefusal>> {
    const appended = await this.#deps.journal.append(sessionStream(this.id), this.#head, events);
    if (appended.ok) this.#head = appended.value;
    return appended;
  }

  #asRecorded<T>(value: T): T {
    return asRecorded(value, this.#deps.redact);
  }

  /** Runs tasks in the order they came; a failed one does not stop the next. */
  #oneByOne<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(task, task);
    this.#last = mine;
    return mine;
  }
}

const malformed = (why: string): SubmitRefusal => ({
  kind: "malformed-output",
  message: `The output is not {notes, artifacts, context}: ${why}.`,
  fix: "Send notes as text, artifacts as [{contractRef, value}] and context as a mapping of plain JSON.",
});
const refused = (refusal: SubmitRefusal): SubmitResult => ({ kind: "refused", refusal });
