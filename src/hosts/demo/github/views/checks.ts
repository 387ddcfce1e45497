import { isPull, type CheckRun } from "../records.ts";
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

/** `pull-request-minimal` of the open pull requests with a head. */
export function pullsAt(view: View, repositoryId: number, sha: string) {
  const repository = known(view.state.repositories, repositoryId, "repository");
  const repo = { id: repository.id, url: apiUrl(view, repository), name: repository.name };
  return select(view.state.issues, (issue) => issue.repositoryId === repositoryId && issue.state === "open")
    .filter(isPull)
    .filter(({ pull }) => pull.head.sha === sha)
    .map(({ number, pull }) => ({
      id: pull.id,
      number,
      url: `${apiUrl(view, repository)}/pulls/${number}`,
      head: { ...pull.head, repo },
      base: { ...pull.base, repo },
    }));
}
