import { z } from "zod";
import { atLeast, roleOf, type Principal } from "../principal.ts";
import type { RepositoryRecord } from "../records.ts";
import { json } from "../reply.ts";
import { repositoryRoute, type Route } from "../route.ts";
import { known, type State } from "../state.ts";
import { assign, unassign } from "../transitions/issues.ts";
import { issueJson } from "../views/issues.ts";
import { ISSUE, onIssue } from "./issues.ts";

const ASSIGN = { permission: ["issues", "pull_requests"], level: "write", role: "read" } as const;
const TEMPLATE = `${ISSUE}/assignees`;
const body = z.object({ assignees: z.array(z.string()).max(10) });

/**
 * Accounts with access here can be assigned, by people who can triage; GitHub leaves out the others without a word (P-assign). A bot is none
 * of them.
 */
const assignable = (state: State, { repository, principal, body: { assignees } }: Asking): readonly string[] =>
  assignees.flatMap((login) => {
    if (principal.kind === "user" && !atLeast(roleOf(repository, principal.login), "triage")) return [];
    const account = state.accounts.get(login.toLowerCase());
    return account?.type === "User" && roleOf(repository, account.login) !== "none" ? [account.login] : [];
  });

interface Asking {
  readonly repository: RepositoryRecord;
  readonly principal: Principal;
  readonly body: z.infer<typeof body>;
}

const addAssignees = repositoryRoute({
  method: "POST",
  template: TEMPLATE,
  access: ASSIGN,
  body,
  handle: (exchange) =>
    onIssue(exchange, (state, issue) => {
      const next = assign(state, exchange.act, issue.id, assignable(state, exchange));
      return { state: next, reply: json(issueJson({ state: next, base: exchange.base }, known(next.issues, issue.id, "issue")), 201) };
    }),
});

const removeAssignees = repositoryRoute({
  method: "DELETE",
  template: TEMPLATE,
  access: ASSIGN,
  body,
  handle: (exchange) =>
    onIssue(exchange, (state, issue) => {
      const next = unassign(state, exchange.act, issue.id, assignable(state, exchange));
      return { state: next, reply: json(issueJson({ state: next, base: exchange.base }, known(next.issues, issue.id, "issue"))) };
    }),
});

export const assigneeRoutes: readonly Route[] = [addAssignees, removeAssignees];
