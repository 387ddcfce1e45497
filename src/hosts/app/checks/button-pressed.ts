/**
 * A button of a check run of ours was pressed: the command of that name, on the command's path.
 *
 * I10. Who pressed it must be allowed to give the command, by API, now. Attack 5: it holds only while the check run's commit is the head and
 * its run is the last of the item, so that what is approved is what stands there.
 */
import { z } from "zod";
import { readPullUnderReview } from "../../../github/read/index.ts";
import { BUTTONS, readCheckAction, type CheckActionName } from "../../../github/write/index.ts";
import { sha256Hex } from "../../../shared/hash.ts";
import { answerComment } from "../commands/comment-commands.ts";
import type { Refused } from "../starting/refusal.ts";
import type { Stage } from "../starting/stage.ts";
import { deliveredHead } from "../starting/follow-up.ts";
import { openStatusBoard } from "../runs/status-board.ts";
import type { LookTools, RunOfSubject } from "../runs/look-at-run.ts";
import type { RunTitle } from "../runs/run-title.ts";
import { subjectOf, type Workplace } from "../workplace.ts";
import { clickedSchema, workOfCheck, type Click } from "./check-asked.ts";

const eventSchema = clickedSchema.extend({ action: z.literal("requested_action"), requested_action: z.object({ identifier: z.string() }) });

export interface PressedButton extends Pick<z.infer<typeof eventSchema>, "check_run" | "sender"> {
  readonly action: CheckActionName;
}

/** Null for anything else: a check run of another App, a button that we never gave, a click by no person. */
export function parsePressed(payload: unknown, appId: number): PressedButton | null {
  const parsed = eventSchema.safeParse(payload);
  if (!parsed.success || parsed.data.check_run.app.id !== appId) return null;
  const action = readCheckAction(parsed.data.requested_action.identifier);
  return action === null ? null : { action, check_run: parsed.data.check_run, sender: parsed.data.sender };
}

export async function carryOutPressed(place: Workplace, tools: LookTools, { event, deliveryId }: Click<PressedButton>): Promise<readonly RunOfSubject[]> {
  const { action, check_run: check, sender } = event;
  const title = await workOfCheck(place, { detailsUrl: check.details_url, externalId: check.external_id });
  if (title === null) {
    tools.log.info("button ignored", { repository: place.repositoryId, check: check.id, delivery: deliveryId });
    return [];
  }
  const { issueNumber } = title;
  const isPullRequest = title.item.subject.startsWith("pr-");
  const asked = { issueNumber, isPullRequest, task: { title: "", body: "" }, body: "", author: { login: sender.login, id: sender.id }, createdAt: new Date(tools.clock.nowMs()).toISOString() };
  // The same delivery is the same click; a later one is to be answered as well.
  const click = { key: `check=${check.id} ${action} at=${sha256Hex(deliveryId).slice(0, 16)}`, words: `pressed **${BUTTONS[action].label}** on the check run of \`${check.head_sha.slice(0, 12)}\``, outdated: (stage: Stage, commentId: number) => outdated(tools, { stage, title, headSha: check.head_sha, commentId }) };
  const read = { kind: "command" as const, command: { name: action, operands: {}, flags: [] }, line: 1, notDone: [] };
  const subject = subjectOf(place.repositoryId, issueNumber);
  const dispatched = await tools.queue.run(subject, () => answerComment(place, tools, { event: asked, read, click }));
  return dispatched === null ? [] : [{ subject, runId: dispatched }];
}

interface Standing {
  readonly stage: Stage;
  readonly title: RunTitle;
  readonly headSha: string;
  readonly commentId: number;
}

/** Why the button does not hold any more; null while it does. */
async function outdated(tools: LookTools, { stage, title, headSha, commentId }: Standing): Promise<Refused | null> {
  const { here } = stage;
  const isReview = title.item.subject.startsWith("pr-");
  const status = await openStatusBoard(here, tools, title.issueNumber).read();
  if (status?.marker.command === commentId) return null;
  const head = isReview ? (await readPullUnderReview(here.github, here.repository, title.issueNumber))?.headSha : status === null ? undefined : (await deliveredHead(stage, status.marker))?.headSha;
  if (head !== headSha) return { message: `The check run is about the commit ${headSha}, which is not the head any more.`, fix: "Press the button of the check run on the present head, or write the command.", details: [] };
  if (status?.marker.key !== title.key) return { message: "The check run is about a run that is not the last one of this work.", fix: "See the status comment for what it waits for now.", details: [] };
  return null;
}
