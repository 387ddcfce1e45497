/** From `run` to a dispatched run: the label's checks and the label's path, with the text as it was when the command was written. */
import { isAtLeast } from "../../../config/index.ts";
import { CONFIDENTIAL_WORKFLOWS, decideRun, needsPrivate, type Command, type LabeledEvent } from "../../../intake/index.ts";
import { readRepository } from "../../../github/read/index.ts";
import type { RunWish } from "../../../github/trust/index.ts";
import { labelEffect } from "../../../github/write/index.ts";
import { done, IGNORED, refused, type Outcome, type StarterAsked } from "./command-outcome.ts";
import { goOnAsked, latestStatus } from "./go-on-asked.ts";
import { itemRuns, readPriorAttempt } from "../starting/prior-attempt.ts";
import { start, type StartTools } from "../starting/start.ts";
import { unknownWorkflow } from "./unknown-workflow.ts";
import { openStatusBoard } from "../runs/status-board.ts";
import type { Workplace } from "../workplace.ts";

export interface RunAsked extends StarterAsked {
  readonly command: Command<"run" | "plan">;
}

export async function runAsked(tools: StartTools, { event, role, stage, reactionId, command }: RunAsked): Promise<Outcome> {
  const { here, facts, issue } = stage;
  const wish = wishOf(command);
  const confidential = await keptBack(here, wish);
  if (confidential !== null) return confidential;
  const unknown = await unknownWorkflow(here, wish);
  if (unknown !== null) return unknown;
  const board = openStatusBoard(here, tools, event.issueNumber);
  const status = await latestStatus(here, tools, board, await board.readShown(stage.comments));
  if (wish === undefined && status?.marker.state === "interrupted" && isPlanGate(status.marker.at)) return approvePlan(tools, { event, role, stage, reactionId });
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
      const order = { event: labelled, deliveryId: String(event.commentId), decision, role, command: { name: command.name, commentId: event.commentId, reactionId, answer: null } };
      const { dispatched, runId } = await start({ place: here, facts, board, status, runs, workflowText: stage.workflowText }, tools, order);
      // Why nothing could be dispatched stands in the status comment.
      return { kind: dispatched ? "done" : "refused", answer: { refusal: null, said: null }, runId };
    }
  }
}

/** A workflow whose record nobody else may read is not run in public. */
export async function keptBack({ github, repository }: Workplace, wish: RunWish | undefined): Promise<Outcome | null> {
  if (wish?.workflow === undefined || !CONFIDENTIAL_WORKFLOWS.includes(wish.workflow)) return null;
  return ((await readRepository(github, repository))?.isPublic ?? true) ? refused({ ...needsPrivate(wish.workflow), details: [] }) : null;
}

/** The step of `phase.step` is the gate of a plan. */
const isPlanGate = (at: string | null): boolean => /^[a-z]+\.gate-\d+-plan-/.test(at ?? "");

/** To go on from a plan is to approve it: that takes the role that approving takes (I10). */
async function approvePlan(tools: StartTools, asked: StarterAsked): Promise<Outcome> {
  const { config } = asked.stage;
  const least = config !== "missing" && config.ok ? config.value.permissions.approve : "write";
  if (!isAtLeast(asked.role, least)) return refused({ message: `The work waits at its plan, and approving takes the role ${least} here, by \`permissions.approve\` of .github/worktrain.yml.`, fix: `Ask somebody with the role ${least} to write \`/worktrain approve\`.`, details: [] });
  return goOnAsked(tools, { ...asked, command: { name: "approve", operands: {}, flags: [] } });
}

/** What is asked for beside the issue's text; undefined where it is nothing. */
export function wishOf({ name, operands }: RunAsked["command"]): RunWish | undefined {
  if (name === "plan") return { plan: true };
  const [workflow] = operands["WORKFLOW"] ?? [];
  const [goal] = operands["GOAL"] ?? [];
  return workflow === undefined && goal === undefined ? undefined : { ...(workflow === undefined ? {} : { workflow }), ...(goal === undefined ? {} : { goal }) };
}
