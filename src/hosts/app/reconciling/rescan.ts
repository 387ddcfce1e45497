/** Looks at the labelled issues of a repository for what no webhook told, and queues it as if one had (faults 28, 30, 38, 63). */
import { MOST_PULLS, readTaskText, type LabelledIssue } from "../../../github/read/index.ts";
import { decideRescan, deliveredHeadOf, UNDER_WAY_MS, type LabelFound, type Missed } from "../../../intake/index.ts";
import { unreachable } from "../../../shared/unreachable.ts";
import { dashboardChanged, noteDashboard, readLabelled, type Labelled } from "../dashboard/dashboard.ts";
import { takenBackSoon } from "../merging/taken-back.ts";
import { followRun, lookAtRun, type LookTools } from "../runs/look-at-run.ts";
import { findRecentComments, readAllArmedByBots, type RecentComments } from "../../../github/write/index.ts";
import { isAtWork, parseStatusMarker, type StatusMarker } from "../../../report/status-marker.ts";
import { lookAtDeliveries } from "../starting/follow-up-soon.ts";
import { startReview, wishesOf } from "../starting/start-review.ts";
import { startAgain, tryAgain } from "../starting/try-again.ts";
import { startWork } from "../starting/start-work.ts";
import { stopAll } from "../runs/stop-all.ts";
import { openStatusBoard } from "../runs/status-board.ts";
import { isoSeconds } from "../starting/start.ts";
import { orLogged, subjectOf, type Workplace } from "../workplace.ts";
import { lookForCommands, type LostCommandTools } from "./lost-commands.ts";
import { lookForLostStarts } from "./lost-starts.ts";

/** As long as GitHub keeps a webhook for redelivery; longer than any wait between two tries (`nextTry`) with an App that is away or stopped meanwhile. */
const RECENT_MS = 3 * 24 * 60 * 60_000;

/**
 * One query, and one request for what was said lately, where nothing is under way and the configuration names no other label; one more for each fifty
 * attempts that are over, for what is said of what they delivered, and what that leads to.
 * @param sinceMs what was said before it is not looked at for an answer: earlier looks have found it; default: three days back
 */
export async function rescan(place: Workplace, tools: LostCommandTools, { sinceMs = 0 }: { readonly sinceMs?: number } = {}): Promise<void> {
  const nowMs = tools.clock.nowMs();
  const from = Math.max(sinceMs, nowMs - RECENT_MS);
  const labelled = await readLabelled(place, isoSeconds(from));
  const { issues, dashboard, stoppedBy } = labelled;
  // Nothing is started then, and what is at work ends.
  if (stoppedBy !== null) {
    noteDashboard(place, tools, dashboard);
    dashboardChanged(place, tools);
    return stopAll(place, tools, 1);
  }
  const ended: StatusMarker[] = [];
  for (const issue of issues) {
    const status = await openStatusBoard(place, tools, issue.number).readShown(issue.comments);
    const by = status?.marker.by ?? null;
    const missed = decideRescan({ status: status === null ? null : { ...status.marker, updatedAt: status.comment.updatedAt }, labelled: issue.labelled, head: issue.pull?.fork === false ? issue.pull.headSha : undefined }, nowMs);
    // Where it is locked nothing new can be told, and its label's own webhook was logged once; unlocked, it is found again. What was begun goes on.
    if (issue.locked && (missed.kind === "label" || missed.kind === "push" || missed.kind === "nothing")) continue;
    catchUp(place, tools, { issue, missed, by });
    if (missed.kind === "nothing" && status?.marker.state === "ended" && issue.pull === undefined) ended.push(status.marker);
  }
  noteDashboard(place, tools, dashboard);
  dashboardChanged(place, tools);
  await orLogged(place, tools, { what: "what is armed could not be looked through", again: true }, () => lookForTakenBack(place, tools, labelled));
  await lookAtDeliveries(place, tools, { ended, config: labelled.config, sinceMs: from });
  // Last of all: after an outage whoever calls looks again, as far back.
  await orLogged(place, tools, { what: "what was said lately could not be looked through", again: true }, async () => {
    const recent = await findRecentComments({ ...place, author: tools.author }, { since: isoSeconds(nowMs - RECENT_MS) });
    lookAtUnlabelled(place, tools, { recent, labelled, sinceMs: from });
    await lookForLostStarts(place, tools, { recent, labelled, sinceMs: from });
    await lookForCommands(place, tools, { recent, sinceMs: from });
  });
}

/** What is armed (one query more for each hundred pull requests, where a hundred or more are open) for an issue that is closed, or does not have the label any more: nobody heard that the work was taken back. */
async function lookForTakenBack(place: Workplace, tools: LookTools, { issues, pulls, config }: Labelled): Promise<void> {
  // By a config that cannot be read it is not known which label that is.
  if (config === "missing" || !config.ok) return;
  const wanted = new Set(issues.flatMap(({ number, pull }) => (pull === undefined ? [number] : [])));
  const armed = pulls.length < MOST_PULLS ? pulls.filter((pull) => pull.armed && !pull.fork) : await readAllArmedByBots(place.github, { ...place.repository, id: place.repositoryId });
  for (const { branch, headSha } of armed) {
    const head = deliveredHeadOf(branch, headSha);
    if (head !== null && !wanted.has(head.issueNumber)) takenBackSoon(place, tools, head);
  }
}

/**
 * What was begun and has no label is found by the App's own comments: a review that a command asked for, or where every pull request is reviewed (then one
 * that was opened and a push behind a review as well); and work on an issue that was taken back while nobody heard of it (fault 52).
 */
