/** What `pullRequests` of a repository and `closedByPullRequestsReferences` of an issue answer. */
import { atLeast, roleOf } from "../principal.ts";
import { isPull, type Issue, type Pull, type RepositoryRecord, type Review } from "../records.ts";
import { select } from "../state.ts";
import { nodeId } from "../views/view.ts";
import { reviewThreadsField } from "./review-threads.ts";
import { threadOfIssue } from "./issue-thread.ts";
import { actorOf, demand, failed, hasLabel, pageSize, pageUrlOf, type Serving } from "./serving.ts";

const PULLS = { permission: "pull_requests", level: "read", role: "read" } as const;

/** Words that close an issue when a pull request is merged into the default branch (docs: Linking a pull request to an issue). */
const CLOSES = /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+#(\d+)\b/gi;

/** Pull requests that close the issue by their words, closed ones left out as GitHub does unless it is told otherwise. */
export function closingField(serving: Serving, repository: RepositoryRecord, { issue, size }: { readonly issue: Issue; readonly size: number }): unknown {
  demand(serving, repository, PULLS);
  const closing = select(serving.machine.state.issues, (each) => each.repositoryId === repository.id)
    .filter(isPull)
    .filter(({ pull, state, body }) => (state === "open" || pull.merged !== null) && pull.base.ref === repository.defaultBranch && [...(body ?? "").matchAll(CLOSES)].some(([, number]) => Number(number) === issue.number));
  return { totalCount: closing.length, nodes: closing.slice(0, size).map((pull) => pullRequest(serving, repository, pull)) };
}

export interface PullsWanted {
  readonly after?: string | null;
  readonly first?: number;
  readonly headRefName?: string;
  /** Any of them. */
  readonly labels?: readonly string[];
  readonly states?: readonly string[];
  readonly orderBy?: { readonly field: string; readonly direction: "ASC" | "DESC" };
}

const stateOf = ({ pull, state }: Pull): string => (pull.merged === null ? state.toUpperCase() : "MERGED");

export function pullRequestField(serving: Serving, repository: RepositoryRecord, number: number): unknown {
  demand(serving, repository, PULLS);
  const found = select(serving.machine.state.issues, (issue) => issue.repositoryId === repository.id && issue.number === number).filter(isPull)[0];
  if (found === undefined) throw failed("NOT_FOUND", `Could not resolve to a PullRequest with the number of ${number}.`);
  return pullRequest(serving, repository, found);
}

export function pullRequestsField(serving: Serving, repository: RepositoryRecord, { after, first, headRefName, labels, states, orderBy }: PullsWanted): unknown {
  demand(serving, repository, PULLS);
  const size = pageSize(first);
  const all = select(serving.machine.state.issues, (issue) => issue.repositoryId === repository.id)
    .filter(isPull)
    .filter((pull) => (headRefName === undefined || pull.pull.head.ref === headRefName) && (states === undefined || states.includes(stateOf(pull))) && (labels === undefined || hasLabel(serving, pull, labels)));
  if (orderBy?.direction === "DESC") all.reverse();
  const from = after === undefined || after === null ? 0 : all.findIndex(({ number }) => number === Number(after)) + 1;
  const nodes = all.slice(from, from + size);
  return { totalCount: all.length, pageInfo: { hasNextPage: all.length > from + size, endCursor: nodes.length === 0 ? null : String(nodes.at(-1)?.number) }, nodes: nodes.map((pull) => pullRequest(serving, repository, pull)) };
}

/** Pairs of head and base that GitHub has been asked about. */
const tried = new WeakMap<Serving["machine"], Set<string>>();

/** GitHub tries the merge only when it is asked, and does not wait for it: the first answer for a head and a base is none (docs: get a pull request). */
async function mergeableField(serving: Serving, repository: RepositoryRecord, { pull }: Pull): Promise<string> {
  if (pull.merged !== null) return "UNKNOWN";
  const git = serving.gitOf(repository);
  const base = (await git.commitOf(`refs/heads/${pull.base.ref}`)) ?? pull.base.sha;
  const pairs = tried.get(serving.machine) ?? new Set();
  tried.set(serving.machine, pairs);
  const pair = `${pull.id} ${pull.head.sha} ${base}`;
  if (!pairs.has(pair)) {
    pairs.add(pair);
    return "UNKNOWN";
  }
  return (await git.mergesCleanly(base, pull.head.sha)) ? "MERGEABLE" : "CONFLICTING";
}

