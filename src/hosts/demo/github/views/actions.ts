import type { Artifact, Job, Run, WorkflowFile } from "../records.ts";
import { known } from "../state.ts";
import { userJson } from "./accounts.ts";
import { pullsAt } from "./checks.ts";
import { apiUrl, pageUrl, repositoryJson } from "./repository.ts";
import { nodeId, type View } from "./view.ts";

/** Default retention of artifacts: 90 days (GitHub docs, Actions limits). */
export const ARTIFACT_RETENTION_MS = 90 * 24 * 60 * 60 * 1000;

export function workflowJson(view: View, workflow: WorkflowFile) {
  const repository = known(view.state.repositories, workflow.repositoryId, "repository");
  return {
    id: workflow.id,
    node_id: nodeId("W", workflow.id),
    name: workflow.name,
    path: workflow.path,
    state: "active",
    created_at: workflow.createdAt,
    updated_at: workflow.createdAt,
    url: `${apiUrl(view, repository)}/actions/workflows/${workflow.id}`,
    html_url: `${pageUrl(view, repository)}/blob/${repository.defaultBranch}/${workflow.path}`,
    badge_url: `${pageUrl(view, repository)}/workflows/${encodeURIComponent(workflow.name)}/badge.svg`,
  };
}

const headRepositoryOf = ({ state }: View, { repositoryId, pull }: Run) => known(state.repositories, pull?.forkId ?? repositoryId, "repository");

export function runJson(view: View, run: Run) {
  const repository = known(view.state.repositories, run.repositoryId, "repository");
  const workflow = known(view.state.workflows, run.workflowId, "workflow");
  const url = `${apiUrl(view, repository)}/actions/runs/${run.id}`;
  const { headCommit } = run;
  return {
    id: run.id,
    name: workflow.name,
    node_id: nodeId("WFR", run.id),
    check_suite_id: run.id,
    check_suite_node_id: nodeId("CS", run.id),
    head_branch: run.headBranch,
    head_sha: run.headSha,
    path: workflow.path,
    run_number: run.runNumber,
    run_attempt: run.attempt,
    referenced_workflows: [],
    display_title: run.displayTitle,
    event: run.event,
    status: run.status,
    conclusion: run.conclusion,
    workflow_id: run.workflowId,
    url,
    html_url: `${pageUrl(view, repository)}/actions/runs/${run.id}`,
    pull_requests: pullsAt(view, run.repositoryId, run.headSha),
    created_at: run.createdAt,
    updated_at: run.updatedAt,
    run_started_at: run.startedAt,
    actor: userJson(view, run.actor),
    triggering_actor: userJson(view, run.actor),
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${apiUrl(view, repository)}/check-suites/${run.id}`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    previous_attempt_url: null,
    workflow_url: `${apiUrl(view, repository)}/actions/workflows/${workflow.id}`,
    head_commit: {
      id: headCommit.id,
      tree_id: headCommit.treeId,
      message: headCommit.message,
      timestamp: headCommit.timestamp,
      author: headCommit.author,
      committer: headCommit.committer,
    },
    repository: repositoryJson(view, repository),
    head_repository: repositoryJson(view, headRepositoryOf(view, run)),
  };
}

export function jobJson(view: View, job: Job) {
  const repository = known(view.state.repositories, job.repositoryId, "repository");
  const run = known(view.state.runs, job.runId, "run");
  const workflow = known(view.state.workflows, run.workflowId, "workflow");
  const api = `${apiUrl(view, repository)}/actions`;
  return {
    id: job.id,
    node_id: nodeId("CR", job.id),
    run_id: run.id,
    run_url: `${api}/runs/${run.id}`,
    run_attempt: run.attempt,
    workflow_name: workflow.name,
    head_branch: run.headBranch,
    head_sha: run.headSha,
    url: `${api}/jobs/${job.id}`,
    html_url: `${pageUrl(view, repository)}/actions/runs/${run.id}/job/${job.id}`,
    check_run_url: `${apiUrl(view, repository)}/check-runs/${job.id}`,
    name: job.name,
    status: job.status,
    conclusion: job.conclusion,
    created_at: job.createdAt,
    started_at: job.startedAt,
    completed_at: job.completedAt,
    labels: ["ubuntu-latest"],
    runner_id: 1,
    runner_name: "local",
    runner_group_id: 1,
    runner_group_name: "local",
    steps: [],
  };
}

export function artifactJson(view: View, artifact: Artifact) {
  const repository = known(view.state.repositories, artifact.repositoryId, "repository");
  const run = known(view.state.runs, artifact.runId, "run");
  const url = `${apiUrl(view, repository)}/actions/artifacts/${artifact.id}`;
  return {
    id: artifact.id,
    node_id: nodeId("AR", artifact.id),
    name: artifact.name,
    size_in_bytes: artifact.size,
    digest: artifact.digest,
    url,
    archive_download_url: `${url}/zip`,
    expired: artifact.expired,
    created_at: artifact.createdAt,
    updated_at: artifact.createdAt,
    expires_at: new Date(Date.parse(artifact.createdAt) + ARTIFACT_RETENTION_MS).toISOString().replace(".000Z", "Z"),
    workflow_run: { id: run.id, repository_id: repository.id, head_repository_id: headRepositoryOf(view, run).id, head_branch: run.headBranch, head_sha: run.headSha },
  };
}
