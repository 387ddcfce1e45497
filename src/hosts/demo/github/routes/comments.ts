import { z } from "zod";
import { atLeast, roleOf, type Principal } from "../principal.ts";
import type { Comment, RepositoryRecord } from "../records.ts";
import { failure, json, noContent, notFound, pageOf, validationFailed } from "../reply.ts";
import { answer, numberParam, repositoryRoute, type InRepository, type Route, type Transition } from "../route.ts";
import { known, select, type State } from "../state.ts";
import { createComment, deleteComment, editComment, react } from "../transitions/issues.ts";
import { commentJson, REACTION_CONTENTS, reactionJson } from "../views/issues.ts";
import { bodyTooLong } from "./body-limit.ts";
import { isApp, ISSUE, onIssue } from "./issues.ts";

const READ = { permission: ["issues", "pull_requests"], level: "read", role: "read" } as const;
const WRITE = { permission: ["issues", "pull_requests"], level: "write", role: "read" } as const;
const COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}";

const commentBody = z.object({ body: z.string() });

const blank = () => validationFailed({ resource: "IssueComment", field: "body", code: "missing_field" });

const createIssueComment = repositoryRoute({
  method: "POST",
  template: `${ISSUE}/comments`,
  access: WRITE,
  body: commentBody,
  handle: (exchange) =>
    onIssue(exchange, (state, issue) => {
      const { body } = exchange.body;
      if (issue.locked === true && exchange.principal.kind !== "user") return { state, reply: failure(403, "Unable to create comment because issue is locked.") };
      const refusal = body.trim() === "" ? blank() : bodyTooLong("IssueComment", body);
      if (refusal !== null) return { state, reply: refusal };
      const made = createComment(state, exchange.act, issue, { body, viaApp: isApp(exchange.principal) });
      return { state: made.state, reply: json(commentJson({ state: made.state, base: exchange.base }, made.comment), 201) };
    }),
});

const listIssueComments = repositoryRoute({
  method: "GET",
  template: `${ISSUE}/comments`,
  access: READ,
  handle: (exchange) =>
    onIssue(exchange, (state, issue) => {
      const since = exchange.url.searchParams.get("since");
      const comments = select(
        state.comments,
        (comment) => comment.issueId === issue.id && (since === null || Date.parse(comment.updatedAt) >= Date.parse(since)),
      );
      const page = pageOf(exchange.url, comments);
      return {
        state,
        reply: json(
          page.items.map((comment) => commentJson({ state, base: exchange.base }, comment)),
          200,
          page.headers,
        ),
      };
    }),
});

const listComments = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/issues/comments",
  access: READ,
  handle: ({ repository, url, base }) =>
    answer((state) => {
      const { searchParams: query } = url;
      const since = query.get("since");
      const by = query.get("sort") === "updated" ? "updatedAt" : "createdAt";
      const found = select(state.comments, (comment) => comment.repositoryId === repository.id && (since === null || Date.parse(comment.updatedAt) >= Date.parse(since))).toSorted((a, b) => Date.parse(a[by]) - Date.parse(b[by]));
      // The direction counts only with an order (docs: list issue comments for a repository).
      const page = pageOf(url, query.get("sort") !== null && query.get("direction") !== "asc" ? found.toReversed() : found);
      return json(page.items.map((comment) => commentJson({ state, base }, comment)), 200, page.headers);
    }),
});

/** Runs on the comment of the path, or answers 404. */
function onComment(exchange: InRepository, then: (state: State, comment: Comment) => ReturnType<Transition>): Transition {
  return (state) => {
    const comment = state.comments.get(numberParam(exchange.params, "comment_id") ?? -1);
    return comment === undefined || comment.repositoryId !== exchange.repository.id ? { state, reply: notFound() } : then(state, comment);
  };
}

/** A person changes their own comments, or everybody's with write access; an App with the permission any. */
const mayChange = (principal: Principal, repository: RepositoryRecord, comment: Comment): boolean =>
  principal.kind !== "user" || principal.login === comment.author || atLeast(roleOf(repository, principal.login), "write");

