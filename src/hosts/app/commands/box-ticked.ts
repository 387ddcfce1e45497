/**
 * The boxes of the status comment as controls: a tick is the command that stands beside it, on the command's path.
 *
 * I10. Who ticked it must be allowed to give the command, by API, now. Attacks 1, 2: only a box that stood unticked in the App's own, present
 * status comment counts, for the run that the comment spoke of. Whatever comes of it, no box stays ticked.
 */
import { editComment, isWrittenBy } from "../../../github/write/index.ts";
import type { Command, EditedComment } from "../../../intake/index.ts";
import { newlyTicked, untick } from "../../../report/boxes.ts";
import { readBoxCommand, type BoxCommand } from "../../../report/status-controls.ts";
import { parseStatusMarker } from "../../../report/status-marker.ts";
import type { Refused } from "../starting/refusal.ts";
import type { StartTools } from "../starting/start.ts";
import { openStatusBoard } from "../runs/status-board.ts";
import type { AppTools, Workplace } from "../workplace.ts";
import { answerComment } from "./comment-commands.ts";

export interface TickedBox {
  readonly edited: EditedComment;
  readonly command: BoxCommand;
}

/** Null for any other change of any comment. Of several boxes ticked at once the first counts. */
export function tickedBox(edited: EditedComment, { author }: Pick<AppTools, "author">): TickedBox | null {
  const [before, after] = [parseStatusMarker(edited.before), parseStatusMarker(edited.body)];
  if (!isWrittenBy(edited.comment, author) || before?.issueNumber !== edited.issueNumber || after?.issueNumber !== edited.issueNumber) return null;
  const [command] = newlyTicked(edited.before, edited.body).flatMap((control) => readBoxCommand(control) ?? []);
  return command === undefined ? null : { edited, command };
}

/** The id of a run that was dispatched for it; null for none. */
export async function carryOutBox(place: Workplace, tools: StartTools, { edited, command }: TickedBox): Promise<number | null> {
  const { issueNumber, isPullRequest, task, sender, editedAt, commentId, url } = edited;
  const event = { issueNumber, isPullRequest, task, body: "", author: sender, createdAt: editedAt };
  const gate = command.name === "approve" ? ` ${command.gate}` : "";
  const click = { key: `box=${commentId} ${command.name} at=${editedAt}`, words: `ticked the box for \`/worktrain ${command.name}${gate}\` in [the status comment](${url})`, outdated: (_: unknown, asked: number) => outdated(place, tools, edited, asked) };
  try {
    return await answerComment(place, tools, { event, read: { kind: "command", command: asCommand(command), line: 1, notDone: [] }, click });
  } finally {
    await untickShown(place, tools, issueNumber);
  }
}

const asCommand = (command: BoxCommand): Command => ({ name: command.name, operands: command.name === "approve" ? { GATE: [command.gate] } : {}, flags: [] });

/** Why the tick does not hold any more; null while it does. */
async function outdated(place: Workplace, tools: AppTools, { issueNumber, commentId, before }: EditedComment, asked: number): Promise<Refused | null> {
  const status = await openStatusBoard(place, tools, issueNumber).read();
  if (status?.marker.command === asked) return null;
  if (status?.comment.id === commentId && status.marker.key === parseStatusMarker(before)?.key) return null;
  return { message: "The box stood in a comment that spoke of another run than the present one.", fix: "Look at the status comment as it is now, and tick it there.", details: [] };
}

/** Where the command has not had the comment written anew. */
async function untickShown(place: Workplace, tools: AppTools, issueNumber: number): Promise<void> {
  const status = await openStatusBoard(place, tools, issueNumber).read();
  const body = status === null ? null : untick(status.comment.body);
  if (status !== null && body !== null && body !== status.comment.body) await editComment(tools.effects, place, { id: status.comment.id, body });
}
