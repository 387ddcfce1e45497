/**
 * Moving refs without ever overwriting what somebody else put there.
 *
 * I2. `updateRefs` is a compare-and-swap over all of them at once. Where a server does not take it, REST moves them one by one: a
 *     new ref is only created, an existing one only goes forward, and a record's parent is the record before it.
 */
import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { sendGraphQl } from "../graphql.ts";
import { parseAnswer } from "../parse-answer.ts";
import { hasStatus, requestFailure, whatGitHubSaid } from "../request-error.ts";

export interface RefMove {
  /** Full name. */
  readonly ref: string;
  /** Where it must be; null: it must not be there. */
  readonly before: string | null;
  readonly after: string;
}

export type Moved = { readonly kind: "moved" } | { readonly kind: "refused"; readonly ref: string; readonly message: string };

const DOCUMENT = "mutation CommitDelivery($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }";
const answerSchema = z.object({ updateRefs: z.object({ clientMutationId: z.string().nullable() }).nullable() }).nullable();

/** Moves all refs or none. A refusal does not say why: whoever gets it looks where the refs are. */
export async function updateRefs(github: GitHub, repositoryNodeId: string, moves: readonly RefMove[]): Promise<Moved> {
  const refUpdates = moves.map(({ ref, before, after }) => ({ name: ref, beforeOid: before ?? "0".repeat(after.length), afterOid: after, force: false }));
  const { data, errors } = await sendGraphQl(github, DOCUMENT, { input: { repositoryId: repositoryNodeId, refUpdates } });
  const [error] = errors;
  if (error === undefined && parseAnswer(answerSchema, data, "updateRefs")?.updateRefs) return { kind: "moved" };
  return { kind: "refused", ref: moves.map(({ ref }) => ref).join(", "), message: error?.message ?? "GitHub did not say why" };
}

/** Moves refs in their order and stops at the first that GitHub refuses. Never by force. */
export async function moveRefsInOrder(github: GitHub, repository: Repository, moves: readonly RefMove[]): Promise<Moved> {
  for (const { ref, before, after } of moves) {
    try {
      if (before === null) await github.request("POST /repos/{owner}/{repo}/git/refs", { ...repository, ref, sha: after });
      else await github.request("PATCH /repos/{owner}/{repo}/git/refs/{ref}", { ...repository, ref: ref.replace(/^refs\//, ""), sha: after, force: false });
    } catch (error) {
      const failure = requestFailure(error);
      if (failure === null || !hasStatus(error, 403, 404, 409, 422)) throw error;
      return { kind: "refused", ref, message: whatGitHubSaid(failure) };
    }
  }
  return { kind: "moved" };
}

const commitSchema = z.object({ sha: z.string(), html_url: z.string() });

/** A commit without author, committer and signature: GitHub fills them in and signs it (P-git-data). */
export async function createCommit(github: GitHub, repository: Repository, commit: { readonly message: string; readonly tree: string; readonly parents: readonly string[] }): Promise<{ readonly sha: string; readonly url: string }> {
  const route = "POST /repos/{owner}/{repo}/git/commits";
  const { data } = await github.request(route, { ...repository, ...commit });
  const { sha, html_url: url } = parseAnswer(commitSchema, data, route);
  return { sha, url };
}
