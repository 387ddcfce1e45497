/** A repository with one issue as the App sees it: enough state for its handlers, changed by what they post. */
import { requestError, scriptedGitHub, type Answer, type ScriptedGitHub } from "./github.ts";

export const APP_ID = 7;

export interface WorldRun {
  id: number;
  title: string;
  status: string;
  conclusion: string | null;
  attempt: number;
  path: string;
}

interface WorldComment {
  id: number;
  body: string;
  appId: number | null;
  login: string;
}

export interface SmallWorld {
  readonly github: ScriptedGitHub;
  repositoryId: number;
  archived: boolean;
  /** Number of an open issue with the label that stops everything. */
  stoppedBy: number | null;
  config: string | null;
  workflow: string | null;
  issue: { title: string; body: string; state: string; labels: string[]; pullRequest: boolean; assignees?: string[]; locked?: boolean };
  permission: Answer;
  /** Whether the default branch has a folder of the team's workflows. */
  teamWorkflows: boolean;
  comments: WorldComment[];
  runs: WorldRun[];
  artifacts: { id: number; name: string }[];
  pulls: { number: number; ref: string; headRepositoryId: number; state?: "MERGED" | "CLOSED" }[];
  /** What number 12 is instead of an issue, beside `issue` and with its text, labels and state; its repository's id is 99 unless it is a fork's. */
  head: { sha: string; repo: number | null } | null;
  /** Of a pull request of ours, and of the commit at its head. */
  delivered: { body: string; message: string };
  /** Reviews on it. */
  reviews: { body: string; sha: string }[];
  reactions: number;
  /** On comments: the comment's id and the content, in the order they were set; GitHub keeps each once. */
  commentReactions: string[];
  /** Of the deliver job of every run. */
  deliverConclusion: string;
  /** Null: the run has no agent job. */
  agentConclusion: string | null;
  dispatches: Record<string, unknown>[];
  /** Runs that were asked to end, with how. */
  cancels: string[];
  /** Called before a route's own answer; may throw, and may call `apply` first to do it and then lose the answer. */
  fault: ((route: string, apply: () => unknown) => void) | null;
  now: () => string;
  ownComments(): WorldComment[];
}

export const person = (roleName: string, permission = roleName, type = "User", id = 42): Answer => () => ({ permission, role_name: roleName, user: { id, login: "octocat", type } });

