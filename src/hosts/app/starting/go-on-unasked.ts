/**
 * Goes on with an attempt that nobody asked for anew: as if whoever did ask had done so again, with the same checks on the same path.
 *
 * I10. Label, issue, text and the permission of that person are read by API at this moment, whenever the run before ended.
 * I2. The continuation's dispatch key follows from the attempt, so that two replicas come to the same run.
 */
import { isAtLeast, type CommandRole } from "../../../config/index.ts";
import { readPermission } from "../../../github/read/index.ts";
import { permissionVerdict } from "../../../github/trust/index.ts";
import { authorise, decideStart, DEFAULT_LABEL, MOST_TRIES, type ConfigState, type LabeledEvent, type PriorAttempt, type StartDecision } from "../../../intake/index.ts";
import type { StatusMarker } from "../../../report/status-marker.ts";
import { unreachable } from "../../../shared/unreachable.ts";
import { reviewGoesOn } from "./start-review.ts";
import { setStage } from "./stage.ts";
import { start, type StartTools } from "./start.ts";
import { openStatusBoard, type Status } from "../runs/status-board.ts";
import type { Workplace } from "../workplace.ts";

/** Runs in a row that the App dispatches after runs that were cut off (fault 39). */
const MOST_UNASKED = 5;

export type GoingOn =
  /** A run was dispatched, or why it was not is in the status comment. */
  | { readonly kind: "handled"; readonly runId: number | null }
  /** It waits for a person; the reason ends "It is not gone on with by itself: ...". */
  | { readonly kind: "left"; readonly reason: string };

/** Why there is something to go on with. `not-started`: the App ended between saying that it starts a run and hearing of one. */
export type Because = "cut-off" | "outage" | "not-started";

export interface Unasked {
  /** The comment that tells of the run before, or of the dispatch that never was. */
  readonly status: Status;
  readonly because: Because;
  /** ISO time up to which a run that was lost had saved. */
  readonly kept?: string | undefined;
}

export async function goOnUnasked(place: Workplace, tools: StartTools, { status, because, kept }: Unasked): Promise<GoingOn> {
  const { marker } = status;
  const left = (reason: string): GoingOn => {
    tools.log.info("not gone on with", { repository: place.repositoryId, issue: marker.issueNumber, run: marker.runId, reason });
    return { kind: "left", reason };
  };
  const { by } = marker;
  if (by === undefined || by === null) return left("it is not known any more who asked for it");
  const counts = countedOn(marker, because);
  if (counts === null) return left(because === "outage" ? `it was tried ${MOST_TRIES} times in a row` : `it was gone on with ${MOST_UNASKED} times in a row`);
  const stage = await setStage(place, marker.issueNumber);
  if (stage === null) return left("the repository is not there any more");
  const { here, facts, config } = stage;
  const under = marker.head === undefined ? null : await reviewGoesOn(stage, marker.issueNumber, marker.head);
  if (typeof under === "string") return left(under);
  const issue = under?.issue ?? stage.issue;
  const authorisation = authorise(permissionVerdict(await readPermission(here.github, here.repository, by.login), by.id));
  if (authorisation.kind !== "allowed" || !isAtLeast(authorisation.role, leastFor(marker.word, config))) return left(`\`${by.login}\`, who asked for it, may not start work any more, or GitHub does not say so`);
  const event: LabeledEvent = {
    repository: { id: facts.id, ...here.repository },
    issueNumber: marker.issueNumber,
    label: config !== "missing" && config.ok ? config.value.label : DEFAULT_LABEL,
    sender: by,
    task: { title: issue?.title ?? "", body: issue?.body ?? "" },
    labelledAt: marker.labelledAt,
  };
  const decision = decideStart(event, { ...stage, issue, repository: facts, ...(under === null ? {} : { review: marker.word === undefined ? under.wish : { ...under.wish, labelled: false } }), prior: priorOf(marker, because), unasked: true });
  if (decision.kind !== "start") return left(wordsOf(decision));
  // The attempt whose dispatch never was is on the text of its key, whatever the issue says now.
  if (because === "not-started" && decision.key !== marker.key) return left(TEXT_CHANGED);
  const scene = { place: here, facts, board: openStatusBoard(here, tools, marker.issueNumber), status, runs: null, workflowText: stage.workflowText };
  const unasked = { auto: counts.auto || undefined, tries: counts.tries || undefined, kept: because === "not-started" ? marker.kept : kept };
  const { runId } = await start(scene, tools, { event, deliveryId: marker.word === undefined ? `run-${marker.runId ?? "unknown"}` : String(marker.word.commentId), decision: under === null ? decision : { ...decision, baseSha: under.mergeBase }, role: authorisation.role, unasked, ...(under === null ? {} : { review: { headSha: under.wish.headSha } }) });
  return { kind: "handled", runId };
}

/** What the config asks of whoever gives the command at whose word a review goes on (I10). */
const leastFor = (word: StatusMarker["word"], config: ConfigState): CommandRole => {
  if (word === undefined || config === "missing" || !config.ok) return "write";
  return Object.entries(config.value.permissions).find(([name]) => name === word.command)?.[1] ?? "admin";
};

/** How often in a row nobody asked, this time included; null when that is often enough. */
function countedOn({ auto = 0, tries = 0 }: StatusMarker, because: Because): { readonly auto: number; readonly tries: number } | null {
  switch (because) {
    case "cut-off":
      return auto >= MOST_UNASKED ? null : { auto: auto + 1, tries };
    case "outage":
      return tries >= MOST_TRIES ? null : { auto, tries: tries + 1 };
    case "not-started":
      return { auto, tries };
    default:
      return unreachable(because);
  }
}

const priorOf = ({ attempt, continuation, key, labelledAt, command: commentId, wish }: StatusMarker, because: Because): PriorAttempt => ({
  attempt,
  continuation,
  key,
  labelledAt,
  commentId,
  wish,
  state: because === "not-started" ? "unstarted" : "interrupted",
});

const TEXT_CHANGED = "the issue's text was changed since";

function wordsOf(decision: Exclude<StartDecision, { kind: "start" }>): string {
  if (decision.kind === "refuse") return decision.refusal.message.replace(/\.$/, "");
  switch (decision.reason) {
    case "issue-gone":
      return "the issue is not there any more";
    case "issue-closed":
      return "the issue is closed";
    case "locked":
      return "the conversation is locked, where GitHub lets no App comment";
    case "label-gone":
      return "the label was taken off";
    case "pull-request":
      return "it is a pull request";
    case "text-changed":
      return TEXT_CHANGED;
    case "already-handled":
    case "already-running":
      return "another run is under way";
    default:
      return unreachable(decision.reason);
  }
}
