import { GraphQLError } from "graphql";
import type { Git } from "../git/git.ts";
import type { Machine } from "../machine.ts";
import type { Principal } from "../principal.ts";
import type { Account, Issue, RepositoryRecord } from "../records.ts";
import { refuse, type Access } from "../route.ts";
import { pageUrl } from "../views/repository.ts";

/** One GraphQL request being answered. */
export interface Serving {
  readonly machine: Machine;
  readonly principal: Principal;
  /** Address of this server without a slash at the end. */
  readonly base: string;
  /** ISO 8601, whole seconds. */
  readonly at: string;
  readonly gitOf: (repository: RepositoryRecord) => Git;
}

/** An error as GitHub's GraphQL gives it: its kind stands in `type`. */
export const failed = (type: "NOT_FOUND" | "FORBIDDEN" | "UNPROCESSABLE", message: string): GraphQLError => new GraphQLError(message, { extensions: { type } });

/** Throws what GitHub answers for a field the token may not have. As REST here, stricter than GitHub on public repositories. */
export function demand({ principal }: Serving, repository: RepositoryRecord, access: Access): void {
  if (refuse(principal, repository, access) !== null) throw failed("FORBIDDEN", "Resource not accessible by integration");
  if (repository.archived && access.level === "write") throw failed("FORBIDDEN", "Repository was archived so is read-only.");
}

/** GitHub gives at most 100 nodes of a connection at once (docs: resource limits). */
const MAX_PAGE = 100;

/** GitHub demands the size of a page and refuses one over 100. */
export function pageSize(first: number | undefined): number {
  if (first === undefined) throw failed("UNPROCESSABLE", "You must provide a `first` or `last` value to properly paginate the connection.");
  if (first < 1 || first > MAX_PAGE) throw failed("UNPROCESSABLE", `Requesting ${first} records on the connection exceeds the \`first\` limit of ${MAX_PAGE} records.`);
  return first;
}

/** Whether it has one of the labels; names are compared without case. */
export const hasLabel = ({ machine }: Serving, { labelIds }: Issue, labels: readonly string[]): boolean =>
  labelIds.some((id) => labels.some((label) => label.toLowerCase() === machine.state.labels.get(id)?.name.toLowerCase()));

export const pageUrlOf = ({ machine, base }: Serving, repository: RepositoryRecord, issue: Issue): string =>
  `${pageUrl({ state: machine.state, base }, repository)}/${issue.pull === null ? "issues" : "pull"}/${issue.number}`;

export const actorOf = ({ machine }: Serving, login: string): unknown => {
  const account = machine.state.accounts.get(login.toLowerCase());
  return account === undefined ? null : actor(account);
};

/** In GraphQL the login of an App's account has no `[bot]` behind it. */
export const actor = ({ type, id, login }: Account): unknown => ({ __typename: type, databaseId: id, login: type === "Bot" ? login.replace(/\[bot\]$/, "") : login });
