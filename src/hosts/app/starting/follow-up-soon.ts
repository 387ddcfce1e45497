/** Queues what a delivery is worked on again for, in the item's own order; and looks for what only GitHub's API tells. */
import { branchOfIssue, readConversations, readMergeability, readOpenDeliveries, readPermission, readRun, type OpenDelivery, type OpenDeliverySaid } from "../../../github/read/index.ts";
import { permissionVerdict } from "../../../github/trust/index.ts";
import { authorise, deliveredHeadOf, UNDER_WAY_MS, type ConfigState, type DeliveredHead, type ReviewEvent, type SaidOnLine } from "../../../intake/index.ts";
import { readLabelled } from "../dashboard/dashboard.ts";
import { followRun, type LookTools } from "../runs/look-at-run.ts";
import { hearsClicks, subjectOf, type Workplace } from "../workplace.ts";
import { openStatusBoard } from "../runs/status-board.ts";
import { isAtWork, type StatusMarker } from "../../../report/status-marker.ts";
import { armApproved } from "../merging/approved.ts";
import { baseChanged } from "../merging/base-changed.ts";
import { pushedOver } from "../merging/pushed-over.ts";
import { allowedComments, changesRequested, COMMENTS, CONFLICT, FAILED_CHECKS, type Asked } from "./causes.ts";
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
 * asked again with patience, and so is what conflicts while a run is at work on it: what that delivers may conflict as well, or not any more. Only what
 * has its label still is gone on with, so that nothing else is asked for: two requests, however many pull requests there are.
 */
export async function lookForConflicts(place: Workplace, tools: LookTools): Promise<void> {
  const { issues } = await readLabelled(place);
  const branches: string[] = [];
  for (const { number, comments, pull } of issues) {
    const status = pull === undefined ? await openStatusBoard(place, tools, number).readShown(comments) : null;
    if (status !== null && (status.marker.state === "ended" || isAtWork(status.marker))) branches.push(branchOfIssue(status.marker));
  }
  for (const delivery of await readOpenDeliveries(place.github, { ...place.repository, id: place.repositoryId }, { branches, said: false })) await lookForConflict(place, tools, delivery);
}

async function lookForConflict(place: Workplace, tools: LookTools, delivery: OpenDelivery): Promise<void> {
  if (await settleConflict(place, tools, delivery)) return;
  tools.follower.follow(`mergeable ${place.repositoryId}/${delivery.number}`, async () => {
    const now = await readMergeability(place.github, place.repository, delivery.number);
    return now === null || !now.open || (await settleConflict(place, tools, now)) ? "over" : "still";
  });
}

/** Whether there is no more to find out; a conflict is gone on with. */
async function settleConflict(place: Workplace, tools: LookTools, { branch, headSha, mergeable }: OpenDelivery): Promise<boolean> {
  const head = mergeable === "CONFLICTING" ? deliveredHeadOf(branch, headSha) : null;
  if (head === null) return mergeable !== "UNKNOWN";
  const status = await openStatusBoard(place, tools, head.issueNumber).read();
  if (status?.marker.attempt === head.attempt && isAtWork(status.marker)) return false;
  followUpSoon(place, tools, { cause: CONFLICT, head, coalesce: `conflict ${headSha}` });
  return true;
}

/** So long nobody has said anything more: who writes several comments means them together. Less where the App looks more often than every half minute. */
const QUIET_MS = 60_000;
const quietMs = ({ follower }: Pick<LookTools, "follower">): number => Math.min(QUIET_MS, 2 * follower.pollMs);

/**
 * Somebody said something in a conversation: looked at each poll until they seem to have finished and no run is at work on the item, then
 * answered all at once. The API says what is open by then. An App that ends meanwhile, or misses it, finds it by looking (below). Who may have
 * nothing done costs one request, and holds nobody up (attacks 1, 4).
 */
