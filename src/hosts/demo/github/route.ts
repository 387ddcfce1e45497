import type { z } from "zod";
import type { Git } from "./git/git.ts";
import { atLeast, loginOf, roleOf, type Principal } from "./principal.ts";
import type { Level, RepositoryRecord, Role } from "./records.ts";
import { failure, notAccessible, notFound, type Reply } from "./reply.ts";
import type { Act, State } from "./state.ts";
import type { Delivery } from "./webhooks/deliverer.ts";

/** What a request does to the world and what it is answered. Pure: everything asked of git was asked before. */
export type Transition = (state: State) => Outcome;
export interface Outcome {
  readonly state: State;
  readonly reply: Reply;
}

/** A transition that changes nothing. */
export const answer =
  (reply: Reply | ((state: State) => Reply)): Transition =>
  (state) => ({ state, reply: typeof reply === "function" ? reply(state) : reply });

/** What the braces of a template stood for, decoded. */
export type Params = Readonly<Record<string, string>>;

/** A request as a route sees it. */
export interface Exchange {
  /** As the request arrived; for asking git. What is decided is decided on the state handed to the transition. */
  readonly state: State;
  readonly principal: Principal;
  readonly params: Params;
  /** The whole address, query included. */
  readonly url: URL;
  readonly body: unknown;
  /** The `Accept` header, lower case. */
  readonly accept: string;
  /** Address of this server without a slash at the end; API and pages alike. */
  readonly base: string;
  readonly nowMs: number;
  /** The same as ISO 8601 in whole seconds, as GitHub writes times. */
  readonly at: string;
  gitOf(repository: RepositoryRecord): Git;
  /** Copies branches and tags of a repository for a fork, which it sees from then on as GitHub's forks share what they hold. Returns where the fork is. */
  copyForFork(repository: RepositoryRecord, only: "default branch" | "all"): Promise<string>;
  /** Webhook delivery attempts so far, in the order they ended. */
  deliveries(): readonly Delivery[];
  /** Begins to send a noted delivery again; false when there is none with the id. */
  redeliver(deliveryId: number): boolean;
  /** A fresh token text: `ghs_` and about 520 characters. */
  mintToken(): string;
  /** A download address that works for one minute. */
  signArtifactUrl(artifactId: number): string;
  /** The same for a job's log. */
  signLogUrl(jobId: number): string;
}

/** A request on one repository that passed authentication, permission and role. */
export interface RepositoryExchange<Body> extends Omit<Exchange, "body"> {
  readonly repository: RepositoryRecord;
  readonly git: Git;
  readonly body: Body;
  /** Who acts, where, when. */
  readonly act: Act;
}

/** What it takes to find something of a repository by its number in the path. */
export type InRepository = Pick<RepositoryExchange<unknown>, "params" | "repository">;

export type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

export interface Route {
  readonly method: Method;
  /** As in GitHub's OpenAPI description, e.g. `/repos/{owner}/{repo}/issues/{issue_number}`. */
  readonly template: string;
  serve(exchange: Exchange): Promise<Transition>;
}

/** What a token must be allowed to do: any one of the permissions for Apps and jobs, the role for people. */
export interface Access {
  readonly permission: string | readonly string[];
  readonly level: Level;
  readonly role: Role;
}

interface RepositoryRoute<Schema extends z.ZodType | undefined> {
  readonly method: Method;
  readonly template: string;
  readonly access: Access;
  readonly body?: Schema;
  handle(exchange: RepositoryExchange<Schema extends z.ZodType ? z.infer<Schema> : undefined>): Transition | Promise<Transition>;
}

/**
 * A route on one repository. Stricter than GitHub in one point: a token of an App or job needs the permission on public
 * repositories for reading too, so that a missing permission is found here and not on somebody's private repository.
 */
