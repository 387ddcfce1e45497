/** From an order to a dispatched run: says it, dispatches it, says where it runs. */
import type { RepositoryFacts, RunFacts } from "../../../github/read/index.ts";
import { encodeTask, signTicket, withGoal } from "../../../github/trust/index.ts";
import { dispatchEffect, issueReactionEffect, type Confirmed } from "../../../github/write/index.ts";
import { againBy, thenAgainBy, WORKFLOW_FILE } from "../../../intake/index.ts";
import type { StatusMarker } from "../../../report/status-marker.ts";
import { RetryableError, TerminalError } from "../../../shared/errors.ts";
import { answeredOnHead } from "../checks/asks-on-head.ts";
import { dropLiveCheck, keepLiveCheck, openLiveCheck, type CheckTools } from "../checks/live-check.ts";
import { cannotPublish } from "../exchange/deliver-job.ts";
import type { EditBudget } from "../runs/edit-budget.ts";
import { parseRunTitle } from "../runs/run-title.ts";
import type { Status, StatusBoard } from "../runs/status-board.ts";
import type { SubjectQueue } from "../subject-queue.ts";
import { orLogged, type AppTools, type Workplace } from "../workplace.ts";
import { overDailyBudget } from "./daily-budget.ts";
import { tellNotFollowedUp } from "./not-followed-up.ts";
import { askingOf, carriedOn, itemOf, makeTicket, type Order } from "./order.ts";
import { firstMarker, refuse, stillWaits, type Refused } from "./refusal.ts";

/** GitHub's clock and ours may differ: a run of this dispatch cannot be older than the label by its own clock, less this. */
export const CLOCK_LEEWAY_MS = 60_000;

/** Of the 65,535 that all inputs of a dispatch share (P-dispatch), what key and item leave. */
const INPUTS_CHARS = 65_000;

export interface StartTools extends CheckTools {
  readonly ticketKeyPem: string;
  /** Of progress that is shown in comments. */
  readonly edits: EditBudget;
  /** US dollars a day of all repositories of an installation together; without it no limit. */
  readonly dailyCostUsd?: number | null;
  /** Where wishes that share a day's money take turns. */
  readonly queue?: Pick<SubjectQueue, "run">;
}

export interface Scene {
  readonly place: Workplace;
  readonly facts: RepositoryFacts;
  readonly board: StatusBoard;
  readonly status: Status | null;
  /** Runs of the issue, where they were listed a moment ago. */
  readonly runs: readonly RunFacts[] | null;
  /** The workflow file on the default branch. */
  readonly workflowText: string | null;
}

export interface Started {
  readonly dispatched: boolean;
  /** Null when nothing was dispatched, or GitHub has not said yet. */
  readonly runId: number | null;
  /** Why nothing was dispatched, where whoever asked is still to be told. */
  readonly untold?: Refused | undefined;
}

/** Says it, dispatches it, says where it runs; or why it could not be dispatched. */
export async function start(scene: Scene, tools: StartTools, order: Order): Promise<Started> {
  const isLimited = order.decision.config.budget.dailyCostUsd !== null || (tools.dailyCostUsd ?? null) !== null;
  if (!isLimited || tools.queue === undefined) return startNow(scene, tools, order);
  // Issues that are labelled together must not all find the room that is there for one (I5). An installation is that of an owner.
  return tools.queue.run(`budget-${scene.place.repository.owner.toLowerCase()}`, () => startNow(scene, tools, order));
}