export function smallWorld(now: () => string): SmallWorld {
  let nextId = 1000;
  const takeId = () => (nextId += 1);
  const commentJson = (comment: WorldComment) => ({
    id: comment.id,
    body: comment.body,
    html_url: `https://github.example/c/${comment.id}`,
    updated_at: world.now(),
    user: { login: comment.login, type: comment.appId === null ? "User" : "Bot" },
    performed_via_github_app: comment.appId === null ? null : { id: comment.appId },
  });
  const runJson = (run: WorldRun) => ({
    id: run.id,
    run_attempt: run.attempt,
    display_title: run.title,
    path: run.path,
    event: "workflow_dispatch",
    head_sha: "b".repeat(40),
    head_branch: "main",
    status: run.status,
    conclusion: run.conclusion,
    created_at: "2026-01-01T00:00:00Z",
    html_url: `https://github.example/runs/${run.id}`,
    repository: { id: world.repositoryId },
    head_repository: { id: world.repositoryId },
    actor: { id: 1, login: "worktrain[bot]" },
  });
  const page = (items: unknown[], { page: number, per_page: size }: Readonly<Record<string, unknown>>) => items.slice((Number(number) - 1) * Number(size), Number(number) * Number(size));

  const commentsShown = () => ({
    totalCount: world.comments.length,
    nodes: world.comments.slice(0, 100).map(({ id, body, appId }) => ({ fullDatabaseId: String(id), body, url: `https://github.example/c/${id}`, updatedAt: world.now(), viewerDidAuthor: appId === APP_ID })),
  });
  const blob = (text: string | null) => (text === null ? null : { __typename: "Blob", byteSize: text.length, isBinary: false, isTruncated: false, text });
  /** By the name of the operation. */
  const queries: Record<string, (variables: Readonly<Record<string, unknown>>) => unknown> = {
    IssueState: ({ issue: number }) => ({
      databaseId: world.repositoryId,
      name: "shop",
      owner: { login: "acme" },
      isArchived: world.archived,
      url: "https://github.example/acme/shop",
      defaultBranchRef: { name: "main", target: { oid: "b".repeat(40) } },
      config: blob(world.config),
      workflow: blob(world.workflow),
      stopIssues: { nodes: world.stoppedBy === null ? [] : [{ number: world.stoppedBy }] },
      stopPulls: { nodes: [] },
      issue: world.issue.pullRequest
        ? null
        : {
            fullDatabaseId: "5",
            number,
            title: world.issue.title,
            body: world.issue.body,
            state: world.issue.state.toUpperCase(),
            locked: world.issue.locked ?? false,
            url: "https://github.example/acme/shop/issues/12",
            createdAt: "2025-12-31T00:00:00Z",
            author: null,
            labels: { nodes: world.issue.labels.map((name) => ({ name })) },
            comments: commentsShown(),
          },
    }),
    StatusState: ({ branchName }) => {
      const nodes = world.pulls
        .filter(({ ref }) => ref === branchName)
        .map(({ number, headRepositoryId, state = "OPEN" }) => ({ number, url: `https://github.example/pull/${number}`, state, headRefOid: "c".repeat(40), baseRefName: "main", isCrossRepository: headRepositoryId !== world.repositoryId }));
      return { databaseId: world.repositoryId, issue: { comments: commentsShown() }, pullRequests: { totalCount: nodes.length, nodes } };
    },
  };

  const end = (id: number, how: string): string => {
    if (world.runs.find((run) => run.id === id)?.status === "completed") throw requestError(409, "Cannot cancel a workflow run that is completed.");
    world.cancels.push(`${id} ${how}`);
    return "";
  };

  const answers: Record<string, Answer> = {
    "POST /graphql": ({ query, variables }) => {
      const name = /^query (\w+)/.exec(String(query))?.[1] ?? "";
      world.fault?.(`POST /graphql#${name}`, () => undefined);
      return { data: { repository: queries[name]?.(variables as Readonly<Record<string, unknown>>) } };
    },
    "GET /repos/{owner}/{repo}/collaborators/{username}/permission": (parameters) => world.permission(parameters),
    "GET /repos/{owner}/{repo}/contents/{path}": () => {
      if (!world.teamWorkflows) throw requestError(404, "Not Found");
      return [{ type: "file", name: "ours.yaml" }];
    },
    "GET /repos/{owner}/{repo}/issues/{issue_number}": ({ issue_number: number }) => ({
      id: 5,
      number,
      title: world.issue.title,
      body: world.issue.body,
      state: world.issue.state,
      labels: world.issue.labels.map((name) => ({ name })),
      assignees: (world.issue.assignees ?? []).map((login) => ({ login })),
      html_url: "https://github.example/acme/shop/issues/12",
      created_at: "2025-12-31T00:00:00Z",
      ...(world.issue.pullRequest ? { pull_request: {} } : {}),
    }),
    "GET /repos/{owner}/{repo}/issues/{issue_number}/comments": (parameters) => page(world.comments.map(commentJson), parameters),
    "POST /repos/{owner}/{repo}/issues/{issue_number}/comments": ({ body }) => {
      const comment = { id: takeId(), body: String(body), appId: APP_ID, login: "worktrain[bot]" };
      world.comments.push(comment);
      return commentJson(comment);
    },
    "GET /repos/{owner}/{repo}/issues/comments/{comment_id}": ({ comment_id: id }) => {
      const comment = world.comments.find((candidate) => candidate.id === id);
      if (comment === undefined) throw requestError(404, "Not Found");
      return commentJson(comment);
    },
    "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}": ({ comment_id: id, body }) => {
      const comment = world.comments.find((candidate) => candidate.id === id);
      if (comment === undefined) throw requestError(404, "Not Found");
      comment.body = String(body);
      return commentJson(comment);
    },
    "DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}": ({ comment_id: id }) => {
      world.comments = world.comments.filter((comment) => comment.id !== id);
      return "";
    },
    "POST /repos/{owner}/{repo}/issues/{issue_number}/reactions": () => ({ id: (world.reactions += 1) }),
    "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions": ({ comment_id: id, content }) => {
      const reaction = `${String(id)} ${String(content)}`;
      if (!world.commentReactions.includes(reaction)) world.commentReactions.push(reaction);
      return { id: 1 + world.commentReactions.indexOf(reaction) };
    },
    "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches": ({ inputs }) => {
      const values = inputs as Record<string, unknown>;
      world.dispatches.push(values);
      const run = { id: takeId(), title: `WorkTrain ${String(values["item"])} ${String(values["key"])}`, status: "queued", conclusion: null, attempt: 1, path: ".github/workflows/worktrain.yml" };
      world.runs.push(run);
      return { workflow_run_id: run.id, run_url: "", html_url: `https://github.example/runs/${run.id}` };
    },
    "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs": (parameters) => ({ workflow_runs: page(world.runs.toReversed().map(runJson), parameters) }),
    "GET /repos/{owner}/{repo}/actions/runs/{run_id}": ({ run_id: id }) => {
      const run = world.runs.find((candidate) => candidate.id === id);
      if (run === undefined) throw requestError(404, "Not Found");
      return runJson(run);
    },
    "POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel": ({ run_id: id }) => end(Number(id), "cancel"),
    "POST /repos/{owner}/{repo}/actions/runs/{run_id}/force-cancel": ({ run_id: id }) => end(Number(id), "force-cancel"),
    "POST /repos/{owner}/{repo}/issues/{issue_number}/labels": ({ labels }) => {
      for (const name of labels as string[]) if (!world.issue.labels.includes(name)) world.issue.labels.push(name);
      return world.issue.labels.map((name) => ({ name }));
    },
    "GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts": (parameters) => ({
      artifacts: page(world.artifacts.map(({ id, name }) => ({ id, name, size_in_bytes: 1, digest: null, expired: false, created_at: "2026-01-01T00:05:00Z", workflow_run: null })), parameters),
    }),
    "GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs": () => ({ jobs: [...(world.agentConclusion === null ? [] : [{ id: 2, name: "agent", status: "completed", conclusion: world.agentConclusion, html_url: "https://github.example/job/2" }]), { id: 1, name: "deliver", status: "completed", conclusion: world.deliverConclusion, html_url: "https://github.example/job/1" }] }),
    "GET /repos/{owner}/{repo}/pulls/{pull_number}": ({ pull_number: number }) => {
      const own = world.pulls.find((each) => each.number === number);
      if (own !== undefined) return { id: 6, draft: false, number, html_url: `https://github.example/pull/${String(number)}`, state: "open", title: "Ours", body: world.delivered.body, labels: [], created_at: "2025-12-31T00:00:00Z", user: { id: 4, login: "worktrain[bot]" }, head: { ref: own.ref, sha: "c".repeat(40), repo: { id: own.headRepositoryId } }, base: { ref: "main" } };
      if (world.head === null) throw requestError(404, "Not Found");
      const { title, body, state, labels } = world.issue;
      const { sha, repo } = world.head;
      return { id: 5, draft: false, number, html_url: `https://github.example/pull/${String(number)}`, state, title, body, labels: labels.map((name) => ({ name })), created_at: "2025-12-31T00:00:00Z", user: { id: 3, login: "grace" }, head: { ref: "word-count", sha, repo: repo === null ? null : { id: repo } }, base: { ref: "main" } };
    },
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews": (parameters) => page(world.reviews.map(({ body, sha }, index) => ({ id: index + 1, html_url: "https://github.example/r", body, commit_id: sha, user: { login: "github-actions[bot]", type: "Bot" } })), parameters),
    "GET /repos/{owner}/{repo}/git/commits/{commit_sha}": ({ commit_sha: sha }) => ({ sha, tree: { sha: "7".repeat(40) }, parents: [], message: world.delivered.message }),
    "GET /repos/{owner}/{repo}/compare/{basehead}": () => ({ merge_base_commit: { sha: "e".repeat(40) }, files: [] }),
    "GET /repos/{owner}/{repo}/pulls": () => world.pulls.map((pull) => ({ number: pull.number, html_url: `https://github.example/pull/${pull.number}`, state: "open", head: { ref: pull.ref, sha: "c".repeat(40), repo: { id: pull.headRepositoryId } } })),
  };
  const faulty = Object.fromEntries(
    Object.entries(answers).map(([route, answer]): [string, Answer] => [
      route,
      (parameters) => {
        world.fault?.(route, () => answer(parameters));
        return answer(parameters);
      },
    ]),
  );

  const world: SmallWorld = {
    github: scriptedGitHub(faulty),
    repositoryId: 99,
    archived: false,
    stoppedBy: null,
    config: "",
    workflow: "on: { workflow_dispatch: { inputs: { ticket: {} } } }\n",
    issue: { title: "Fix the sum", body: "It is off by one.", state: "open", labels: ["worktrain:ready"], pullRequest: false },
    teamWorkflows: false,
    permission: person("write"),
    comments: [],
    runs: [],
    artifacts: [],
    pulls: [],
    head: null,
    delivered: { body: "", message: "" },
    reviews: [],
    reactions: 0,
    commentReactions: [],
    deliverConclusion: "failure",
    agentConclusion: "failure",
    dispatches: [],
    cancels: [],
    fault: null,
    now,
    ownComments: () => world.comments.filter((comment) => comment.appId === APP_ID),
  };
  return world;
}
