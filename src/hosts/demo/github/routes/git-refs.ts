import { z } from "zod";
import type { Git } from "../git/git.ts";
import { json, noContent, notAccessible, notFound, unprocessable } from "../reply.ts";
import { answer, repositoryRoute, type RepositoryExchange, type Route, type Transition } from "../route.ts";
import { moveRef, type RefMove } from "../transitions/repositories.ts";
import { apiUrl } from "../views/repository.ts";
import { nodeId } from "../views/view.ts";

const READ = { permission: "contents", level: "read", role: "read" } as const;
const WRITE = { permission: "contents", level: "write", role: "write" } as const;
const GIT = "/repos/{owner}/{repo}/git";

/** A push webhook lists at most 2,048 commits (docs: webhook events, push). */
const MAX_PUSHED_COMMITS = 2048;

function refJson(
  { state, base, repository }: Pick<RepositoryExchange<unknown>, "state" | "base" | "repository">,
  ref: { readonly name: string; readonly id: string; readonly type: string },
) {
  const url = `${apiUrl({ state, base }, repository)}/git`;
  return {
    ref: ref.name,
    node_id: nodeId("REF", ref.name),
    url: `${url}/${ref.name}`,
    object: { sha: ref.id, type: ref.type, url: `${url}/${ref.type}s/${ref.id}` },
  };
}

const findRef = async (git: Git, name: string) => (await git.refs(name)).find((ref) => ref.name === name) ?? null;

const getRef = repositoryRoute({
  method: "GET",
  template: `${GIT}/ref/{ref}`,
  access: READ,
  async handle(exchange) {
    const ref = await findRef(exchange.git, `refs/${exchange.params["ref"] ?? ""}`);
    return answer(ref === null ? notFound() : json(refJson(exchange, ref)));
  },
});

const matchingRefs = repositoryRoute({
  method: "GET",
  template: `${GIT}/matching-refs/{ref}`,
  access: READ,
  async handle(exchange) {
    const refs = await exchange.git.refs(`refs/${exchange.params["ref"] ?? ""}`);
    return answer(json(refs.map((ref) => refJson(exchange, ref))));
  },
});

/** What a ref's move brought: its commits, and whether it was forced. */
export async function describeMove(git: Git, ref: string, before: string | null, after: string | null): Promise<RefMove> {
  const forced = before !== null && after !== null && !(await git.isAncestor(before, after));
  const commits = after === null || !ref.startsWith("refs/heads/") ? [] : await git.commitsBetween(before, after, MAX_PUSHED_COMMITS);
  return { ref, before, after, forced, commits };
}

/** A token without `workflows` may not bring changes of workflow files to a branch. */
export async function touchesWorkflows(exchange: Pick<RepositoryExchange<unknown>, "git" | "principal" | "repository">, before: string | null, after: string): Promise<boolean> {
  const { git, principal, repository } = exchange;
  if (principal.kind === "user" || ("permissions" in principal && principal.permissions["workflows"] === "write")) return false;
  const base = before ?? (await git.commitOf(repository.defaultBranch));
  const from = base === null ? null : await git.entryAt(base, ".github/workflows");
  const to = await git.entryAt(after, ".github/workflows");
  return to !== null && to.id !== from?.id;
}

async function moved(exchange: RepositoryExchange<unknown>, move: Pick<RefMove, "ref" | "before" | "after">): Promise<Transition> {
  const described = await describeMove(exchange.git, move.ref, move.before, move.after);
  return (state) => {
    const next = moveRef(state, exchange.act, described);
    const reply =
      move.after === null
        ? noContent()
        : json(refJson({ ...exchange, state: next }, { name: move.ref, id: move.after, type: "commit" }), move.before === null ? 201 : 200);
    return { state: next, reply };
  };
}

const createRef = repositoryRoute({
  method: "POST",
  template: `${GIT}/refs`,
  access: WRITE,
  body: z.object({ ref: z.string(), sha: z.string() }),
  async handle(exchange) {
    const { ref, sha } = exchange.body;
    const { git } = exchange;
    if (!/^refs\/[^/]+\/./.test(ref)) return answer(unprocessable("Reference name must start with 'refs/' and contain at least two slashes."));
    if (ref.startsWith("refs/pull/")) return answer(unprocessable(`Reference name '${ref}' is reserved.`));
    if ((await git.inspect(sha)) === null) return answer(unprocessable("Object does not exist"));
    if ((await findRef(git, ref)) !== null) return answer(unprocessable("Reference already exists"));
    if (await touchesWorkflows(exchange, null, sha)) return answer(notAccessible());
    if (!(await git.moveRef(ref, null, sha))) return answer(unprocessable(`'${ref}' is not a valid ref name.`));
    return moved(exchange, { ref, before: null, after: sha });
  },
});

const updateRef = repositoryRoute({
  method: "PATCH",
  template: `${GIT}/refs/{ref}`,
  access: WRITE,
  body: z.object({ sha: z.string(), force: z.boolean().default(false) }),
  async handle(exchange) {
    const { git } = exchange;
    const { sha, force } = exchange.body;
    const current = await findRef(git, `refs/${exchange.params["ref"] ?? ""}`);
    if (current === null) return answer(unprocessable("Reference does not exist"));
    if ((await git.inspect(sha)) === null) return answer(unprocessable("Object does not exist"));
    if (!force && !(await git.isAncestor(current.id, sha))) return answer(unprocessable("Update is not a fast forward"));
    if (await touchesWorkflows(exchange, current.id, sha)) return answer(notAccessible());
    if (!(await git.moveRef(current.name, current.id, sha))) return answer(unprocessable("Reference cannot be updated"));
    if (current.id === sha) return answer(json(refJson(exchange, current)));
    return moved(exchange, { ref: current.name, before: current.id, after: sha });
  },
});

const deleteRef = repositoryRoute({
  method: "DELETE",
  template: `${GIT}/refs/{ref}`,
  access: WRITE,
  async handle(exchange) {
    const current = await findRef(exchange.git, `refs/${exchange.params["ref"] ?? ""}`);
    if (current === null || !(await exchange.git.moveRef(current.name, current.id, null))) return answer(unprocessable("Reference does not exist"));
    return moved(exchange, { ref: current.name, before: current.id, after: null });
  },
});

export const gitRefRoutes: readonly Route[] = [getRef, matchingRefs, createRef, updateRef, deleteRef];
