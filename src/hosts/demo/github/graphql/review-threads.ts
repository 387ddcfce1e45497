/** Conversations on lines of a pull request: each begins with a comment of a review; later ones answer it. */
import { hunksOf } from "../../../../shared/patch.ts";
import { atLeast, loginOf, roleOf } from "../principal.ts";
import { isPull, type Pull, type RepositoryRecord, type Review, type ReviewComment } from "../records.ts";
import { happen, known, put, select, without } from "../state.ts";
import { nodeId } from "../views/view.ts";
import { actorOf, demand, failed, pageSize, type Serving } from "./serving.ts";

const READ = { permission: "pull_requests", level: "read", role: "read" } as const;

interface Thread {
  readonly review: Review;
  readonly root: ReviewComment;
}

const threadsOf = (serving: Serving, pull: Pull): readonly Thread[] =>
  select(serving.machine.state.reviews, (review) => review.issueId === pull.id).flatMap((review) => review.comments.flatMap((root) => (root.inReplyTo === null ? [{ review, root }] : [])));

export function reviewThreadsField(serving: Serving, repository: RepositoryRecord, { pull, first, after }: { readonly pull: Pull; readonly first?: number | undefined; readonly after?: string | null | undefined }): unknown {
  demand(serving, repository, READ);
  const size = pageSize(first);
  const all = threadsOf(serving, pull);
  const from = after === undefined || after === null ? 0 : Number(after);
  const nodes = all.slice(from, from + size);
  return { pageInfo: { hasNextPage: all.length > from + size, endCursor: nodes.length === 0 ? null : String(from + nodes.length) }, nodes: nodes.map((thread) => threadObject(serving, repository, { pull, thread })) };
}

function threadObject(serving: Serving, repository: RepositoryRecord, { pull, thread: { review, root } }: { readonly pull: Pull; readonly thread: Thread }): unknown {
  const { state } = serving.machine;
  const by = state.resolvedThreads.get(root.id);
  const now = async (): Promise<number | null> => (root.side === "RIGHT" ? lineNow(serving, repository, { pull, review, root }) : root.line);
  const answers = select(state.reviews, (each) => each.issueId === pull.id).flatMap((each) => each.comments.filter(({ inReplyTo }) => inReplyTo === root.id).map((comment) => ({ comment, review: each })));
  return {
    id: nodeId("PRRT", root.id),
    isResolved: by !== undefined,
    isOutdated: async () => (await now()) === null,
    path: root.path,
    line: now,
    resolvedBy: by === undefined ? null : actorOf(serving, by),
    comments: ({ first, last }: { readonly first?: number; readonly last?: number }) => ({
      pageInfo: { hasNextPage: last === undefined && answers.length + 1 > pageSize(first), endCursor: String(Math.min(answers.length + 1, pageSize(first ?? last))) },
      nodes: (last === undefined ? [{ comment: root, review }, ...answers].slice(0, pageSize(first)) : [{ comment: root, review }, ...answers].slice(-pageSize(last))).map((each) => ({
        fullDatabaseId: String(each.comment.id),
        body: each.comment.body,
        createdAt: each.review.submittedAt,
        author: actorOf(serving, each.review.author),
        viewerDidAuthor: each.review.author === loginOf(serving.principal),
        pullRequestReview: { fullDatabaseId: String(each.review.id), state: each.review.state },
      })),
    }),
  };
}

/** Where the comment's line stands in the present head; null when it was changed or removed on the way there. */
async function lineNow(serving: Serving, repository: RepositoryRecord, { pull, review, root }: { readonly pull: Pull; readonly review: Review; readonly root: ReviewComment }): Promise<number | null> {
  if (review.commitId === pull.pull.head.sha) return root.line;
  const change = (await serving.gitOf(repository).diff(review.commitId, pull.pull.head.sha)).find(({ path, previousPath }) => (previousPath ?? path) === root.path);
  if (change === undefined) return root.line;
  if (change.patch === null) return null;
  let moved = 0;
  for (const { start, lines } of hunksOf(change.patch)) {
    let [before, after] = [start - moved, start];
    for (const text of lines) {
      if (text.startsWith("-") && before === root.line) return null;
      if (text.startsWith(" ") && before === root.line) return after;
      if (text.startsWith("-") || text.startsWith(" ")) before += 1;
      if (text.startsWith("+") || text.startsWith(" ")) after += 1;
    }
    if (before > root.line) break;
    moved = after - before;
  }
  return root.line + moved;
}

export function resolveReviewThread(serving: Serving, input: { readonly threadId: string; readonly clientMutationId?: string | null }): unknown {
  const { state } = serving.machine;
  const found = select(state.issues, () => true)
    .filter(isPull)
    .flatMap((pull) => threadsOf(serving, pull).map((thread) => ({ pull, thread })))
    .find(({ thread }) => nodeId("PRRT", thread.root.id) === input.threadId);
  if (found === undefined) throw failed("NOT_FOUND", `Could not resolve to a node with the global id of '${input.threadId}'.`);
  const { pull, thread } = found;
  const repository = known(state.repositories, pull.repositoryId, "repository");
  const { principal } = serving;
  // Whoever opened the pull request may, and whoever may write.
  if (principal.kind === "user" && principal.login !== pull.author && !atLeast(roleOf(repository, principal.login), "write")) throw failed("FORBIDDEN", `${principal.login} does not have the correct permissions to execute \`ResolveReviewThread\``);
  if (principal.kind !== "user") for (const permission of ["pull_requests", "contents"]) demand(serving, repository, { permission, level: "write", role: "write" });
  const act = { repositoryId: repository.id, actor: loginOf(principal) ?? "", at: serving.at };
  const resolved = { ...state, resolvedThreads: put(without(state.resolvedThreads, thread.root.id), thread.root.id, act.actor) };
  serving.machine.commit(happen(resolved, act, { kind: "pull_request_review_thread", action: "resolved", issueId: pull.id, commentId: thread.root.id }));
  return { clientMutationId: input.clientMutationId ?? null, thread: threadObject(serving, repository, { pull, thread }) };
}