/** Conclusions that say nothing against a commit (docs: about status checks). */
const GOOD: ReadonlySet<string> = new Set(["success", "neutral", "skipped"]);

/** Of the newest check run of each name and App and the newest status of each context; null where there is none. What failed counts before what is not over. */
function rollupField(serving: Serving, repository: RepositoryRecord, { pull }: Pull): unknown {
  for (const permission of ["checks", "statuses"]) demand(serving, repository, { permission, level: "read", role: "read" });
  const { checkRuns, statuses } = serving.machine.state;
  const newest = new Map<string, "FAILURE" | "PENDING" | "SUCCESS">();
  for (const { appSlug, name, status, conclusion } of select(checkRuns, (run) => run.repositoryId === repository.id && run.headSha === pull.head.sha)) newest.set(`check ${appSlug} ${name}`, status !== "completed" ? "PENDING" : GOOD.has(conclusion ?? "") ? "SUCCESS" : "FAILURE");
  for (const { context, state } of select(statuses, (status) => status.repositoryId === repository.id && status.sha === pull.head.sha)) newest.set(`status ${context}`, state === "pending" ? "PENDING" : state === "success" ? "SUCCESS" : "FAILURE");
  const all = [...newest.values()];
  return all.length === 0 ? null : { state: (["FAILURE", "PENDING"] as const).find((each) => all.includes(each)) ?? "SUCCESS" };
}

/** Of each person the last review that approves or asks for changes. */
function opinionsField(serving: Serving, repository: RepositoryRecord, { pull, first, writersOnly }: { readonly pull: Pull; readonly first: number | undefined; readonly writersOnly: boolean }): unknown {
  const newest = new Map<string, Review>();
  for (const review of select(serving.machine.state.reviews, (each) => each.issueId === pull.id && each.state !== "COMMENTED")) newest.set(review.author, review);
  const counted = [...newest.values()].filter(({ author }) => !writersOnly || atLeast(roleOf(repository, author), "write"));
  return { nodes: counted.slice(0, pageSize(first)).map(({ id, author, commitId, state, submittedAt }) => ({ author: actorOf(serving, author), commit: { __typename: "Commit", oid: commitId }, fullDatabaseId: String(id), state, submittedAt })) };
}

export const pullRequest = (serving: Serving, repository: RepositoryRecord, pull: Pull): unknown => ({
  id: nodeId("PR", pull.pull.id),
  number: pull.number,
  url: pageUrlOf(serving, repository, pull),
  autoMergeRequest: pull.pull.autoMerge === null ? null : { enabledAt: pull.pull.autoMerge.at, enabledBy: actorOf(serving, pull.pull.autoMerge.by), mergeMethod: pull.pull.autoMerge.method },
  body: pull.body ?? "",
  state: stateOf(pull),
  ...threadOfIssue(serving, repository, pull),
  baseRefName: pull.pull.base.ref,
  mergeable: () => mergeableField(serving, repository, pull),
  headRefName: pull.pull.head.ref,
  headRefOid: pull.pull.head.sha,
  statusCheckRollup: () => rollupField(serving, repository, pull),
  reviewThreads: ({ first, after }: { readonly first?: number; readonly after?: string | null }) => reviewThreadsField(serving, repository, { pull, first, after }),
  latestOpinionatedReviews: ({ first, writersOnly = false }: { readonly first?: number; readonly writersOnly?: boolean }) => opinionsField(serving, repository, { pull, first, writersOnly }),
  isCrossRepository: pull.pull.head.forkId !== undefined,
  author: actorOf(serving, pull.author),
  createdAt: pull.createdAt,
  isDraft: pull.pull.draft,
});
