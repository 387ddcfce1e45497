/**
 * Carries out a command that somebody wrote in a comment: `/worktrain COMMAND`.
 *
 * I10. Who wrote it must be allowed to write, by API, now; whoever may only read hears nothing (attack 1).
 * I2. Reactions and answers have the comment's id as key, a dispatch its own: a repeated delivery comes to the same.
 */
import type { CommandRole } from "../../../config/index.ts";
import { parseOwnBranch, readPermission, readPullUnderReview } from "../../../github/read/index.ts";
import { permissionVerdict } from "../../../github/trust/index.ts";
import { authoriseCommand, commandTable, type Command, type CommandName, type CommentEvent, type ReadComment } from "../../../intake/index.ts";
import { RetryableError, TerminalError } from "../../../shared/errors.ts";
import { unreachable } from "../../../shared/unreachable.ts";
import { cancelAsked } from "./cancel-asked.ts";
import { done, refused, type Asked, type Outcome, type StarterAsked } from "./command-outcome.ts";
import { showConfig } from "./config-asked.ts";
import { goOnAsked } from "./go-on-asked.ts";
import { reportRun } from "../runs/run-report.ts";
import { openStatusBoard } from "../runs/status-board.ts";
import { recordAsked } from "./record-asked.ts";
import { reviewAsked } from "./review-asked.ts";
import { runAsked } from "./run-asked.ts";
import { mergeAsked } from "./merge-asked.ts";
import { personKey, react, say } from "./say.ts";
import { setUpAsked, type CommandTools } from "./set-up-asked.ts";
import { tellClick, type Click } from "./click.ts";
import type { Refused } from "../starting/refusal.ts";
import { setStage, type Stage } from "../starting/stage.ts";
import type { StartTools } from "../starting/start.ts";
import { orLogged, type Workplace } from "../workplace.ts";

export interface CommentOrder {
  readonly event: CommentEvent;
  readonly read: Exclude<ReadComment, { kind: "none" }>;
  /** Why it cannot be carried out as late as now, where that is so. Told only to a person who may give it. */
  readonly late?: Refused | null;
}

/** A command that somebody gave by a click. */
export interface ClickOrder {
  readonly event: Omit<CommentEvent, "commentId">;
  readonly read: Extract<ReadComment, { kind: "command" }>;
  readonly click: Click;
}

/** The id of a run that was dispatched for it; null for none. */
export async function answerComment(place: Workplace, tools: CommandTools, order: CommentOrder | ClickOrder): Promise<number | null> {
  const { event, read } = order;
  const note = (reason: string): null => {
    tools.log.info("command seen", { repository: place.repositoryId, issue: event.issueNumber, comment: "click" in order ? order.click.key : order.event.commentId, reason });
    return null;
  };
  const verdict = permissionVerdict(await readPermission(place.github, place.repository, event.author.login), event.author.id);
  const name = read.kind === "command" ? read.command.name : "help";
  // A stranger costs one request (attacks 1, 4).
  if (authoriseCommand(verdict, { name, least: "triage" }).kind === "silent") return note("actor-may-not-start");
  const stage = await setStage(place, event.issueNumber);
  if (stage === null) return note("repository-gone");
  const authorisation = authoriseCommand(verdict, { name, least: leastRole(stage, read) });
  if (authorisation.kind === "silent") return note("actor-may-not-start");
  const { here } = stage;
  if (authorisation.kind === "refused") {
    const { kind, message, fix } = authorisation.refusal;
    if (!("click" in order)) await react(here, tools, order.event, "confused");
    // Told once to somebody who can do something about it. Of whom GitHub says nothing may be anybody.
    if (kind === "actor-may-not-start") await say(here, tools, { issueNumber: event.issueNumber, to: event.author }, { key: personKey(event.author, { message }), answer: { ...refused({ message, fix, details: [] }).answer, notDone: [] } });
    return note(kind);
  }
  const written = "click" in order ? { ...order.event, ...(await tellClick(here, tools, order.event, order.click)) } : order.event;
  const reactionId = await react(here, tools, written, read.kind === "refused" ? "confused" : "eyes");
  const asked: Asked = { event: written, role: authorisation.role, stage, reactionId };
  const outdated = "click" in order ? await order.click.outdated(stage, written.commentId) : (order.late ?? null);
  const outcome = read.kind === "refused" ? misread(read.refusal) : outdated !== null ? refused(outdated) : await whereItBelongs(tools, { ...asked, command: read.command }, await carriedOut(tools, read.command, asked));
  note(`${read.kind === "command" ? read.command.name : read.refusal.kind}: ${outcome.kind}`);
  if (outcome.kind === "ignored") return null;
  // The answer of a run that it was passed on to stands under the comment's own key, and may be the App's as well.
  // GitHub lets no App comment on what is locked: a reaction is the answer then, where it takes one (P-locked).
  await orLogged(here, tools, { what: "a command could not be answered", again: true }, () => say(here, tools, { issueNumber: event.issueNumber, to: event.author }, { key: outcome.kind === "passed-on" ? `comment=${written.commentId} not-done` : `comment=${written.commentId}`, answer: { ...outcome.answer, notDone: read.notDone } }));
  if (read.kind === "command" && outcome.kind !== "passed-on") await react(here, tools, written, outcome.kind === "done" ? "+1" : "confused");
  return outcome.runId;
}

/** What cannot be read as a command is told to those who may give one; while the config cannot be read its defaults hold, and nothing is started. */
export const leastRole = ({ config }: Stage, read: CommentOrder["read"]): CommandRole => (read.kind === "command" && config !== "missing" && config.ok ? config.value.permissions[read.command.name] : "write");

