import { isPull, type CheckRun, type CheckSuite } from "../records.ts";
import { known, select } from "../state.ts";
import { appJson } from "./accounts.ts";
import { apiUrl, pageUrl } from "./repository.ts";
import { nodeId, type View } from "./view.ts";

export function checkRunJson(view: View, run: CheckRun) {
  const repository = known(view.state.repositories, run.repositoryId, "repository");
  const url = `${apiUrl(view, repository)}/check-runs/${run.id}`;
  const page = `${pageUrl(view, repository)}/runs/${run.id}`;
  return {
    id: run.id,
    node_id: nodeId("CR", run.id),
    head_sha: run.headSha,
    external_id: run.externalId,
    url,
    html_url: page,
    details_url: run.detailsUrl ?? page,
    status: run.status,
    conclusion: run.conclusion,
    started_at: run.startedAt,
    completed_at: run.completedAt,
    output: { ...run.output, annotations_count: run.annotations.length, annotations_url: `${url}/annotations` },
    name: run.name,
    check_suite: { id: run.suiteId },
    app: appJson(view, run.appSlug),
    pull_requests: pullsAt(view, run.repositoryId, run.headSha),
  };
}

/** As a webhook has it. Rerequested it is queued, and what its check runs come to is for the App to say. */
export function checkSuiteJson(view: View, suite: CheckSuite) {
  const repository = known(view.state.repositories, suite.repositoryId, "repository");
  const url = `${apiUrl(view, repository)}/check-suites/${suite.id}`;
  const pulls = pullsAt(view, suite.repositoryId, suite.headSha);
  const runs = select(view.state.checkRuns, (run) => run.suiteId === suite.id);
  return {
    id: suite.id,
    node_id: nodeId("CS", suite.id),
    head_branch: pulls[0]?.head.ref ?? null,
    head_sha: suite.headSha,
    status: "queued",
    conclusion: null,
    url,
    before: null,
    after: suite.headSha,
    pull_requests: pulls,
    app: appJson(view, suite.appSlug),
    created_at: suite.createdAt,
    updated_at: suite.createdAt,
    rerequestable: true,
    runs_rerequestable: true,
    latest_check_runs_count: runs.length,
    check_runs_url: `${url}/check-runs`,
  };
}

/** `pull-request-minimal` of the open pull requests with a head; those of a fork's head GitHub does not name (docs: checks). */
export function pullsAt(view: View, repositoryId: number, sha: string) {
  const repository = known(view.state.repositories, repositoryId, "repository");
  const repo = { id: repository.id, url: apiUrl(view, repository), name: repository.name };
  return select(view.state.issues, (issue) => issue.repositoryId === repositoryId && issue.state === "open")
    .filter(isPull)
    .filter(({ pull }) => pull.head.sha === sha && pull.head.forkId === undefined)
    .map(({ number, pull }) => ({
      id: pull.id,
      number,
      url: `${apiUrl(view, repository)}/pulls/${number}`,
      head: { ref: pull.head.ref, sha: pull.head.sha, repo },
      base: { ...pull.base, repo },
    }));
}
