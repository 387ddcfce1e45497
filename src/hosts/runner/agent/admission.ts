/**
 * What must hold before this job spends anything: the ticket is the App's, for this run; the task is the text as labelled.
 */
import type { GitHub, Repository } from "../../../github/client.ts";
import { readIssue, readRefHead, readRun, type RunFacts } from "../../../github/read/index.ts";
import { decodeTask, taskDigest, TASK_NOT_CARRIED, verifyTicket, withGoal, type TaskText, type Ticket } from "../../../github/trust/index.ts";
import { parseAskId, recordRefOf } from "../../../record/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { JobSettings } from "../settings.ts";

export interface Admitted {
  readonly ticket: Ticket;
  readonly run: RunFacts;
  readonly task: TaskText;
  /** What the item's record ref points to as this run begins, before anything is restored: its delivery goes on from there or is fenced. */
  readonly committed: string | null;
}

/** Checks ticket and task of this run. A refusal means: nothing runs, nothing is delivered. */
export async function admit(github: GitHub, settings: JobSettings): Promise<Result<Admitted, Refusal<"bad-ticket">>> {
  const repository = { owner: settings.owner, repo: settings.repo };
  const run = await readRun(github, repository, settings.runId);
  if (run === null) return refuse(`GitHub does not know run ${settings.runId}.`, "Label the issue again.");
  const ticket = verifyTicket(settings.ticket, settings.publicKey, { runCreatedAt: run.createdAt });
  if (!ticket.ok) return refuse(ticket.error.message, ticket.error.fix);
  const { key, item, repositoryId } = ticket.value;
  if (key !== settings.key || item !== settings.item || repositoryId !== settings.repositoryId || run.repositoryId !== repositoryId)
    return refuse("The run's ticket was made for another run.", "Label the issue again; runs are started by the App only.");
  // What a ticket asks and what its run is named for are one: neither spends for a question nor reads for work.
  if ((ticket.value.ask === undefined) !== (parseAskId(item) === null)) return refuse("The run's ticket asks for something else than the run is named for.", "Write the command again; runs are started by the App only.");
  // As the deliver job asks: a ticket that somebody uses for a run of their own must not spend what nobody will publish (attack 20).
  const words = run.displayTitle.split(" ");
  const isTicketsRun = run.event === "workflow_dispatch" && run.headRepositoryId === repositoryId && run.headBranch === ticket.value.base.ref && words.includes(key) && words.includes(item);
  if (!isTicketsRun) return refuse(`Run ${run.id} is not the one the App dispatched with this ticket.`, "Label the issue again; runs are started by the App only.");
  if (settings.runAttempt !== 1)
    return refuse("A re-run of an old attempt does not act: it would work with old rights on an old commit.", "Label the issue again: a new run goes on from what was saved.");
  const task = await readTask(github, settings, ticket.value);
  if (task === null) return refuse("The issue's text is not the one that was labelled.", "Label the issue again, so that its present text is taken.");
  // A question delivers nothing and has no record ref.
  const committed = ticket.value.ask === undefined ? await readRefHead(github, repository, recordRefOf(item)) : null;
  return ok({ ticket: ticket.value, run, task, committed });
}

/** The task text the ticket vouches for: from the input, or from the issue where it was too long to travel. */
async function readTask(github: GitHub, settings: JobSettings, ticket: Ticket): Promise<TaskText | null> {
  const task = settings.task === TASK_NOT_CARRIED ? await fetchTask(github, settings, ticket) : decodeTask(settings.task);
  return task.ok && taskDigest(task.value) === ticket.textSha256 ? task.value : null;
}

async function fetchTask(github: GitHub, repository: Repository, ticket: Ticket): Promise<Result<TaskText, null>> {
  const issue = await readIssue(github, { owner: repository.owner, repo: repository.repo }, ticket.issueNumber);
  return issue === null ? err(null) : ok(withGoal({ title: issue.title, body: issue.body }, ticket.wish?.goal));
}

const refuse = (message: string, fix: string): Result<never, Refusal<"bad-ticket">> => err({ kind: "bad-ticket", message, fix });