function lookAtUnlabelled(place: Workplace, tools: LookTools, { recent, labelled: { issues, pulls, config }, sinceMs }: { readonly recent: RecentComments; readonly labelled: Labelled; readonly sinceMs: number }): void {
  const nowMs = tools.clock.nowMs();
  const seen = new Set(issues.map(({ number }) => number));
  const wanted = wishesOf(config).wanted === "all" ? pulls.filter(({ fork }) => !fork) : [];
  const heads = new Map(wanted.map(({ number, headSha }) => [number, headSha]));
  for (const { issueNumber, body, updatedAt } of recent.own) {
    const marker = parseStatusMarker(body);
    if (marker?.issueNumber !== issueNumber || seen.has(issueNumber)) continue;
    seen.add(issueNumber);
    if (marker.head === undefined && isAtWork(marker)) takenBackSoon(place, tools, { issueNumber });
    const missed = decideRescan({ status: { ...marker, updatedAt }, labelled: null, head: heads.get(issueNumber) }, nowMs);
    if (missed.kind === "push") unlabelledSoon(place, tools, { issueNumber, by: marker.by, cause: missed.kind, read: textOf(place, issueNumber) });
    else goOnWith(place, tools, { issueNumber, missed });
  }
  for (const { number: issueNumber, by, draft, openedAt } of wanted) {
    const openedMs = Date.parse(openedAt);
    if (by !== null && !draft && !seen.has(issueNumber) && openedMs >= sinceMs && nowMs - openedMs >= UNDER_WAY_MS) unlabelledSoon(place, tools, { issueNumber, by, cause: "opened", read: textOf(place, issueNumber) });
  }
}

const textOf = (place: Workplace, number: number): Unlabelled["read"] => () => readTaskText(place.github, { ...place.repository, id: place.repositoryId }, { number, isPullRequest: true });

function catchUp(place: Workplace, tools: LookTools, { issue, missed, by }: { readonly issue: LabelledIssue; readonly missed: Missed; readonly by: StatusMarker["by"] }): void {
  switch (missed.kind) {
    case "label": {
      const delivery = labelOf(place, issue, missed.label);
      // The head that it was set at is not known any more: for a fork's, nobody has vouched.
      return catchUpSoon(place, tools, { issueNumber: issue.number, kind: missed.kind, name: "starting work", work: () => (issue.pull === undefined ? startWork(place, tools, delivery) : startReview(place, tools, { ...delivery, cause: "label", headSha: null })) });
    }
    case "push":
      return unlabelledSoon(place, tools, { issueNumber: issue.number, by, cause: missed.kind, read: () => Promise.resolve(issue) });
    default:
      return goOnWith(place, tools, { issueNumber: issue.number, missed });
  }
}

/** A review that no label is set for now. */
interface Unlabelled {
  readonly issueNumber: number;
  readonly cause: "opened" | "push";
  /** Who opened it, or asked for the last review: the next one is in the same name. */
  readonly by: StatusMarker["by"];
  /** The text of the pull request; null where it is gone. */
  readonly read: () => Promise<TextShown | null>;
}

function unlabelledSoon(place: Workplace, tools: LookTools, { issueNumber, by, cause, read }: Unlabelled): void {
  if (by === null || by === undefined) return;
  catchUpSoon(place, tools, {
    issueNumber,
    kind: cause,
    name: cause === "push" ? "reviewing a push" : "reviewing a new pull request",
    async work() {
      const text = await read();
      return text === null ? null : startReview(place, tools, { ...labelOf(place, { ...text, number: issueNumber }, { label: "", setAt: new Date(tools.clock.nowMs()).toISOString(), by }), cause, headSha: null });
    },
  });
}

/** What was begun, and is known by its status comment alone. */
function goOnWith(place: Workplace, tools: LookTools, { issueNumber, missed }: { readonly issueNumber: number; readonly missed: Missed }): void {
  switch (missed.kind) {
    case "nothing":
    case "label":
    case "push":
      return;
    case "look-at-run":
      tools.follower.forget(missed.runId);
      return lookAtRun(place, tools, { subject: subjectOf(place.repositoryId, issueNumber), runId: missed.runId });
    case "try-again":
      return catchUpSoon(place, tools, { issueNumber, kind: missed.kind, name: "trying again", work: () => tryAgain(place, tools, issueNumber) });
    case "start-again":
      return catchUpSoon(place, tools, { issueNumber, kind: missed.kind, name: "starting again", work: () => startAgain(place, tools, issueNumber) });
    default:
      return unreachable(missed);
  }
}

interface CatchUp {
  readonly issueNumber: number;
  readonly kind: Missed["kind"] | Unlabelled["cause"];
  readonly name: string;
  /** The run that was dispatched; null for none. */
  readonly work: () => Promise<number | null>;
}

function catchUpSoon(place: Workplace, tools: LookTools, { issueNumber, kind, name, work }: CatchUp): void {
  const subject = subjectOf(place.repositoryId, issueNumber);
  tools.queue.add(subject, {
    name,
    coalesce: `rescan ${kind}`,
    async run() {
      const runId = await work();
      if (runId !== null) followRun(place, tools, { subject, runId });
    },
  });
}

type TextShown = Pick<LabelledIssue, "title" | "body" | "editedAt">;

/** What the label's webhook would have said, as far as it is still known. */
function labelOf(place: Workplace, { number, title, body, editedAt }: TextShown & Pick<LabelledIssue, "number">, { label, setAt, by }: LabelFound & { readonly by: NonNullable<LabelFound["by"]> }) {
  const labelledAt = new Date(setAt).toISOString();
  return {
    event: { repository: { id: place.repositoryId, ...place.repository }, issueNumber: number, label, sender: by, task: { title, body }, labelledAt },
    deliveryId: `rescan-${labelledAt}`,
    editedSince: editedAt !== null && Date.parse(editedAt) >= Date.parse(setAt),
  };
}
