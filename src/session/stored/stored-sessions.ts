/**
 * Sessions in a data directory that a client drives from outside, by token. Everything the MCP server and the shell commands do
 * with a session goes through here.
 *
 * V1. One command on one session tree at a time; a verification under way is waited for up to `answerWithinMs`, not longer.
 * V2. A used token gets the answer that its first use got: nothing is submitted twice.
 * V3. A refusal changes nothing, and the session's token stays good.
 */
import { type Refusal, TerminalError } from "../../shared/errors.ts";
import type { Clock, FileSystem, Random } from "../../shared/ports.ts";
import type { Redact } from "../../shared/redact.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { JournalReplaced, openDirectoryReader } from "../../journal/index.ts";
import { type Autonomy, type RiskPolicy, sessionStream } from "../../record/index.ts";
import type { JsonObject } from "../../shared/json.ts";
import type { Plan } from "../../workflow/index.ts";
import { findNode, type SessionState, valueProblem } from "../../engine/session/index.ts";
import { childPlansOf } from "../child-plans.ts";
import { foundBy } from "../delegation.ts";
import type { Session, SubmitRefusal, SubmitResult } from "../session.ts";
import { answerOf, refusal } from "./answer-of.ts";
import type { Answer } from "./answer.ts";
import { type FindPlan, placeOf, tendChildren } from "./children.ts";
import { OpenTrees, type OpenTree, type ReadTask } from "./open-trees.ts";
import { hasCounted, isRewoundTo, recordedCheckpoint, recordedStanding } from "./recorded-answer.ts";
import { type SentOutput, stepOutput } from "./sent-output.ts";
import { rootOf, sessionFiles, type SessionCard, type SessionFiles } from "./session-files.ts";
import { createTokens, openTokenKey, type Place, type TokenKind, type TokenRefusal, type Tokens } from "./tokens.ts";
import type { Verify } from "./verifier.ts";

export interface StoredSessionsDeps {
  readonly dataDirectory: string;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  /** The verifier of a session's workspace. */
  readonly verifier: (workspacePath: string | null) => Verify;
  readonly findPlan: FindPlan;
  /** Reads the address a context-gather step finds in the task. Absent: none is read. */
  readonly readTask?: ReadTask;
  /** Keeps secrets out of what is written (I6). */
  readonly redact: Redact;
  /** How long a command may wait for a verification before it answers `waiting`; infinite for a shell. */
  readonly answerWithinMs: number;
}

export interface StartRequest {
  readonly plan: Plan;
  readonly goal: string;
  readonly context: JsonObject;
  readonly workspacePath: string | null;
  /** Folder of the workflow's file when it is started by path; its children may lie there. */
  readonly workflowFolder: string | null;
  /** Absent: what the workflow recommends, else `guided`. */
  readonly autonomy?: Autonomy | undefined;
  /** Absent: what the workflow recommends, else `balanced`. */
  readonly riskPolicy?: RiskPolicy | undefined;
}

export interface GateVerdict {
  readonly verdict: "approved" | "rejected";
  readonly reason: string;
  readonly by: string;
}

/** What is sent with a token. */
export type Input =
  /** Where the session stands now, with what holds for the whole of it: for a client that comes to it anew. */
  | { readonly kind: "rehydrate" }
  /** What came of the command that was sent with the token, or where the session stands. */
  | { readonly kind: "await" }
  | { readonly kind: "submit"; readonly output: SentOutput }
  | { readonly kind: "gate"; readonly answer: GateVerdict };

/** A session named by a token, or by its id: then its current place is meant. */
export type Address = { readonly token: string } | { readonly sessionId: string };
export type CheckpointAddress = { readonly checkpointToken: string } | { readonly sessionId: string };

type Begun =
  | { readonly answer: Answer }
  /** `mine`: the answer is what this work comes to; else it is only in the way. */
  | { readonly answer: null; readonly tree: OpenTree; readonly sessionId: string; readonly work: Promise<SubmitResult | void>; readonly mine: boolean };

type NoSession = Refusal<"no-such-session">;
interface Found {
  readonly tree: OpenTree;
  readonly session: Session;
  readonly place: Place | null;
}
/** A session at a point of its log. */
interface Stood {
  readonly session: Session;
  readonly state: SessionState;
  readonly seq: number;
  readonly introduce: boolean;
}

/** Times a command is tried while other processes take the journal over. */
const TURNS = 10;

const aboutOf = (address: Address | CheckpointAddress) => ({ sessionId: "sessionId" in address ? address.sessionId : "", workflowId: "" });

