import { readIssue } from "../../../github/read/index.ts";
import { commentEffect } from "../../../github/write/index.ts";
import { untick } from "../../../report/boxes.ts";
import { RECREATED_NOTE } from "../../../report/status-comment.ts";
import { formatStatusMarker, statusMarkerPrefix, type StatusMarker } from "../../../report/status-marker.ts";
import { openStatusBoard } from "./status-board.ts";
import type { AppTools, Workplace } from "../workplace.ts";

/**
 * Somebody deleted the status comment: it comes back once, as it was, with a note; the second deletion is respected (fault 46).
 * A duplicate of ours that was taken back is no such case: the comment that stays is still there.
 */
export async function restoreStatus(place: Workplace, tools: AppTools, deleted: { readonly marker: StatusMarker; readonly body: string }): Promise<void> {
  const { marker, body } = deleted;
  if (marker.recreated) return;
  const board = openStatusBoard(place, tools, marker.issueNumber);
  if ((await board.read()) !== null || (await readIssue(place.github, place.repository, marker.issueNumber)) === null) return;
  const [, ...rest] = body.split("\n");
  const restored = [formatStatusMarker({ ...marker, recreated: true }), untick(rest.join("\n").trim()), RECREATED_NOTE].join("\n\n");
  const target = { github: place.github, repository: place.repository, issueNumber: marker.issueNumber, author: tools.author };
  await tools.effects.apply(commentEffect(target, { marker: statusMarkerPrefix(marker.issueNumber), body: restored }));
}