export function repositoryRoute<Schema extends z.ZodType | undefined = undefined>(route: RepositoryRoute<Schema>): Route {
  return {
    method: route.method,
    template: route.template,
    async serve(exchange) {
      const repository = findRepository(exchange.state, exchange.params);
      if (repository === null) return answer(notFound());
      const refusal = refuse(exchange.principal, repository, route.access);
      if (refusal !== null) return answer(refusal);
      if (repository.archived && route.access.level === "write") return answer(failure(403, "Repository was archived so is read-only."));
      const body = route.body?.safeParse(exchange.body ?? {});
      if (body !== undefined && !body.success) return answer(invalidRequest(body.error));
      return route.handle({
        ...exchange,
        repository,
        git: exchange.gitOf(repository),
        body: body?.data as Schema extends z.ZodType ? z.infer<Schema> : undefined,
        act: { repositoryId: repository.id, actor: loginOf(exchange.principal) ?? "", at: exchange.at },
      });
    },
  };
}

export function findRepository(state: State, params: Params): RepositoryRecord | null {
  const owner = params["owner"]?.toLowerCase();
  const name = params["repo"]?.toLowerCase();
  return [...state.repositories.values()].find((r) => r.owner.login.toLowerCase() === owner && r.name.toLowerCase() === name) ?? null;
}

/** Null when the request may pass, else GitHub's answer: what one may not see is not found. */
export function refuse(principal: Principal, repository: RepositoryRecord, access: Access): Reply | null {
  switch (principal.kind) {
    case "anonymous":
      if (repository.visibility === "private") return notFound();
      return access.level === "read" ? null : failure(401, "Requires authentication");
    case "app":
      return failure(401, "A JSON web token could not be decoded");
    case "installation":
    case "job": {
      if (!principal.repositoryIds.has(repository.id)) return repository.visibility === "private" ? notFound() : notAccessible();
      const held = (name: string): boolean => principal.permissions[name] === "write" || principal.permissions[name] === access.level;
      const allowed = [access.permission].flat().some((name) => name === "metadata" || held(name));
      return allowed ? null : notAccessible();
    }
    case "user": {
      const role = roleOf(repository, principal.login);
      if (role === "none") return notFound();
      return atLeast(role, access.role) ? null : failure(403, "Must have admin rights to Repository.");
    }
  }
}

function invalidRequest(error: z.ZodError): Reply {
  const lines = error.issues.map((issue) => `For '${["properties", ...issue.path.map(String)].join("/")}', ${issue.message}.`);
  return failure(422, `Invalid request.\n\n${lines.join("\n")}`);
}

/** A path parameter that must be a number; null otherwise. */
export function numberParam(params: Params, name: string): number | null {
  const text = params[name] ?? "";
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : null;
}

const GREEDY = /^\{(path|ref|branch|basehead)\}$/;

/**
 * Reads the parameters of a request's path where it fits a template. A last `{path}`, `{ref}`, `{branch}` or `{basehead}` takes the
 * rest of the path, as on GitHub.
 * @returns takes the path's segments, each still percent-encoded; gives null for a path that does not fit
 */
export function matcherOf(template: string): (segments: readonly string[]) => Params | null {
  const parts = template.slice(1).split("/");
  const last = parts.at(-1) ?? "";
  const greedy = GREEDY.test(last) ? last : null;
  const single = greedy === null ? parts : parts.slice(0, -1);
  return (segments) => {
    if (greedy === null ? segments.length !== parts.length : segments.length < single.length) return null;
    if (!single.every((part, index) => (part.startsWith("{") ? segments[index] !== "" : part === segments[index]))) return null;
    const rest = segments.slice(single.length);
    if (greedy !== null && greedy !== "{path}" && rest.length === 0) return null;
    const params: Record<string, string> = {};
    for (const [index, part] of single.entries()) if (part.startsWith("{")) params[part.slice(1, -1)] = decodeURIComponent(segments[index] ?? "");
    if (greedy !== null) params[greedy.slice(1, -1)] = rest.map(decodeURIComponent).join("/");
    return params;
  };
}