const checkpointsOf = (state: SessionState) => (state.kind === "new" ? [] : state.facts.checkpoints);
/** The node that a checkpoint marks; another name is a node's own. */
const nodeNamed = (state: SessionState, name: string): string => checkpointsOf(state).find(({ checkpointId }) => checkpointId === name)?.nodeId ?? name;

const parentOf = (state: SessionState): string | null => (state.kind === "new" ? null : state.facts.start.parentSessionId);

/** The answer of a session whose last checkpoint was asked for. */
function marked(answer: Answer, state: SessionState): Answer {
  const last = checkpointsOf(state).at(-1);
  return last === undefined ? answer : { ...answer, checkpoint: { id: last.checkpointId, nodeId: last.nodeId } };
}

export class StoredSessions {
  readonly #deps: StoredSessionsDeps;
  readonly #files: SessionFiles;
  readonly #trees: OpenTrees;
  #tokens: Tokens | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(deps: StoredSessionsDeps) {
    this.#deps = deps;
    this.#files = sessionFiles(deps.fs, deps.dataDirectory);
    this.#trees = new OpenTrees(deps, this.#files);
  }

  /** Starts a session and answers with its first step. */
  async start(request: StartRequest): Promise<Answer> {
    const { plan, goal, context, workspacePath, workflowFolder } = request;
    const { autonomy = plan.recommendedAutonomy ?? "guided", riskPolicy = plan.recommendedRiskPolicy ?? "balanced" } = request;
    const about = { sessionId: "", workflowId: plan.id };
    const problem = valueProblem({ goal, context });
    if (problem !== null) return refusal(about, { kind: problem === "__proto__" ? "reserved-key" : "malformed-context", message: `The context holds ${problem}.`, fix: "Give plain JSON with ordinary keys." });
    const begun = await this.#oneByOne(async () => {
      const startedAt = new Date(this.#deps.clock.nowMs()).toISOString();
      const sessionId = this.#newId();
      this.#files.write({ sessionId, workflowId: plan.id, goal: this.#deps.redact(goal), workspacePath, workflowFolder, startedAt });
      const places = { workspacePath, workflowFolder };
      const childPlans = await childPlansOf(plan, (id) => foundBy((workflowId) => this.#deps.findPlan(workflowId, places), id));
      const init = { sessionId, itemId: null, parentSessionId: null, phase: null, plan, childPlans, goal, context, autonomy, riskPolicy };
      const tree = await this.#trees.create(init, places);
      if (tree.ok) return this.#stands(tree.value, sessionId, true);
      this.#files.remove(sessionId);
      return refusal(about, tree.error);
    });
    // What the host does by itself, such as looking for context, is done before the client is told anything.
    const byItself = begun.status === "waiting" && begun.pending?.length === 0;
    return byItself ? this.go({ sessionId: begun.sessionId }, { kind: "await" }) : begun;
  }

  /** Does what the input says at the addressed place, and answers with where the session then stands. */
  go(address: Address, input: Input): Promise<Answer> {
    return this.#takingTurns(address, () => this.#go(address, input));
  }

  async #go(address: Address, input: Input): Promise<Answer> {
    for (;;) {
      const begun = await this.#oneByOne(() => this.#begin(address, input));
      if (begun.answer !== null) return begun.answer;
      const { tree, sessionId, work, mine } = begun;
      const result = await this.#within(work);
      if (mine && result !== null && typeof result === "object" && result.kind === "refused") return this.#refused(tree, sessionId, result.refusal);
      if (mine || result === null) return this.#oneByOne(() => this.#stands(tree, sessionId, false));
    }
  }

  /** Sessions whose goal, workflow or id holds every word of `query`, of one workspace or of all; newest first. */
  search(query: string, workspacePath: string | null): readonly SessionCard[] {
    const words = query.toLowerCase().split(/\s+/).filter((word) => word !== "");
    return this.#files
      .all()
      .filter((card) => workspacePath === null || card.workspacePath === workspacePath)
      .filter((card) => words.every((word) => `${card.goal} ${card.workflowId} ${card.sessionId}`.toLowerCase().includes(word)));
  }

  /** Sessions of a search that are not over, newest first. */
  async openSessions(query: string, workspacePath: string | null): Promise<readonly SessionCard[]> {
    const open: SessionCard[] = [];
    for (const card of this.search(query, workspacePath)) {
      const reader = await openDirectoryReader({ directory: this.#files.journalDirectory(card.sessionId), fs: this.#deps.fs });
      const log = await reader.read(sessionStream(card.sessionId));
      // A session gone back in after its end is open again; one without a log was never started.
      const last = log.findLast((event) => event.kind === "session_ended" || event.kind === "rewound");
      if (log.length > 0 && last?.kind !== "session_ended") open.push(card);
    }
    return open;
  }

  /** Marks where a session is, so that it can be rewound to; the same token again makes no second mark (V2). */
  checkpoint(address: CheckpointAddress, note?: string): Promise<Answer> {
    return this.#alone(address, async () => {
      const found = await this.#find(address, "checkpoint");
      if (!found.ok) return refusal(aboutOf(address), found.error);
      const { tree, session, place } = found.value;
      const recorded = place === null ? null : recordedCheckpoint(await tree.log(session.id), place);
      if (recorded !== null) return marked(await this.#answer(tree, { session, ...recorded, introduce: false }), recorded.state);
      const current = place === null ? null : placeOf(session).nodeId;
      if (place !== null && place.nodeId !== current) return this.#refused(tree, session.id, { kind: "step-over", message: `The token is for "${place.nodeId}", but the session is at "${current}".`, fix: "Send the last answer's checkpointToken; to go back to the place itself, send this token with intent rewind." });
      const made = await session.checkpoint(note);
      return made.ok ? marked(await this.#stands(tree, session.id, false), session.state()) : this.#refused(tree, session.id, made.error);
    });
  }

  /**
   * Goes back to where a node was offered: one named by its id or a checkpoint's, or the one that the token was given with. What came after it stays in the
   * log and is never seen by the new branch. The same call again, before anything was sent on that branch, makes no other (V2).
   */
  rewind(address: Address, named?: string): Promise<Answer> {
    return this.#alone(address, async () => {
      const found = await this.#find(address, "any");
      if (!found.ok) return refusal(aboutOf(address), found.error);
      const { tree, session, place } = found.value;
      const nodeId = nodeNamed(session.state(), named ?? place?.nodeId ?? "-");
      const parentId = parentOf(session.state());
      if (parentId !== null && hasCounted(await tree.log(parentId), session.id)) return this.#refused(tree, session.id, { kind: "session-over", message: `The session ${parentId} that started this one has counted what came of it, and goes on with that.`, fix: `Rewind ${parentId} to before its parallel step: that starts its children anew.` });
      if (findNode(session.state(), nodeId) !== null) await tree.abandon(session.id, new TerminalError(`The session ${session.id} was rewound to ${nodeId} meanwhile.`, "Go on with the token that the rewinding gave, or call resume_session."));
      if (isRewoundTo(await tree.log(session.id), nodeId)) return this.#stands(tree, session.id, true);
      const result = await session.rewind(nodeId);
      return result.kind === "refused" ? this.#refused(tree, session.id, result.refusal) : this.#stands(tree, session.id, true);
    });
  }

  /** Lets go of every journal; work under way is abandoned and made again by whoever opens the session next. */
  close(): Promise<void> {
    return this.#trees.close();
  }

  /** Answers at once, or starts the work that the answer needs; work that was already under way comes first (V1). */
  async #begin(address: Address, input: Input): Promise<Begun> {
    const found = await this.#find(address, input.kind === "rehydrate" ? "any" : "continue");
    if (!found.ok) return { answer: refusal(aboutOf(address), found.error) };
    const { tree, session, place } = found.value;
    const sessionId = session.id;
    const running = tree.running(sessionId);
    if (running !== null) return { answer: null, tree, sessionId, work: running, mine: false };
    await tendChildren(tree, session, this.#deps.findPlan);
    const recorded = place === null || input.kind === "rehydrate" || session.head().seq <= place.seq ? null : recordedStanding(session.plan, await tree.log(sessionId), place.seq);
    if (recorded !== null) return { answer: await this.#answer(tree, { session, ...recorded, introduce: false }) }; // V2
    const { kind } = session.state();
    if (kind === "waiting" || kind === "gathering") return { answer: null, tree, sessionId, work: tree.run(sessionId, (signal) => session.resume(signal)), mine: true };
    if (input.kind === "rehydrate" || input.kind === "await") return { answer: await this.#stands(tree, sessionId, input.kind === "rehydrate") };
    const nodeId = place === null || place.nodeId === "-" ? {} : { nodeId: place.nodeId };
    const work = tree.run(sessionId, (signal) => (input.kind === "submit" ? session.submit(stepOutput(input.output, session.offer()?.requires ?? []), { ...nodeId, signal }) : session.resolveGate(input.answer, nodeId)));
    return { answer: null, tree, sessionId, work, mine: true };
  }

  /** The answer of a session as it stands now, its children started. */
  async #stands(tree: OpenTree, sessionId: string, introduce: boolean): Promise<Answer> {
    const session = await tree.find(sessionId);
    if (session === null) return refusal({ sessionId, workflowId: "" }, this.#noSession(sessionId));
    if (tree.running(sessionId) === null) await tendChildren(tree, session, this.#deps.findPlan);
    return this.#answer(tree, { session, state: session.state(), seq: session.head().seq, introduce });
  }

  async #answer(tree: OpenTree, { session, state, seq, introduce }: Stood): Promise<Answer> {
    const children = state.kind === "delegating" ? await tendChildren(tree, session, this.#deps.findPlan) : [];
    return answerOf({ sessionId: session.id, plan: session.plan, state, seq, children }, this.tokens(), introduce);
  }

  async #refused(tree: OpenTree, sessionId: string, why: SubmitRefusal): Promise<Answer> {
    const { workflowId, continueToken } = await this.#stands(tree, sessionId, false);
    return refusal({ sessionId, workflowId, ...(continueToken === undefined ? {} : { continueToken }) }, why);
  }

  async #find(address: Address | CheckpointAddress, kind: TokenKind | "any"): Promise<Result<Found, TokenRefusal | NoSession>> {
    const place = "sessionId" in address ? ok(null) : this.tokens().read(kind, "token" in address ? address.token : address.checkpointToken);
    if (!place.ok) return place;
    const sessionId = "sessionId" in address ? address.sessionId : (place.value?.sessionId ?? "");
    const tree = await this.#trees.open(sessionId);
    const session = (await tree?.find(sessionId)) ?? null;
    return tree === null || session === null ? err(this.#noSession(sessionId)) : ok({ tree, session, place: place.value });
  }

  #noSession(sessionId: string): NoSession {
    return { kind: "no-such-session", message: `There is no session ${JSON.stringify(sessionId)} in ${this.#deps.dataDirectory}.`, fix: "Check the id, or start a session." };
  }

  /** Does a command again when another process took the journal over in the middle of it; what that one recorded is not done twice (V2). */
  async #takingTurns(address: Address | CheckpointAddress, command: () => Promise<Answer>): Promise<Answer> {
    for (let turn = 1; ; turn += 1) {
      try {
        return await command();
      } catch (error) {
        if (!(error instanceof JournalReplaced)) throw error;
        if (turn === TURNS) return this.#crowdedOut(address);
        // Not in step with the other one, who does the same.
        if (turn > 1) await this.#deps.clock.sleep(turn * 5 + ((this.#deps.random.bytes(1)[0] ?? 0) % 20));
      }
    }
  }

  #alone(address: Address | CheckpointAddress, command: () => Promise<Answer>): Promise<Answer> {
    return this.#takingTurns(address, () => this.#oneByOne(command));
  }

  #crowdedOut(address: Address | CheckpointAddress): Answer {
    const token = "token" in address ? { continueToken: address.token } : {};
    const place = "sessionId" in address ? ok(address) : this.tokens().read("any", "token" in address ? address.token : address.checkpointToken);
    const sessionId = place.ok ? place.value.sessionId : "";
    const about = { sessionId, workflowId: this.#files.card(rootOf(sessionId))?.workflowId ?? "", ...token };
    return refusal(about, { kind: "session-busy", message: `Other processes go on with the session ${sessionId} at the same time and were first, ${TURNS} times.`, fix: "Send the same call again in a moment: what is recorded is not done twice." });
  }

  /** Runs the short, deciding part of commands in the order they came; a failed one does not stop the next. */
  #oneByOne<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(task, task);
    this.#last = mine;
    return mine;
  }

  /** The tokens of this data directory; the key is made when the first one is needed. */
  tokens(): Tokens {
    this.#tokens ??= createTokens(openTokenKey(this.#deps.dataDirectory, this.#deps.random));
    return this.#tokens;
  }

  /** What the work comes to, or null when it takes longer than a client waits (V1). */
  async #within<T>(work: Promise<T>): Promise<T | null> {
    const { answerWithinMs, clock } = this.#deps;
    if (!Number.isFinite(answerWithinMs)) return work;
    const patience = new AbortController();
    const late = clock.sleep(answerWithinMs, patience.signal).then(
      () => null,
      (error: unknown) => {
        if (patience.signal.aborted) return null;
        throw error;
      },
    );
    try {
      return await Promise.race([work, late]);
    } finally {
      patience.abort();
    }
  }

  /** Sorts by time and is short, since it stands in every token. */
  #newId(): string {
    const id = `${this.#deps.clock.nowMs().toString(36)}-${Buffer.from(this.#deps.random.bytes(4)).toString("hex")}`;
    if (this.#files.card(id) !== null) throw new TerminalError(`The session id ${id} is taken.`, "Try again.");
    return id;
  }
}
