import type { QueuedRun } from "../../github/actions-port.ts";
import { runnerContext, runValues, type JobFacts } from "../job-environment.ts";
import type { IdentityClaims } from "./identity-service.ts";

export interface IdentityOf {
  readonly run: QueuedRun;
  readonly workflowName: string;
  readonly jobId: number;
  readonly environment: string | undefined;
  readonly apiUrl: string;
  readonly directory: JobFacts["directory"];
}

/** What GitHub vouches for about a job; every value is text, ids too. */
export function identityClaims({ run, workflowName, jobId, environment, apiUrl, directory }: IdentityOf): IdentityClaims {
  const values = runValues(run, workflowName, apiUrl);
  const shared = ["actor", "actor_id", "event_name", "ref", "ref_type", "repository", "repository_id", "repository_owner", "repository_owner_id", "run_attempt", "run_id", "sha", "workflow", "workflow_ref", "workflow_sha", "head_ref", "base_ref"];
  const place = environment === undefined ? `ref:${values["ref"] ?? ""}` : `environment:${environment}`;
  return {
    ...Object.fromEntries(shared.map((name) => [name, values[name] ?? ""])),
    sub: `repo:${run.repository.owner}@${run.repository.ownerId}/${run.repository.name}@${run.repository.id}:${place}`,
    job_workflow_ref: values["workflow_ref"] ?? "",
    job_workflow_sha: run.headSha,
    check_run_id: String(jobId),
    repository_visibility: run.repository.private ? "private" : "public",
    runner_environment: runnerContext({ directory })["environment"] ?? "",
    ...(environment === undefined ? {} : { environment }),
  };
}