async function startNow(scene: Scene, tools: StartTools, asked: Order): Promise<Started> {
  const { place, facts, board } = scene;
  const { followed, followUp, redone, since, word } = carriedOn(scene.status, asked);
  const order: Order = { ...asked, ...(followUp === undefined ? {} : { followUp }), ...(word === undefined ? {} : { word }), ...(asked.review === undefined || since === undefined ? {} : { review: { ...asked.review, since } }) };
  const { event, decision, command } = order;
  const isLabel = order.unasked === undefined && command === undefined && order.cause === undefined;
  const reaction = isLabel ? ((await react(place, tools, event.issueNumber))?.id ?? null) : (command?.reactionId ?? null);
  // The gate stands there until the run that goes on from it is seen at work: a dispatch that fails is asked for again.
  const waiting = isLabel && order.review === undefined ? stillWaits(scene.status, decision, event.labelledAt) : null;
  const gate = { ...(waiting === null ? {} : { at: waiting.at }), ...(command === undefined ? {} : { command: command.commentId, at: scene.status?.marker.at ?? null }) };
  // Of an issue's: that of the gate, which says that it waits until the run that answers is dispatched.
  const check = order.review === undefined ? gateCheck(scene.status) : await keepLiveCheck(place, tools, scene.status?.marker ?? null, order.review.headSha);
  const marker: StatusMarker = { ...firstMarker(event), ...gate, check, attempt: decision.attempt, continuation: decision.continuation, key: decision.key, state: "starting", recreated: scene.status?.marker.recreated ?? false, head: order.review?.headSha, since: order.review?.since, word, wish: decision.wish, followed, followUp, redone, ...order.unasked };
  // What was refused before anything was said of a start takes nothing of it away.
  const kept = waiting ?? marker;
  const foreign = cannotPublish(scene.workflowText, tools.exchange ?? null, thenAgainBy(askingOf(order)));
  if (foreign !== null) {
    tools.log.warn("not started: its deliver job would get no token", { repository: place.repositoryId, issue: event.issueNumber, key: decision.key, why: foreign.message });
    return notDispatched(scene, tools, order, { shown: scene.status, marker: kept, refusal: foreign });
  }
  const over = await overDailyBudget(place, { config: decision.config, item: itemOf(facts, order), nowMs: tools.clock.nowMs(), again: againBy(askingOf(order)), ofInstallationUsd: tools.dailyCostUsd ?? null });
  if (over !== null) {
    tools.log.info("not started: the day's budget", { repository: place.repositoryId, issue: event.issueNumber, key: decision.key });
    return notDispatched(scene, tools, order, { shown: scene.status, marker: kept, refusal: over });
  }
  const starting = await board.write(scene.status, marker, { kind: "starting" });
  const wrote = { reaction, comment: starting === null ? null : String(starting.comment.id) };
  const ticket = makeTicket(facts, { ...order, wrote }, tools.clock.nowMs());
  const signed = signTicket(ticket, tools.ticketKeyPem);
  let run: Confirmed;
  try {
    run = await tools.effects.apply(
      dispatchEffect(place.github, place.repository, {
        workflow: WORKFLOW_FILE,
        ref: facts.defaultBranch,
        key: decision.key,
        inputs: { key: decision.key, item: ticket.item, ticket: signed, task: encodeTask(withGoal(event.task, decision.wish?.goal), INPUTS_CHARS - signed.length) },
        ...(scene.runs === null ? {} : { seen: dispatched(scene.runs, decision.key) }),
        since: isoSeconds(Date.parse(event.labelledAt) - CLOCK_LEEWAY_MS),
      }),
    );
  } catch (error) {
    if (!(error instanceof TerminalError) && !(error instanceof RetryableError)) throw error;
    tools.log.error(error, "no run could be dispatched", { repository: place.repositoryId, issue: event.issueNumber, key: decision.key });
    const fix = error instanceof TerminalError ? `${error.fix} ${thenAgainBy(askingOf(order))}` : `GitHub has an outage or limits the App. ${againBy(askingOf(order))} in a while.`;
    return notDispatched(scene, tools, order, { shown: starting, marker, refusal: { message: error.message, fix, details: [] } });
  }
  const runId = run.id === "" ? null : Number(run.id);
  tools.log.info("run dispatched", { repository: place.repositoryId, issue: event.issueNumber, key: decision.key, run: runId });
  const dispatchedMarker = { ...marker, state: "waiting" as const, runId };
  const view = { kind: "waiting" as const, runUrl: run.url };
  if (order.review === undefined) await answeredOnHead(place, tools, marker);
  const shown = order.review === undefined ? undefined : await openLiveCheck(place, tools, { marker: dispatchedMarker, view, workflowText: scene.workflowText });
  // The run is at work, whatever becomes of telling it: a look at the run tells it later.
  if (starting !== null) await orLogged(place, tools, { what: "where the run is could not be told" }, () => board.write(starting, { ...dispatchedMarker, check: shown }, view));
  return { dispatched: true, runId };
}

const gateCheck = (status: Status | null): number | undefined => (status?.marker.head === undefined ? status?.marker.check : undefined);

/** Why nothing was dispatched stands in the status comment; where that tells of a delivery it stays, so that the delivery can be followed up later. */
async function notDispatched({ place, board, status }: Scene, tools: StartTools, { event, followUp, command, review }: Order, { shown, marker, refusal }: { readonly shown: Status | null; readonly marker: StatusMarker; readonly refusal: Refused }): Promise<Started> {
  const none = { dispatched: false, runId: null };
  if (review !== undefined) await dropLiveCheck(place, tools, marker, refusal);
  if (followUp === undefined || status === null) {
    // Somebody deleted it while it was written: that is respected (fault 46).
    if (shown !== null || status === null) await refuse(board, shown, { ...marker, check: review === undefined ? marker.check : undefined, ...(marker.state === "interrupted" ? {} : { state: "refused" }) }, refusal);
    return none;
  }
  if (shown !== null) await board.putBack(shown, status);
  if (command !== undefined) return { ...none, untold: refusal };
  await tellNotFollowedUp(place, tools, { issueNumber: event.issueNumber, pullNumber: followUp.pullNumber, headSha: followUp.headSha, refusal });
  return none;
}

/** The run with the key among those of the issue, the first of several. */
function dispatched(runs: readonly RunFacts[], key: string): Confirmed | null {
  const run = runs.findLast(({ displayTitle }) => parseRunTitle(displayTitle)?.key === key);
  return run === undefined ? null : { id: String(run.id), url: run.htmlUrl };
}

/** The quickest sign that the label was seen; without it the work goes on all the same. */
async function react(place: Workplace, tools: AppTools, issueNumber: number): Promise<Confirmed | null> {
  try {
    return await tools.effects.apply(issueReactionEffect(place.github, place.repository, { issueNumber, content: "eyes" }));
  } catch (error) {
    tools.log.error(error, "no reaction could be set", { repository: place.repositoryId, issue: issueNumber });
    return null;
  }
}

/** `created:` filters take whole seconds. */
export const isoSeconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
