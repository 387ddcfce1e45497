/**
 * `why`, `explain` and `verify`: what only the record can answer. The App opens no artifact, so a run of its own reads it and its deliver
 * job answers. It is no run of the item: it waits for none, and nothing goes on from it.
 */
import { parseOwnBranch, readPullUnderReview, type RunFacts } from "../../../github/read/index.ts";
import { encodeTask, signTicket, taskDigest, type Ticket } from "../../../github/trust/index.ts";
import { dispatchEffect } from "../../../github/write/index.ts";
import { dispatchKey, preconditions, thenAgainBy, WORKFLOW_FILE, WORKFLOW_PATH } from "../../../intake/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import { formatAskId, formatItemId } from "../../../record/index.ts";
import { refused, type Outcome, type StarterAsked } from "./command-outcome.ts";
import { parseAskTitle } from "../runs/run-title.ts";
import { say } from "./say.ts";
import { TICKET_LIFETIME_MS } from "../starting/order.ts";
import { CLOCK_LEEWAY_MS, isoSeconds, type StartTools } from "../starting/start.ts";
import { openStatusBoard } from "../runs/status-board.ts";
import type { Workplace } from "../workplace.ts";

export interface RecordAsked extends StarterAsked {
  readonly question: NonNullable<Ticket["ask"]>["question"];
  readonly step: string | undefined;
}

export async function recordAsked(tools: StartTools, asked: RecordAsked): Promise<Outcome> {
  const { event, stage, role, question, step } = asked;
  const { here, facts } = stage;
  const about = await itemAsked(tools, asked);
  if (about === null) return refused({ message: "WorkTrain has no record of work here.", fix: "Write the command on the issue it worked on, or on the pull request that came of it.", details: [] });
  const ready = preconditions({ ...stage, repository: facts, asked: "command" });
  if (ready.kind === "refuse") return refused(ready.refusal);
  const name = { repositoryId: facts.id, issueNumber: event.issueNumber, commentId: event.commentId };
  const key = keyOf(name);
  const { turns, tokens, costUsd, minutes } = ready.config.budget;
  const ticket: Ticket = {
    v: 1,
    key,
    item: formatAskId(name),
    repositoryId: facts.id,
    trigger: { kind: "issue_comment", id: String(event.commentId), actor: event.author, verdict: role },
    command: question,
    issueNumber: event.issueNumber,
    ask: { about, question, ...(step === undefined ? {} : { step }) },
    base: { ref: facts.defaultBranch, sha: ready.baseSha },
    caps: { turns, tokens, costUsd, minutes },
    textSha256: taskDigest(NO_TASK),
    expiresAt: new Date(tools.clock.nowMs() + TICKET_LIFETIME_MS).toISOString(),
  };
  const inputs = { key, item: ticket.item, ticket: signTicket(ticket, tools.ticketKeyPem), task: encodeTask(NO_TASK) };
  try {
    await tools.effects.apply(dispatchEffect(here.github, here.repository, { workflow: WORKFLOW_FILE, ref: facts.defaultBranch, key, inputs, since: isoSeconds(Date.parse(event.createdAt) - CLOCK_LEEWAY_MS) }));
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    throw new TerminalError(error.message, `${error.fix} ${thenAgainBy("command")}`, { cause: error });
  }
  return { kind: "passed-on", answer: { refusal: null, said: null }, runId: null };
}

const NO_TASK = { title: "", body: "" };

type Asking = Parameters<typeof formatAskId>[0];

/** One run a comment, however often its event comes (I2). */
const keyOf = ({ repositoryId, issueNumber, commentId }: Asking): string =>
  dispatchKey({ kind: "issue_comment", commentId, repositoryId, subject: `ask-${issueNumber}`, textSha256: taskDigest(NO_TASK), attempt: 1, continuation: 0 });

/** The item whose record is meant: the one worked on here, or the one that this pull request is of. Null for none. */
async function itemAsked(tools: StartTools, { event, stage: { here, comments, facts } }: RecordAsked): Promise<string | null> {
  const board = openStatusBoard(here, tools, event.issueNumber);
  const status = event.isPullRequest ? await board.read() : await board.readShown(comments);
  if (status !== null) return formatItemId({ repositoryId: facts.id, subject: `${event.isPullRequest ? "pr" : "issue"}-${event.issueNumber}`, attempt: status.marker.attempt });
  const pull = event.isPullRequest ? await readPullUnderReview(here.github, here.repository, event.issueNumber) : null;
  if (pull === null || pull.headRepositoryId !== facts.id) return null;
  const own = parseOwnBranch(pull.headRef);
  return own === null ? null : formatItemId({ repositoryId: facts.id, subject: `issue-${own.issueNumber}`, attempt: own.attempt });
}

/** A run that was to answer and did not: nothing ends silent (I4). Its deliver job answers for itself where it can. */
export async function tellUnanswered(place: Workplace, tools: StartTools, run: Pick<RunFacts, "displayTitle" | "conclusion" | "htmlUrl" | "path" | "repositoryId">): Promise<void> {
  const asked = parseAskTitle(run.displayTitle);
  if (run.path !== WORKFLOW_PATH || run.repositoryId !== place.repositoryId) return;
  if (asked === null || run.conclusion === "success" || asked.repositoryId !== place.repositoryId || asked.key !== keyOf(asked)) return;
  const { answer } = refused({ message: "The run that was to answer ended without an answer.", fix: `See [the run](${run.htmlUrl}), then write the command again.`, details: [] });
  await say(place, tools, { issueNumber: asked.issueNumber, to: null }, { key: `comment=${asked.commentId}`, answer: { ...answer, notDone: [] } });
}
