/**
 * Carries out a command that somebody wrote in a comment: `/worktrain COMMAND`.
 *
 * I10. Who wrote it must be allowed to write, by API, now; whoever may only read hears nothing (attack 1).
 * I2. Reactions and answers have the comment's id as key, a dispatch its own: a repeated delivery comes to the same.
 */
import { readPermission } from "../../github/read/index.ts";
import { permissionVerdict } from "../../github/trust/index.ts";
import { commentEffect, commentReactionEffect } from "../../github/write/index.ts";
import { authorise, commandTable, type Command, type CommentEvent, type ReadComment } from "../../intake/index.ts";
import { commandAnswer, type CommandAnswer } from "../../report/command-answer.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { refused, type Asked, type Outcome } from "./command-outcome.ts";
import { goOnAsked } from "./go-on-asked.ts";
import { reportRun } from "./run-report.ts";
import { openStatusBoard } from "./status-board.ts";
import type { StartTools } from "./start-work.ts";
import type { Workplace } from "./workplace.ts";

export interface CommentOrder {
  readonly event: CommentEvent;
  readonly read: Exclude<ReadComment, { kind: "none" }>;
}

/** The id of a run that was dispatched for it; null for none. */
export async function answerComment(place: Workplace, tools: StartTools, { event, read }: CommentOrder): Promise<number | null> {
  const authorisation = authorise(permissionVerdict(await readPermission(place.github, place.repository, event.author.login), event.author.id), "command");
  const note = (reason: string): void => tools.log.info("command seen", { repository: place.repositoryId, issue: event.issueNumber, comment: event.commentId, reason });
  if (authorisation.kind === "silent") {
    note("actor-may-not-start");
    return null;
  }
  if (authorisation.kind === "refused") {
    note(authorisation.refusal.kind);
    await react(place, tools, event, "confused");
    // Told once to somebody who can do something about it. Of whom GitHub says nothing may be anybody.
    if (authorisation.refusal.kind === "actor-may-not-start") await say(place, tools, event, { key: `person=${event.author.id}`, answer: { ...refused({ ...authorisation.refusal, details: [] }).answer, notDone: [] } });
    return null;
  }
  const reactionId = await react(place, tools, event, read.kind === "refused" ? "confused" : "eyes");
  const outcome = read.kind === "refused" ? misread(read.refusal) : await carryOut(place, tools, read.command, { event, role: authorisation.role, reactionId });
  note(`${read.kind === "command" ? read.command.name : read.refusal.kind}: ${outcome.kind}`);
  if (outcome.kind === "ignored") return null;
  await say(place, tools, event, { key: `comment=${event.commentId}`, answer: { ...outcome.answer, notDone: read.notDone } });
  if (read.kind === "command") await react(place, tools, event, outcome.kind === "done" ? "+1" : "confused");
  return outcome.runId;
}

function misread({ message, fix, line, column, text }: Extract<CommentOrder["read"], { kind: "refused" }>["refusal"]): Outcome {
  return { kind: "refused", answer: { refusal: { message, fix, details: [], place: { line, column, text } }, said: null }, runId: null };
}

/** What each command does; one that the grammar gains needs its line here. */
async function carryOut(place: Workplace, tools: StartTools, command: Command, asked: Asked): Promise<Outcome> {
  switch (command.name) {
    case "help":
      return done(HELP);
    case "status":
      return showStatus(place, tools, asked.event);
    case "approve":
    case "reject":
    case "resume":
      return goOnAsked(place, tools, { ...asked, command: { ...command, name: command.name } });
    default:
      return unreachable(command.name);
  }
}

const done = (said: string | null = null): Outcome => ({ kind: "done", answer: { refusal: null, said }, runId: null });

const HELP = `### What you can type\n\nA command is a line of a new comment that starts with \`/worktrain\`; the first one of a comment counts. People with write permission can give them.\n\n${commandTable()}`;

async function showStatus(place: Workplace, tools: StartTools, { issueNumber }: CommentEvent): Promise<Outcome> {
  const status = await openStatusBoard(place, tools, issueNumber).read();
  if (status === null) return refused({ message: "WorkTrain has no status here.", fix: "Set the label on an issue to start work on it.", details: [] });
  const { runId } = status.marker;
  if (runId !== null) await reportRun(place, tools, runId, "all");
  return done();
}

/** Without its reaction a command is carried out all the same. */
async function react(place: Workplace, tools: StartTools, { issueNumber, commentId }: CommentEvent, content: "eyes" | "+1" | "confused"): Promise<string | null> {
  try {
    return (await tools.effects.apply(commentReactionEffect(place.github, place.repository, { commentId, content }))).id;
  } catch (error) {
    tools.log.error(error, "no reaction could be set", { repository: place.repositoryId, issue: issueNumber, comment: commentId });
    return null;
  }
}

async function say(place: Workplace, tools: StartTools, { issueNumber }: CommentEvent, { key, answer }: { readonly key: string; readonly answer: CommandAnswer }): Promise<void> {
  const marker = `<!-- worktrain:answer issue-${issueNumber} ${key} -->`;
  const body = commandAnswer(marker, answer);
  if (body === null) return;
  await tools.effects.apply(commentEffect({ github: place.github, repository: place.repository, issueNumber, author: tools.author }, { marker, body }));
}
