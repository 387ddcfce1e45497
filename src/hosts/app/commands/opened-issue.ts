/**
 * A command in the text of a new issue: `run` and `plan` start work on it. The others act on what is there, and have to be written in a comment.
 *
 * I10. As in comments: who opened it must be allowed to give the command, by API, now; whoever may only read hears nothing (attack 1).
 */
import { readPermission } from "../../../github/read/index.ts";
import { permissionVerdict } from "../../../github/trust/index.ts";
import { authoriseCommand, type LabeledEvent } from "../../../intake/index.ts";
import type { Workplace } from "../workplace.ts";
import { setStage } from "../starting/stage.ts";
import type { StartTools } from "../starting/start.ts";
import { startWork } from "../starting/start-work.ts";
import { leastRole, misread, type CommentOrder } from "./comment-commands.ts";
import { refused, type Outcome } from "./command-outcome.ts";
import { keptBack, wishOf } from "./run-asked.ts";
import { say } from "./say.ts";
import { unknownWorkflow } from "./unknown-workflow.ts";

export interface OpenedOrder {
  /** The issue's label is empty: nobody set one. */
  readonly event: LabeledEvent;
  readonly deliveryId: string;
  readonly read: CommentOrder["read"];
  /** Why it cannot be carried out as late as now, where that is so. */
  readonly late?: CommentOrder["late"];
}

/** The dispatched run's id; null when nothing was dispatched or GitHub has not said yet. */
export async function answerOpenedIssue(place: Workplace, tools: StartTools, { event, deliveryId, read, late = null }: OpenedOrder): Promise<number | null> {
  const name = read.kind === "command" ? read.command.name : "help";
  const verdict = permissionVerdict(await readPermission(place.github, place.repository, event.sender.login), event.sender.id);
  // A stranger costs one request (attacks 1, 4).
  if (authoriseCommand(verdict, { name, least: "triage" }, "opened").kind === "silent") return null;
  const stage = await setStage(place, event.issueNumber);
  const authorisation = stage === null ? null : authoriseCommand(verdict, { name, least: leastRole(stage, read) }, "opened");
  if (stage === null || authorisation === null || authorisation.kind === "silent") return null;
  const told = async ({ answer }: Outcome): Promise<null> => {
    await say(stage.here, tools, { issueNumber: event.issueNumber, to: event.sender }, { key: "opened", answer: { ...answer, notDone: read.notDone } });
    return null;
  };
  if (authorisation.kind === "refused") return authorisation.refusal.kind === "actor-may-not-start" ? told(refused({ ...authorisation.refusal, details: [] })) : null;
  if (late !== null) return told(refused(late));
  if (read.kind === "refused") return told(misread(read.refusal));
  const { command } = read;
  if (command.name !== "run" && command.name !== "plan") return told(refused({ message: `\`${command.name}\` stands in the text of a new issue, where only \`run\` and \`plan\` are carried out.`, fix: `Write \`/worktrain ${command.name}\` in a comment.`, details: [] }));
  const wish = wishOf({ ...command, name: command.name });
  const not = (await keptBack(stage.here, wish)) ?? (await unknownWorkflow(stage.here, wish));
  return not !== null ? told(not) : startWork(stage.here, tools, { event, deliveryId, asked: { kind: "issues.opened", command: command.name, wish } });
}