const getComment = repositoryRoute({
  method: "GET",
  template: COMMENT,
  access: READ,
  handle: (exchange) => onComment(exchange, (state, comment) => ({ state, reply: json(commentJson({ state, base: exchange.base }, comment)) })),
});

const updateComment = repositoryRoute({
  method: "PATCH",
  template: COMMENT,
  access: WRITE,
  body: commentBody,
  handle: (exchange) =>
    onComment(exchange, (state, comment) => {
      if (!mayChange(exchange.principal, exchange.repository, comment))
        return { state, reply: failure(403, "Must have admin rights to Repository.") };
      const { body } = exchange.body;
      const refusal = body.trim() === "" ? blank() : bodyTooLong("IssueComment", body);
      if (refusal !== null) return { state, reply: refusal };
      const next = editComment(state, exchange.act, comment.id, body);
      return { state: next, reply: json(commentJson({ state: next, base: exchange.base }, known(next.comments, comment.id, "comment"))) };
    }),
});

const removeComment = repositoryRoute({
  method: "DELETE",
  template: COMMENT,
  access: WRITE,
  handle: (exchange) =>
    onComment(exchange, (state, comment) => {
      if (!mayChange(exchange.principal, exchange.repository, comment))
        return { state, reply: failure(403, "Must have admin rights to Repository.") };
      return { state: deleteComment(state, exchange.act, comment.id), reply: noContent() };
    }),
});

const reactionBody = z.object({ content: z.enum(REACTION_CONTENTS) });

const reactToIssue = repositoryRoute({
  method: "POST",
  template: `${ISSUE}/reactions`,
  access: { ...WRITE, permission: "issues" },
  body: reactionBody,
  handle: (exchange) =>
    onIssue(exchange, (state, issue) => {
      const made = react(state, exchange.act, { kind: "issue", id: issue.id }, exchange.body.content);
      return { state: made.state, reply: json(reactionJson({ state: made.state, base: exchange.base }, made.reaction), made.created ? 201 : 200) };
    }),
});

const reactToComment = repositoryRoute({
  method: "POST",
  template: `${COMMENT}/reactions`,
  access: { ...WRITE, permission: "issues" },
  body: reactionBody,
  handle: (exchange) =>
    onComment(exchange, (state, comment) => {
      const made = react(state, exchange.act, { kind: "comment", id: comment.id }, exchange.body.content);
      return { state: made.state, reply: json(reactionJson({ state: made.state, base: exchange.base }, made.reaction), made.created ? 201 : 200) };
    }),
});

function reactionList(state: State, exchange: { readonly url: URL; readonly base: string }, kind: "issue" | "comment", id: number) {
  const content = exchange.url.searchParams.get("content");
  const found = select(
    state.reactions,
    (reaction) => reaction.subject.kind === kind && reaction.subject.id === id && (content === null || reaction.content === content),
  );
  const page = pageOf(exchange.url, found);
  return {
    state,
    reply: json(
      page.items.map((reaction) => reactionJson({ state, base: exchange.base }, reaction)),
      200,
      page.headers,
    ),
  };
}

const listIssueReactions = repositoryRoute({
  method: "GET",
  template: `${ISSUE}/reactions`,
  access: { ...READ, permission: "issues" },
  handle: (exchange) => onIssue(exchange, (state, issue) => reactionList(state, exchange, "issue", issue.id)),
});

const listCommentReactions = repositoryRoute({
  method: "GET",
  template: `${COMMENT}/reactions`,
  access: { ...READ, permission: "issues" },
  handle: (exchange) => onComment(exchange, (state, comment) => reactionList(state, exchange, "comment", comment.id)),
});

export const commentRoutes: readonly Route[] = [
  createIssueComment,
  listComments,
  listIssueComments,
  getComment,
  updateComment,
  removeComment,
  reactToIssue,
  reactToComment,
  listIssueReactions,
  listCommentReactions,
];
