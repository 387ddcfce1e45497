/**
 * Whether a job may have a token of the App: every claim of its identity token against the ticket and against what GitHub shows now. Pure.
 *
 * I10. A ticket alone is no right: it is readable in the run's page. A job of the run in progress, of the file on the default branch, is.
 */
import type { FileAtRef, JobFacts, RepositoryFacts, RunFacts } from "../../../github/read/index.ts";
import type { Ticket } from "../../../github/trust/index.ts";
import { WORKFLOW_PATH } from "../../../intake/index.ts";
import { DELIVER_JOB, wrongDeliverJob } from "./deliver-job.ts";
import type { Claims, Wrong } from "./id-token.ts";

/** As templates/worktrain.yml calls it. */
const DELIVER_ENVIRONMENT = "worktrain-deliver";

export interface ExchangeFacts {
  readonly ticket: Ticket;
  /** Who the repository belongs to by its installation of the App. */
  readonly ownerId: number;
  readonly repository: RepositoryFacts;
  readonly run: RunFacts;
  /** Of the run. */
  readonly jobs: readonly JobFacts[];
  /** The workflow file at the commit that the run took it from, and on the default branch now. */
  readonly workflowThen: FileAtRef | null;
  readonly workflowNow: FileAtRef | null;
  /** User id of the App's account. */
  readonly botId: number;
  /** Whether runners that GitHub does not host may have tokens. */
  readonly selfHosted: boolean;
  /** WorkTrain's action as the operator pinned it, with earlier pins that may publish still. */
  readonly actions: readonly string[];
}

type Must = readonly [claim: string, holds: boolean, why: string];

/** The first claim that does not hold; null when all do. */
export function wrongClaim(claims: Claims, facts: ExchangeFacts): Wrong | null {
  const wrong = [...ofRepository(claims, facts), ...ofRun(claims, facts), ...ofFile(claims, facts), ...ofJob(claims, facts)].find(([, holds]) => !holds);
  return wrong === undefined ? null : { claim: wrong[0], why: wrong[2] };
}

const ofRepository = (claims: Claims, { ticket, repository, ownerId }: ExchangeFacts): readonly Must[] => [
  ["repository_id", claims.repository_id === ticket.repositoryId, `it is ${claims.repository_id}, the ticket is for ${ticket.repositoryId}`],
  ["repository_id", claims.repository_id === repository.id, `${claims.repository} is ${repository.id} now`],
  ["repository_owner_id", claims.repository_owner_id === ownerId, `it is ${claims.repository_owner_id}, the installation belongs to ${ownerId}`],
];

const ofRun = (claims: Claims, { ticket, repository, run, botId }: ExchangeFacts): readonly Must[] => [
  ["event_name", claims.event_name === "workflow_dispatch" && run.event === "workflow_dispatch", `it is ${claims.event_name}`],
  ["ref", claims.ref === `refs/heads/${repository.defaultBranch}` && run.headBranch === repository.defaultBranch, `it is ${claims.ref}`],
  ["actor_id", claims.actor_id === botId && run.actor?.id === botId, `it is ${claims.actor_id}, the App is ${botId}`],
  ["run_id", claims.run_id === run.id && run.repositoryId === repository.id && run.headRepositoryId === repository.id, "the run is of another repository or a fork"],
  ["run_attempt", claims.run_attempt === 1 && run.attempt === 1, "a re-run gets nothing"],
  ["run_id", run.status === "in_progress", `the run is ${run.status ?? "in no state"}`],
  // As `run-name` of templates/worktrain.yml gives it, of an item's run and of one that answers a question alike.
  ["run_id", run.displayTitle === `WorkTrain ${ticket.item} ${ticket.key}`, "the run does not bear the ticket's item and key in its name"],
];

function ofFile(claims: Claims, { repository, run, workflowThen, workflowNow, actions }: ExchangeFacts): readonly Must[] {
  const ref = `${repository.owner}/${repository.repo}/${WORKFLOW_PATH}@refs/heads/${repository.defaultBranch}`;
  const foreign = wrongDeliverJob(workflowThen?.text ?? "", actions);
  return [
    ["workflow_ref", claims.workflow_ref === ref && run.path === WORKFLOW_PATH, `it is ${claims.workflow_ref}`],
    ["workflow_sha", (workflowThen?.text ?? null) !== null && workflowThen?.text === workflowNow?.text, "the workflow file on the default branch is another one now"],
    // The job's steps stand in the file itself: one that calls a workflow of somebody else's is not the one that was vouched for.
    ["job_workflow_ref", claims.job_workflow_ref === claims.workflow_ref, `it is ${claims.job_workflow_ref}`],
    ["job_workflow_sha", claims.job_workflow_sha === claims.workflow_sha, `it is ${claims.job_workflow_sha}`],
    [foreign?.claim ?? "job_workflow_ref", foreign === null, foreign?.why ?? ""],
  ];
}

function ofJob(claims: Claims, { jobs, selfHosted }: ExchangeFacts): readonly Must[] {
  const job = jobs.find(({ id }) => id === claims.check_run_id);
  return [
    ["check_run_id", job !== undefined, "it is no job of the run"],
    ["check_run_id", job?.name === DELIVER_JOB, `it is the job ${job?.name ?? ""}`],
    ["check_run_id", job?.status === "in_progress", `the job is ${job?.status ?? ""}`],
    // Private repositories have environments on some plans only; without, the job says none.
    ["environment", claims.environment === DELIVER_ENVIRONMENT || (claims.environment === undefined && claims.repository_visibility !== "public"), `it is ${claims.environment ?? "not there"}`],
    ["runner_environment", claims.runner_environment === "github-hosted" || (selfHosted && claims.runner_environment === "self-hosted"), `it is ${claims.runner_environment}`],
  ];
}
