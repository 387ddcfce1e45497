/** From a label to a dispatched run: authorise, read the configuration, decide, say so, dispatch. */
import { CONFIG_PATH } from "../../../config/index.ts";
import { readIssueState, readPermission, type FileAtRef, type IssueState, type RepositoryFacts, type RunFacts } from "../../../github/read/index.ts";
import { encodeTask, permissionVerdict, signTicket, withGoal, type GateAnswer, type StartRole, type Ticket } from "../../../github/trust/index.ts";
import { dispatchEffect, issueReactionEffect, type Confirmed } from "../../../github/write/index.ts";
import { againBy, authorise, decideStart, DEFAULT_LABEL, isStartLabel, thenAgainBy, WORKFLOW_FILE, WORKFLOW_PATH, type Asking, type CommandName, type ConfigState, type LabeledEvent, type StartDecision } from "../../../intake/index.ts";
import { formatItemId } from "../../../record/index.ts";
import type { StatusMarker } from "../../../report/status-marker.ts";
import { RetryableError, TerminalError } from "../../../shared/errors.ts";
import { err } from "../../../shared/result.ts";
import { unreachable } from "../../../shared/unreachable.ts";
import { isGiven, labelled, setLabel, type AskedOtherwise } from "./asked-otherwise.ts";
import { overDailyBudget } from "./daily-budget.ts";
import { tellNotFollowedUp } from "./not-followed-up.ts";
import { itemRuns, readPriorAttempt } from "./prior-attempt.ts";
import { parseRunTitle } from "../runs/run-title.ts";
import type { EditBudget } from "../runs/edit-budget.ts";
import { openStatusBoard, type Status, type StatusBoard } from "../runs/status-board.ts";
import type { SubjectQueue } from "../subject-queue.ts";
import { tellNotAllowed } from "../commands/say.ts";
import { readConfig } from "../kept-config.ts";
import { answeredOnHead } from "../checks/asks-on-head.ts";
import { dropLiveCheck, keepLiveCheck, openLiveCheck, type CheckTools } from "../checks/live-check.ts";
import { orLogged, type AppTools, type Workplace } from "../workplace.ts";

/** A run that is queued longer than this for a runner is not started on an old wish. */
export const TICKET_LIFETIME_MS = 24 * 60 * 60_000;
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

/** A label to act on, with the delivery that brought it. */
export interface LabelDelivery {
  readonly event: LabeledEvent;
  readonly deliveryId: string;
  /** The event's text is not the one that was labelled: the label was found later, and the text was changed in between (I8). */
  readonly editedSince?: boolean;
  /** What asked, where the label did not; the event's label is empty then. */
  readonly asked?: AskedOtherwise;
}

