import type { Git } from "../git/git.ts";
import { loginOf } from "../principal.ts";
import type { RepositoryRecord } from "../records.ts";
import { describeMove, touchesWorkflows } from "../routes/git-refs.ts";
import { moveRef } from "../transitions/repositories.ts";
import { repositoryNodeId } from "./repository.ts";
import { demand, failed, type Serving } from "./serving.ts";

const NO_OBJECT = "0".repeat(40);
const OBJECT_ID = /^[0-9a-f]{40}$/;

interface RefUpdate {
  readonly name: string;
  readonly afterOid: string;
  readonly beforeOid?: string | null;
  readonly force: boolean;
}

interface Move {
  readonly ref: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** `updateRefs`: all refs move, or none does (docs: Mutations, updateRefs; the zero id stands for "no such ref"). */
export async function updateRefs(serving: Serving, input: { readonly repositoryId: string; readonly clientMutationId?: string | null; readonly refUpdates: readonly RefUpdate[] }): Promise<unknown> {
  const repository = [...serving.machine.state.repositories.values()].find((each) => repositoryNodeId(each) === input.repositoryId);
  if (repository === undefined) throw failed("NOT_FOUND", `Could not resolve to a node with the global id of '${input.repositoryId}'.`);
  demand(serving, repository, { permission: "contents", level: "write", role: "write" });
  const git = serving.gitOf(repository);
  const moves: Move[] = [];
  for (const update of input.refUpdates) moves.push(await moveOf(serving, { repository, git, update }));
  const described = await Promise.all(moves.map(({ ref, before, after }) => describeMove(git, ref, before, after)));
  if (!(await git.moveRefs(moves.map(({ ref, before, after }) => ({ name: ref, from: before, to: after }))))) throw failed("UNPROCESSABLE", "A reference could not be updated.");
  const act = { repositoryId: repository.id, actor: loginOf(serving.principal) ?? "", at: serving.at };
  serving.machine.commit(described.reduce((state, move) => moveRef(state, act, move), serving.machine.state));
  return { clientMutationId: input.clientMutationId ?? null };
}

async function moveOf(serving: Serving, { repository, git, update }: { readonly repository: RepositoryRecord; readonly git: Git; readonly update: RefUpdate }): Promise<Move> {
  const { name, afterOid, beforeOid, force } = update;
  if (!/^refs\/[^/]+\/./.test(name) || name.startsWith("refs/pull/")) throw failed("UNPROCESSABLE", `${name} is not a ref that can be updated.`);
  if (![afterOid, beforeOid ?? NO_OBJECT].every((id) => OBJECT_ID.test(id))) throw failed("UNPROCESSABLE", `${name}: not an object id.`);
  const before = (await git.refs(name)).find((ref) => ref.name === name)?.id ?? null;
  if (beforeOid !== undefined && beforeOid !== null && beforeOid !== (before ?? NO_OBJECT)) throw failed("UNPROCESSABLE", `${name} is not at ${beforeOid}.`);
  const after = afterOid === NO_OBJECT ? null : afterOid;
  if (after !== null && (await git.inspect(after)) === null) throw failed("UNPROCESSABLE", `${name}: object ${after} does not exist.`);
  if (!force && before !== null && after !== null && !(await git.isAncestor(before, after))) throw failed("UNPROCESSABLE", `${name}: the update is not a fast forward.`);
  if (after !== null && (await touchesWorkflows({ git, repository, principal: serving.principal }, before, after))) throw failed("FORBIDDEN", "Resource not accessible by integration");
  return { ref: name, before, after };
}