export function answerSoon(place: Workplace, tools: LookTools, said: SaidOnLine): void {
  tools.queue.add(subjectOf(place.repositoryId, said.issueNumber), {
    name: "hearing a comment",
    coalesce: `comment on a line ${said.pullNumber} ${said.author.id}`,
    async run() {
      const verdict = permissionVerdict(await readPermission(place.github, place.repository, said.author.login), said.author.id);
      if (authorise(verdict).kind === "allowed") await answerWhenQuiet(place, tools, said);
    },
  });
}

type Talk = Pick<SaidOnLine, "pullNumber" | "issueNumber" | "attempt">;

/** In the item's own order. A job follows nothing: it answers now, or leaves it to the next job. */
async function answerWhenQuiet(place: Workplace, tools: LookTools, talk: Talk): Promise<void> {
  const subject = subjectOf(place.repositoryId, talk.issueNumber);
  if (tools.follower.pollMs === 0) return void (await settleComments(place, tools, talk));
  tools.follower.follow(`comments ${place.repositoryId}/${talk.pullNumber}`, (signal) => tools.queue.run(subject, async () => (signal.aborted ? "over" : settleComments(place, tools, talk))));
}

/** In the item's own order, so that no other run is started between what is seen and what is done: one that is at work is waited for. */
async function settleComments(place: Workplace, tools: LookTools, { pullNumber, issueNumber, attempt }: Talk): Promise<"going" | "still" | "over"> {
  const { github, repository, repositoryId } = place;
  const status = await openStatusBoard(place, tools, issueNumber).read();
  if (status === null || status.marker.attempt !== attempt) return "over";
  if (isAtWork(status.marker)) return "still";
  const pull = await readMergeability(github, repository, pullNumber);
  if (pull === null || !pull.open) return "over";
  const open = await allowedComments(place, openComments(await readConversations(github, repository, pullNumber)));
  if (open.some(({ createdAt }) => tools.clock.nowMs() - Date.parse(createdAt) < quietMs(tools))) return "going";
  const taken = await takenBy(place, status.marker);
  const runId = open.every(({ id }) => taken.includes(id)) ? null : await followUp(place, tools, { cause: COMMENTS, head: { issueNumber, attempt, headSha: pull.headSha } });
  if (runId !== null) followRun(place, tools, { subject: subjectOf(repositoryId, issueNumber), runId });
  return "over";
}

/** What is older was answered, or is not to be: GitHub keeps a webhook for redelivery as long. */
const OLDEST_COMMENT_MS = 3 * 24 * 60 * 60_000;

/**
 * Looks at what attempts that are over have delivered for what is to be answered there and no run was started for: an App that was away, or
 * ended while it waited, has heard nothing of it. Checks and conflicts of a commit that was worked on again already are those of before.
 *
 * @param ended what the status comments of those attempts say
 * @param sinceMs approvals before it were looked at before
 */
