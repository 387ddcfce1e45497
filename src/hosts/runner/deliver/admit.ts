/**
 * Whether this run may act at all: it is the first attempt of a run the App dispatched, of the workflow file on the
 * default branch, with a ticket for exactly this (P-re-run, attacks 14 and 19). Nothing here comes from the agent job.
 */
import type { GitHub, Repository } from "../../../github/client.ts";
import { readRun, type RunFacts } from "../../../github/read/index.ts";
import { verifyTicket, type Ticket } from "../../../github/trust/index.ts";
import { parseAskId, parseItemId } from "../../../record/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { DeliverSettings } from "./settings.ts";

export interface Admitted {
  readonly ticket: Ticket;
  readonly run: RunFacts;
  /** As the runner names it; GitHub's present name is read with everything else before the first write. */
  readonly repository: Repository;
  readonly repositoryId: number;
}

export type AdmissionRefusal = Refusal<"re-run" | "bad-ticket" | "wrong-run">;

const LABEL_AGAIN = "Remove the label and add it again, so that the App dispatches a new run.";

export async function admit(github: GitHub, settings: DeliverSettings): Promise<Result<Admitted, AdmissionRefusal>> {
  if (settings.runAttempt !== 1) return reRun(settings.runAttempt);
  const { repositoryId, owner, repo } = settings;
  const repository = { owner, repo };
  const run = await readRun(github, repository, settings.runId);
  if (run === null) return refuse("wrong-run", `GitHub does not know run ${settings.runId}.`, LABEL_AGAIN);
  if (run.attempt !== 1) return reRun(run.attempt);
  const ticket = verifyTicket(settings.ticket, settings.publicKey, { runCreatedAt: run.createdAt });
  if (!ticket.ok) return refuse("bad-ticket", ticket.error.message, ticket.error.fix);
  const mismatch = otherTicket(settings, ticket.value) ?? otherRun(settings, { ticket: ticket.value, run });
  return mismatch === null ? ok({ ticket: ticket.value, run, repository, repositoryId }) : err(mismatch);
}

function otherTicket(settings: DeliverSettings, ticket: Ticket): AdmissionRefusal | null {
  const agrees = ticket.key === settings.key && ticket.item === settings.item && ticket.repositoryId === settings.repositoryId && (ticket.ask === undefined ? isWork(ticket) : isQuestion(ticket, ticket.ask.about));
  return agrees ? null : { kind: "bad-ticket", message: "The run's ticket was made for another run, item or repository.", fix: LABEL_AGAIN };
}

function isWork(ticket: Ticket): boolean {
  const item = parseItemId(ticket.item);
  return item?.repositoryId === ticket.repositoryId && item.subject === `${ticket.review === undefined ? "issue" : "pr"}-${ticket.issueNumber}`;
}

/** It is about an item of the same repository, and answered where it was asked. */
function isQuestion(ticket: Ticket, about: string): boolean {
  const [asked, item] = [parseAskId(ticket.item), parseItemId(about)];
  return asked?.repositoryId === ticket.repositoryId && asked.issueNumber === ticket.issueNumber && String(asked.commentId) === ticket.trigger.id && item?.repositoryId === ticket.repositoryId;
}

/** What must be so of the run by GitHub's API, each with the words for when it is not. */
function otherRun(settings: DeliverSettings, { ticket, run }: Pick<Admitted, "ticket" | "run">): AdmissionRefusal | null {
  const musts: readonly (readonly [boolean, string])[] = [
    [run.repositoryId === settings.repositoryId && run.headRepositoryId === settings.repositoryId, "is of another repository or a fork"],
    [run.event === "workflow_dispatch", `was started by ${run.event}, not by a dispatch`],
    [run.path === workflowPath(settings), `runs ${run.path}, this job is of ${workflowPath(settings)}`],
    [run.headBranch === ticket.base.ref, `runs on branch ${run.headBranch}, not on ${ticket.base.ref} as the App dispatched it`],
    [run.displayTitle.split(" ").includes(ticket.key) && run.displayTitle.split(" ").includes(ticket.item), "does not bear the ticket's item and key in its name"],
  ];
  const wrong = musts.find(([holds]) => !holds);
  return wrong === undefined ? null : { kind: "wrong-run", message: `Run ${run.id} ${wrong[1]}.`, fix: `Runs are started by the App only. ${LABEL_AGAIN}` };
}

/** `.github/workflows/worktrain.yml` out of `owner/repo/.github/workflows/worktrain.yml@refs/heads/main`. */
const workflowPath = ({ workflowRef }: DeliverSettings): string => workflowRef.split("@")[0]?.split("/").slice(2).join("/") ?? "";

const reRun = (attempt: number): Result<never, AdmissionRefusal> =>
  refuse("re-run", `This is attempt ${attempt} of the run. A re-run does not act: it would bring an older workflow file and the first actor's rights.`, LABEL_AGAIN);

const refuse = (kind: AdmissionRefusal["kind"], message: string, fix: string): Result<never, AdmissionRefusal> => err({ kind, message, fix });