/** The dispatched run's id; null when nothing was dispatched or GitHub has not said yet. */
export async function startWork(place: Workplace, tools: StartTools, delivery: LabelDelivery): Promise<number | null> {
  const { asked } = delivery;
  const ignored = (reason: string): null => {
    tools.log.info(asked === undefined ? "label ignored" : `${asked.kind} ignored`, { repository: place.repositoryId, issue: delivery.event.issueNumber, delivery: delivery.deliveryId, reason });
    return null;
  };
  const stage = await setStage(place, delivery.event.issueNumber);
  if (stage === null) return ignored("repository-gone");
  const { here, facts, config } = stage;
  const label = config !== "missing" && config.ok ? config.value.label : DEFAULT_LABEL;
  const event = asked === undefined ? delivery.event : { ...delivery.event, label };
  const issue = asked === undefined ? stage.issue : labelled(stage.issue, label);
  if (!isStartLabel(event.label, config)) return ignored("other-label");
  if (asked?.kind === "issues.assigned" && !(await isGiven(stage, event.issueNumber, asked.assignee))) return ignored("other-assignee");
  const verdict = permissionVerdict(await readPermission(here.github, here.repository, event.sender.login), event.sender.id);
  const asking = asked === undefined ? "label" : ASKING[asked.kind];
  const authorisation = authorise(verdict, asking);
  if (authorisation.kind === "silent") return ignored("actor-may-not-start");

  const board = openStatusBoard(here, tools, event.issueNumber);
  const status = await board.readShown(stage.comments);
  if (authorisation.kind === "refused") {
    // Somebody who may label but not start is told once, and never over the status of real work.
    if (status !== null) await tellNotAllowed(here, tools, { event, status: status.comment, refusal: authorisation.refusal });
    else if (issue !== null) await refuse(board, null, firstMarker(event), { ...authorisation.refusal, details: [] });
    return ignored(authorisation.refusal.kind);
  }
  // Without our comment the runs count the attempts, and tell as well whether this wish was dispatched.
  const runs = status === null && issue !== null ? await itemRuns(here, issue) : null;
  const prior = issue === null ? null : await readPriorAttempt(here, tools, { issue, status, runs });
  const decision = decideStart(event, { ...stage, issue, repository: facts, prior, asked: asking, ...(asked?.kind === "issues.opened" ? { wish: asked.wish } : {}) });
  const refused = (decided: Exclude<StartDecision, { kind: "ignore" }>, refusal: Refused): Promise<void> => refuse(board, status, { ...firstMarker(event), ...stillWaits(status, decided), attempt: decided.attempt, wish: decided.wish, recreated: status?.marker.recreated ?? false }, refusal);
  switch (decision.kind) {
    case "ignore":
      // Given back while its run is at work: wanted again, which is what the label says.
      if (asked?.kind === "issues.assigned" && decision.reason === "already-running" && prior !== null && Date.parse(event.labelledAt) > Date.parse(prior.labelledAt)) await setLabel(stage, tools, label);
      return ignored(decision.reason);
    case "refuse":
      await refused(decision, decision.refusal);
      return ignored(decision.refusal.kind);
    case "start": {
      if (delivery.editedSince === true) {
        await refused(decision, EDITED_SINCE);
        return ignored("text-changed");
      }
      const unlabelled = asked === undefined ? null : await setLabel(stage, tools, label);
      if (unlabelled !== null) {
        await refused(decision, unlabelled);
        return ignored("label-not-set");
      }
      return (await start({ place: here, facts, board, status, runs }, tools, { ...delivery, event, decision, role: authorisation.role })).runId;
    }
    default:
      return unreachable(decision);
  }
}

const ASKING = { "issues.assigned": "assignment", "issues.opened": "opened" } as const;

const EDITED_SINCE = {
  message: "The label was set while WorkTrain did not hear of it, and the issue's text was changed since. It works on the text as it was when the label was set, which is not known any more.",
  fix: "Remove the label and add it again, so that the present text is taken.",
  details: [],
};

export interface Stage {
  /** The repository under the name it has now. */
  readonly here: Workplace;
  readonly facts: RepositoryFacts;
  readonly config: ConfigState;
  readonly issue: IssueState["issue"];
  readonly comments: IssueState["comments"];
  readonly workflowText: string | null;
  readonly baseSha: string | null;
  readonly stoppedBy: number | null;
}

/** Null when the repository is not there any more. */
export async function setStage(place: Workplace, issueNumber: number): Promise<Stage | null> {
  const state = await readIssueState(place.github, place.repository, { issueNumber, configPath: CONFIG_PATH, workflowPath: WORKFLOW_PATH });
  // The name may meanwhile belong to another repository; the id in the signed event decides (attack 3).
  if (state?.repository.id !== place.repositoryId) return null;
  const { repository: facts, issue, comments, workflow, baseSha, stoppedBy } = state;
  const here: Workplace = { ...place, repository: { owner: facts.owner, repo: facts.repo } };
  return { here, facts, config: configOf(state.config), issue, comments, workflowText: workflow?.text ?? null, baseSha, stoppedBy };
}

function configOf(file: FileAtRef | null): ConfigState {
  if (file === null) return "missing";
  if (file.text !== null) return readConfig(file.text);
  return err([{ file: CONFIG_PATH, line: 1, column: 1, path: "", message: "It is not a text file in UTF-8 of at most 512 KB.", fix: "Write it as one." }]);
}

export interface Scene {
  readonly place: Workplace;
  readonly facts: RepositoryFacts;
  readonly board: StatusBoard;
  readonly status: Status | null;
  /** Runs of the issue, where they were listed a moment ago. */
  readonly runs: readonly RunFacts[] | null;
  /** The workflow file on the default branch; only a review asks for it. */
  readonly workflowText?: string | null;
}

