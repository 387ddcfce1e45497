import { GraphQLError } from "graphql";
import type { Git } from "../git/git.ts";
import type { Machine } from "../machine.ts";
import type { Principal } from "../principal.ts";
import type { RepositoryRecord } from "../records.ts";
import { refuse, type Access } from "../route.ts";

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