export async function lookAtDeliveries(place: Workplace, tools: LookTools, { ended, config, sinceMs }: { readonly ended: readonly StatusMarker[]; readonly config: ConfigState; readonly sinceMs: number }): Promise<void> {
  const armsAtApproval = hearsClicks(tools) && config !== "missing" && config.ok && config.value.merge.auto && config.value.merge.approval;
  for (const delivery of await readOpenDeliveries(place.github, { ...place.repository, id: place.repositoryId }, { branches: ended.map(branchOfIssue), said: true })) {
    const head = deliveredHeadOf(delivery.branch, delivery.headSha);
    const marker = ended.find(({ issueNumber, attempt }) => issueNumber === head?.issueNumber && attempt === head.attempt);
    if (head === null || marker === undefined) continue;
    if (marker.followUp?.headSha !== head.headSha) {
      if (delivery.red) followUpSoon(place, tools, { cause: FAILED_CHECKS, head, coalesce: `checks ${head.headSha}` });
      for (const review of delivery.changesRequested.filter(({ headSha }) => headSha === head.headSha)) followUpSoon(place, tools, { cause: changesRequested(review), head, coalesce: `review ${review.reviewId}` });
      await lookForConflict(place, tools, delivery);
    }
    if (armsAtApproval) for (const review of unheardApprovals(delivery, { sinceMs, nowMs: tools.clock.nowMs() })) approvedSoon(place, tools, { ...head, ...review, said: "approved", pullNumber: delivery.number });
    if (delivery.armed) pushedOverSoon(place, tools, { ...head, pullNumber: delivery.number });
    if (delivery.armed && delivery.elsewhere) baseChangedSoon(place, tools, { ...head, pullNumber: delivery.number });
    if (delivery.talked && (await isAskedSomething(place, tools, { pullNumber: delivery.number, taken: await takenBy(place, marker) }))) {
      tools.queue.add(subjectOf(place.repositoryId, head.issueNumber), { name: "finding comments", coalesce: `comments on lines ${delivery.number}`, run: () => answerWhenQuiet(place, tools, { ...head, pullNumber: delivery.number }) });
    }
  }
}

/** Of the very commit, with nothing armed or disarmed behind them: whoever disarmed it has decided that it is not merged by itself. */
const unheardApprovals = ({ headSha, approvals, mergingSetAt }: OpenDeliverySaid, { sinceMs, nowMs }: { readonly sinceMs: number; readonly nowMs: number }): OpenDeliverySaid["approvals"] =>
  approvals.filter((review) => review.headSha === headSha && Date.parse(review.submittedAt) >= Math.max(sinceMs, mergingSetAt === null ? 0 : Date.parse(mergingSetAt) + 1) && nowMs - Date.parse(review.submittedAt) >= UNDER_WAY_MS);

/** Somebody has approved what was delivered. */
export function approvedSoon(place: Workplace, tools: LookTools, review: ReviewEvent): void {
  tools.queue.add(subjectOf(place.repositoryId, review.issueNumber), { name: "hearing an approval", coalesce: `review ${review.reviewId}`, run: () => armApproved(place, tools, review) });
}

/** Somebody may have pushed to it. */
export function pushedOverSoon(place: Workplace, tools: LookTools, head: DeliveredHead & { readonly pullNumber: number }): void {
  tools.queue.add(subjectOf(place.repositoryId, head.issueNumber), { name: "looking for a push over a delivery", coalesce: `pushed ${head.pullNumber}`, run: () => pushedOver(place, tools, head) });
}

/** Somebody may have had it merge into another branch. */
export function baseChangedSoon(place: Workplace, tools: LookTools, head: DeliveredHead & { readonly pullNumber: number }): void {
  tools.queue.add(subjectOf(place.repositoryId, head.issueNumber), { name: "hearing of another base", coalesce: `base ${head.pullNumber}`, run: () => baseChanged(place, tools, head) });
}

/** Comments that the last run was started for. Where its deliver job broke off before it answered them, they are owed an answer still. */
async function takenBy({ github, repository }: Workplace, { followUp: last, runId }: StatusMarker): Promise<readonly number[]> {
  const taken = last?.comments ?? [];
  if (taken.length === 0 || runId === null) return taken;
  const run = await readRun(github, repository, runId);
  // Of a run that somebody deleted nothing is known any more.
  return run === null || run.conclusion === "success" ? taken : [];
}

/** By somebody who may have it done. @param taken comments that the last run was started for */
async function isAskedSomething(place: Workplace, { clock }: LookTools, { pullNumber, taken }: { readonly pullNumber: number; readonly taken: readonly number[] }): Promise<boolean> {
  const open = openComments(await readConversations(place.github, place.repository, pullNumber));
  return (await allowedComments(place, open.filter(({ id, createdAt }) => !taken.includes(id) && clock.nowMs() - Date.parse(createdAt) < OLDEST_COMMENT_MS))).length > 0;
}