/** What is to be run, at whose word. */
export interface Order extends LabelDelivery {
  readonly decision: Pick<Extract<StartDecision, { kind: "start" }>, "attempt" | "continuation" | "key" | "textSha256" | "config" | "baseSha" | "wish">;
  readonly role: StartRole;
  /** The event's number is a pull request's: it is reviewed at this commit. */
  readonly review?: NonNullable<Ticket["review"]>;
  /** Somebody pressed Re-run beside a check run of ours. */
  readonly rerun?: boolean;
  /** What it was started by, where that is neither a label nor a command. */
  readonly cause?: Extract<Ticket["trigger"]["kind"], "pull_request" | "check_run" | "pull_request_review" | "pull_request_review_comment" | "push">;
  /** Nobody asked: how often in a row that was so, this time included, and what the run before had saved. */
  readonly unasked?: Pick<StatusMarker, "auto" | "tries" | "kept" | "followed">;
  /** The command that asked for the review which nobody asks for anew now. */
  readonly word?: StatusMarker["word"];
  /** What the attempt delivered is worked on again. */
  readonly followUp?: NonNullable<Ticket["followUp"]>;
  /** A command asked, not the label: `deliveryId` is its comment's id. */
  readonly command?: { readonly name: CommandName; readonly commentId: number; readonly reactionId: string | null; readonly answer: GateAnswer | null; readonly retry?: Ticket["retry"] | null };
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
  const { followed, followUp, since, word } = carriedOn(scene.status, asked);
  const order: Order = { ...asked, ...(followUp === undefined ? {} : { followUp }), ...(word === undefined ? {} : { word }), ...(asked.review === undefined || since === undefined ? {} : { review: { ...asked.review, since } }) };
  const { event, decision, command } = order;
  const isLabel = order.unasked === undefined && command === undefined && order.cause === undefined;
  const reaction = isLabel ? ((await react(place, tools, event.issueNumber))?.id ?? null) : (command?.reactionId ?? null);
  // The gate stands there until the run that answers it is seen at work: a dispatch that fails is asked for again.
  const gate = command === undefined ? {} : { command: command.commentId, at: scene.status?.marker.at ?? null };
  const check = order.review === undefined ? undefined : await keepLiveCheck(place, tools, scene.status?.marker ?? null, order.review.headSha);
  const marker: StatusMarker = { ...firstMarker(event), ...gate, check, attempt: decision.attempt, continuation: decision.continuation, key: decision.key, state: "starting", recreated: scene.status?.marker.recreated ?? false, head: order.review?.headSha, since: order.review?.since, word, wish: decision.wish, followed, followUp, ...order.unasked };
  const over = await overDailyBudget(place, { config: decision.config, item: itemOf(facts, order), nowMs: tools.clock.nowMs(), again: againBy(askingOf(order)), ofInstallationUsd: tools.dailyCostUsd ?? null });
  if (over !== null) {
    tools.log.info("not started: the day's budget", { repository: place.repositoryId, issue: event.issueNumber, key: decision.key });
    return notDispatched(scene, tools, order, { shown: scene.status, marker, refusal: over });
  }
  if (scene.status?.marker.head === undefined && scene.status?.marker.check !== undefined) await answeredOnHead(place, tools, scene.status.marker);
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
  const waiting = { ...marker, state: "waiting" as const, runId };
  const view = { kind: "waiting" as const, runUrl: run.url };
  const shown = order.review === undefined ? undefined : await openLiveCheck(place, tools, { marker: waiting, view, workflowText: scene.workflowText ?? null });
  // The run is at work, whatever becomes of telling it: a look at the run tells it later.
  if (starting !== null) await orLogged(place, tools, { what: "where the run is could not be told" }, () => board.write(starting, { ...waiting, check: shown }, view));
  return { dispatched: true, runId };
}

/**
 * What the attempt is at goes with it into every run that goes on with it, whoever asks for that: the run before may have been lost before it
 * had saved it. And what a review began with: without it, no ticket of those runs would say that the last review's findings count. The word of
 * a command goes only with runs that nobody asks for: whoever asks anew is asked for what their own way of asking takes.
 */
const carriedOn = (status: Status | null, { decision, review, followUp, unasked, command }: Order): Pick<StatusMarker, "followed" | "followUp" | "since" | "word"> => {
  const before = status?.marker.attempt === decision.attempt ? status.marker : undefined;
  const isGoingOn = decision.continuation > 0 || unasked !== undefined;
  return { followed: unasked?.followed ?? before?.followed, followUp: followUp ?? before?.followUp, since: review?.since ?? (isGoingOn ? before?.since : undefined), word: review !== undefined && command !== undefined ? { command: command.name, commentId: command.commentId } : unasked !== undefined ? before?.word : undefined };
};

