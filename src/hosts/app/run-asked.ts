/** From `run` to a dispatched run: the label's checks and the label's path, with the text as it was when the command was written. */
import { CONFIDENTIAL_WORKFLOWS, decideRun, needsPrivate, type Command, type LabeledEvent } from "../../intake/index.ts";
import { readRepository } from "../../github/read/index.ts";
import type { RunWish } from "../../github/trust/index.ts";
import { labelEffect } from "../../github/write/index.ts";
import { done, IGNORED, refused, type Outcome, type StarterAsked } from "./command-outcome.ts";
import { latestStatus } from "./go-on-asked.ts";
import { itemRuns, readPriorAttempt } from "./prior-attempt.ts";
import { start, type StartTools } from "./start-work.ts";
import { openStatusBoard } from "./status-board.ts";

export interface RunAsked extends StarterAsked {
  readonly command: Command<"run">;
}

export async function runAsked(tools: StartTools, { event, role, stage, reactionId, command }: RunAsked): Promise<Outcome> {
  const { here, facts, issue } = stage;
  const wish = wishOf(command);
  if (wish?.workflow !== undefined && CONFIDENTIAL_WORKFLOWS.includes(wish.workflow) && ((await readRepository(here.github, here.repository))?.isPublic ?? true)) return refused({ ...needsPrivate(wish.workflow), details: [] });
  const board = openStatusBoard(here, tools, event.issueNumber);
  const status = await latestStatus(here, tools, board, await board.readShown(stage.comments));
  const runs = status === null && issue !== null ? await itemRuns(here, issue) : null;
  const prior = issue === null ? null : await readPriorAttempt(here, tools, { issue, status, runs });
  const decision = decideRun({ ...event, wish }, { ...stage, repository: facts, prior });
  switch (decision.kind) {
    case "ignore":
      return decision.reason === "already-handled" ? done() : IGNORED;
    case "refuse":
      return refused(decision.refusal);
    case "start": {
      // Ours, by its own webhook, starts nothing: we are no person (attack 1).
      if (decision.label !== null) await tools.effects.apply(labelEffect(here.github, here.repository, { issueNumber: event.issueNumber, label: decision.label }));
      const labelled: LabeledEvent = { repository: { id: facts.id, ...here.repository }, issueNumber: event.issueNumber, label: "", sender: event.author, task: event.task, labelledAt: event.createdAt };
      const order = { event: labelled, deliveryId: String(event.commentId), decision, role, command: { name: "run" as const, commentId: event.commentId, reactionId, answer: null } };
      const { dispatched, runId } = await start({ place: here, facts, board, status, runs }, tools, order);
      // Why nothing could be dispatched stands in the status comment.
      return { kind: dispatched ? "done" : "refused", answer: { refusal: null, said: null }, runId };
    }
  }
}

/** What is asked for beside the issue's text; undefined where it is nothing. */
function wishOf({ operands }: Command<"run">): RunWish | undefined {
  const [workflow] = operands["WORKFLOW"] ?? [];
  const [goal] = operands["GOAL"] ?? [];
  return workflow === undefined && goal === undefined ? undefined : { ...(workflow === undefined ? {} : { workflow }), ...(goal === undefined ? {} : { goal }) };
}
