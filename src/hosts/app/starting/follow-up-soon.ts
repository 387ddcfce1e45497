/** Queues what a delivery is worked on again for, in the item's own order; and looks for what only GitHub's API tells. */
import { readConversations, readMergeability, readOpenDeliveries, readPermission, type OpenDelivery } from "../../../github/read/index.ts";
import { permissionVerdict } from "../../../github/trust/index.ts";
import { authorise, deliveredHeadOf, type SaidOnLine } from "../../../intake/index.ts";
import { followRun, type LookTools } from "../runs/look-at-run.ts";
import { subjectOf, type Workplace } from "../workplace.ts";
import { openStatusBoard } from "../runs/status-board.ts";
import { allowedComments, COMMENTS, CONFLICT, type Asked } from "./causes.ts";
import { followUp } from "./follow-up.ts";
import { openComments } from "./open-comments.ts";

/** @param asked with the key by which one that waits already is the same */
export function followUpSoon(place: Workplace, tools: LookTools, { coalesce, ...asked }: Asked & { readonly coalesce: string }): void {
  const subject = subjectOf(place.repositoryId, asked.head.issueNumber);
  tools.queue.add(subject, {
    name: "following up a delivery",
    coalesce,
    async run() {
      const runId = await followUp(place, tools, asked);
      if (runId !== null) followRun(place, tools, { subject, runId });
    },
  });
}

/**
 * The default branch has moved. GitHub finds out only when it is asked whether it could still merge (P-mergeable): what it does not know yet is
 * asked again with patience, and so is what conflicts while a run is at work on it: what that delivers may conflict as well, or not any more.
 */
export async function lookForConflicts(place: Workplace, tools: LookTools): Promise<void> {
  for (const delivery of await readOpenDeliveries(place.github, place.repository, place.repositoryId)) {
    if (await settleConflict(place, tools, delivery)) continue;
    tools.follower.follow(`mergeable ${place.repositoryId}/${delivery.number}`, async () => {
      const now = await readMergeability(place.github, place.repository, delivery.number);
      return now === null || !now.open || (await settleConflict(place, tools, now)) ? "over" : "going";
    });
  }
}

/** Whether there is no more to find out; a conflict is gone on with. */
async function settleConflict(place: Workplace, tools: LookTools, { branch, headSha, mergeable }: OpenDelivery): Promise<boolean> {
  const head = mergeable === "CONFLICTING" ? deliveredHeadOf(branch, headSha) : null;
  if (head === null) return mergeable !== "UNKNOWN";
  const status = await openStatusBoard(place, tools, head.issueNumber).read();
  if (status?.marker.attempt === head.attempt && AT_WORK.has(status.marker.state)) return false;
  followUpSoon(place, tools, { cause: CONFLICT, head, coalesce: `conflict ${headSha}` });
  return true;
}

/** So long nobody has said anything more: who writes several comments means them together. */
const QUIET_MS = 60_000;

/**
 * Somebody said something in a conversation: looked at each poll until they seem to have finished and no run is at work on the item, then
 * answered all at once. The API says what is open by then, so an App that is started anew hears of it with the next comment. Who may have
 * nothing done costs one request, and holds nobody up (attacks 1, 4).
 */
export function answerSoon(place: Workplace, tools: LookTools, said: SaidOnLine): void {
  tools.queue.add(subjectOf(place.repositoryId, said.issueNumber), {
    name: "hearing a comment",
    coalesce: `comment on a line ${said.pullNumber} ${said.author.id}`,
    async run() {
      const verdict = permissionVerdict(await readPermission(place.github, place.repository, said.author.login), said.author.id);
      if (authorise(verdict).kind === "allowed") answerWhenQuiet(place, tools, said);
    },
  });
}

function answerWhenQuiet(place: Workplace, tools: LookTools, { pullNumber, issueNumber, attempt }: SaidOnLine): void {
  const { github, repository, repositoryId } = place;
  tools.follower.follow(`comments ${repositoryId}/${pullNumber}`, async () => {
    const status = await openStatusBoard(place, tools, issueNumber).read();
    if (status === null || status.marker.attempt !== attempt) return "over";
    if (AT_WORK.has(status.marker.state)) return "going";
    const pull = await readMergeability(github, repository, pullNumber);
    if (pull === null || !pull.open) return "over";
    const open = await allowedComments(place, openComments(await readConversations(github, repository, pullNumber)));
    if (open.some(({ createdAt }) => tools.clock.nowMs() - Date.parse(createdAt) < QUIET_MS)) return "going";
    if (open.length > 0) followUpSoon(place, tools, { cause: COMMENTS, head: { issueNumber, attempt, headSha: pull.headSha }, coalesce: `comments ${pullNumber}` });
    return "over";
  });
}

const AT_WORK: ReadonlySet<string> = new Set(["starting", "waiting", "running"]);