/** How the same is asked for once more. */
function askingOf({ command, cause, asked, rerun, word }: Order): Asking {
  if (command !== undefined) return "command";
  // A review that a command asked for may have no label.
  if (word !== undefined) return "pull_request";
  return cause ?? (rerun === true ? "re-run" : asked === undefined ? "label" : ASKING[asked.kind]);
}

/** Why nothing was dispatched stands in the status comment; where that tells of a delivery it stays, so that the delivery can be followed up later. */
async function notDispatched({ place, board, status }: Scene, tools: StartTools, { event, followUp, command }: Order, { shown, marker, refusal }: { readonly shown: Status | null; readonly marker: StatusMarker; readonly refusal: Refused }): Promise<Started> {
  const none = { dispatched: false, runId: null };
  await dropLiveCheck(place, tools, marker, refusal);
  if (followUp === undefined || status === null) {
    // Somebody deleted it while it was written: that is respected (fault 46).
    if (shown !== null || status === null) await refuse(board, shown, { ...marker, check: undefined, state: "refused" }, refusal);
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

const itemOf = ({ id }: RepositoryFacts, { event, decision, review }: Pick<Order, "event" | "decision" | "review">): string =>
  formatItemId({ repositoryId: id, subject: `${review === undefined ? "issue" : "pr"}-${event.issueNumber}`, attempt: decision.attempt });

function makeTicket(facts: RepositoryFacts, { event, asked, decision, role, deliveryId, command, wrote, review, cause, followUp, word }: Order & Pick<Ticket, "wrote">, nowMs: number): Ticket {
  const { turns, tokens, costUsd, minutes } = decision.config.budget;
  const { mode, confirm } = decision.config.pipeline;
  return {
    v: 1,
    key: decision.key,
    item: itemOf(facts, { event, decision, ...(review === undefined ? {} : { review }) }),
    repositoryId: facts.id,
    trigger: { kind: command !== undefined || word !== undefined ? "issue_comment" : (cause ?? asked?.kind ?? (review === undefined ? "issues.labeled" : "pull_request.labeled")), id: deliveryId, actor: event.sender, verdict: role },
    issueNumber: event.issueNumber,
    base: { ref: facts.defaultBranch, sha: decision.baseSha },
    caps: { turns, tokens, costUsd, minutes },
    // A review is one whatever the policy is, which is that of an older commit for it.
    ...(review === undefined ? { policy: { mode, confirm } } : { review }),
    textSha256: decision.textSha256,
    expiresAt: new Date(nowMs + TICKET_LIFETIME_MS).toISOString(),
    wrote,
    ...(decision.wish === undefined ? {} : { wish: decision.wish }),
    ...(command !== undefined ? { command: command.name } : word !== undefined ? { command: word.command } : asked?.kind === "issues.opened" ? { command: asked.command } : {}),
    ...(followUp === undefined ? {} : { followUp }),
    ...(command?.retry === undefined || command.retry === null ? {} : { retry: command.retry }),
    ...(command === undefined || command.answer === null ? {} : { answer: command.answer }),
  };
}

/** What the comment goes on to know of an attempt that was interrupted: that it is not gone on with now takes nothing of it away. */
export function stillWaits(status: Status | null, { attempt, continuation, key }: Pick<Extract<StartDecision, { kind: "refuse" }>, "attempt" | "continuation" | "key">): Partial<StatusMarker> {
  if (continuation === 0 || status?.marker.attempt !== attempt) return {};
  const { at, followed, followUp, since, word } = status.marker;
  return { continuation, key, at, followed, followUp, since, word };
}

export const firstMarker = (event: LabeledEvent): StatusMarker => ({
  issueNumber: event.issueNumber,
  attempt: 1,
  continuation: 0,
  key: null,
  state: "refused",
  runId: null,
  labelledAt: event.labelledAt,
  at: null,
  recreated: false,
  by: event.sender,
});

export interface Refused {
  readonly message: string;
  readonly fix: string;
  readonly details: readonly string[];
}

export async function refuse(board: StatusBoard, status: Status | null, marker: StatusMarker, refusal: Refused): Promise<void> {
  const { message, fix, details } = refusal;
  await board.write(status, marker, { kind: "refused", message, fix, details });
}

/** `created:` filters take whole seconds. */
export const isoSeconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