export function misread({ message, fix, line, column, text }: Extract<CommentOrder["read"], { kind: "refused" }>["refusal"]): Outcome {
  return { kind: "refused", answer: { refusal: { message, fix, details: [], place: { line, column, text } }, said: null }, runId: null };
}

/** What acts on the work itself; the others can be written on its pull request as well. */
const OF_AN_ISSUE: readonly CommandName[] = ["status", "cancel", "run", "plan", "approve", "reject", "resume", "retry", "fix"];

/** On the pull request that came of an issue, where there is no work of its own: what was refused belongs on the issue. */
async function whereItBelongs(tools: StartTools, { event, command, stage: { here, facts } }: Asked & { readonly command: Command }, outcome: Outcome): Promise<Outcome> {
  if (outcome.kind !== "refused" || !event.isPullRequest || !OF_AN_ISSUE.includes(command.name) || approvedCommit(command) !== null || (await openStatusBoard(here, tools, event.issueNumber).read()) !== null) return outcome;
  const pull = await readPullUnderReview(here.github, here.repository, event.issueNumber);
  const issue = parseOwnBranch(pull?.headRef ?? "")?.issueNumber;
  if (issue === undefined || pull?.headRepositoryId !== facts.id) return outcome;
  return refused({ message: `This pull request came of WorkTrain's work on #${issue}, and is worked on from there.`, fix: `Write the command on #${issue}.`, details: [] });
}

/** What GitHub does not take, or not now, is told like any other refusal: nothing ends silent (I4). */
async function carriedOut(tools: CommandTools, command: Command, asked: Asked): Promise<Outcome> {
  try {
    return await carryOut(tools, command, asked);
  } catch (error) {
    if (!(error instanceof TerminalError || error instanceof RetryableError)) throw error;
    tools.log.error(error, "a command could not be carried out", { repository: asked.stage.here.repositoryId, issue: asked.event.issueNumber, comment: asked.event.commentId });
    const fix = error instanceof TerminalError ? error.fix : "GitHub has an outage or limits the App. Write the command again in a while.";
    return refused({ message: error.message, fix, details: [] });
  }
}

/** What each command does; one that the grammar gains needs its line here. */
async function carryOut(tools: CommandTools, command: Command, asked: Asked): Promise<Outcome> {
  switch (command.name) {
    case "help":
      return done(HELP);
    case "status":
      return showStatus(asked.stage.here, tools, asked.event);
    case "config":
      return command.flags.includes("set-up") ? byStarter(asked, (starter) => setUpAsked(tools, starter)) : showConfig(asked.stage);
    case "cancel":
      return cancelAsked(tools, asked);
    case "run":
    case "plan": {
      const { name } = command;
      return byStarter(asked, (starter) => runAsked(tools, { ...starter, command: { ...command, name } }));
    }
    case "review": {
      const { name } = command;
      return byStarter(asked, (starter) => reviewAsked(tools, { ...starter, command: { ...command, name } }));
    }
    case "explain":
    case "why":
    case "verify": {
      const question = command.name;
      return byStarter(asked, (starter) => recordAsked(tools, { ...starter, question, step: command.operands["STEP"]?.[0] }));
    }
    case "merge":
      return byStarter(asked, (starter) => mergeAsked(tools, { ...starter, approved: null }));
    case "approve":
    case "reject":
    case "resume":
    case "retry":
    case "fix": {
      const { name } = command;
      const approved = approvedCommit(command);
      if (approved !== null && !(await waitsAtGate(asked, tools))) return byStarter(asked, (starter) => mergeAsked(tools, { ...starter, approved }));
      return byStarter(asked, (starter) => goOnAsked(tools, { ...starter, command: { ...command, name } }));
    }
    default:
      return unreachable(command.name);
  }
}

/** The commit that an `approve` names; null where it names none. */
function approvedCommit({ name, operands }: Command): string | null {
  const [named = ""] = name === "approve" ? (operands["GATE"] ?? []) : [];
  return /^[0-9a-f]+$/.test(named) ? named : null;
}

/** Where the work waits for an answer nothing is delivered yet that could be merged. */
async function waitsAtGate({ event, stage: { here, comments } }: Asked, tools: StartTools): Promise<boolean> {
  const status = event.isPullRequest ? null : await openStatusBoard(here, tools, event.issueNumber).readShown(comments);
  return status?.marker.state === "interrupted";
}

/** The config cannot open what spends to anybody else; where it did, this would close it. */
async function byStarter(asked: Asked, act: (asked: StarterAsked) => Promise<Outcome>): Promise<Outcome> {
  const { role } = asked;
  return role === "triage" ? refused({ message: "WorkTrain spends money and publishes branches, so it starts only for people who can write.", fix: "Ask somebody with write permission to write the command.", details: [] }) : act({ ...asked, role });
}

const HELP = `### What you can type\n\nA command is a line of a new comment that starts with \`/worktrain\`, or with a mention of this App (alone it means \`run\`); the first one of a comment counts. Who can give which stands under \`permissions\` in \`.github/worktrain.yml\`; without it people with write permission.\n\n${commandTable()}`;

async function showStatus(place: Workplace, tools: StartTools, { issueNumber }: CommentEvent): Promise<Outcome> {
  const status = await openStatusBoard(place, tools, issueNumber).read();
  if (status === null) return refused({ message: "WorkTrain has no status here.", fix: "Set the label on an issue to start work on it.", details: [] });
  const { runId } = status.marker;
  if (runId !== null) await reportRun(place, tools, runId, "all");
  return done();
}
