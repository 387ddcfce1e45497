/** The open pull requests that work items delivered, as far as their branches say it, and whether GitHub could merge them. */
import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { queryGraphQl } from "../graphql.ts";

const FIELDS = "number state headRefName headRefOid baseRefName isCrossRepository mergeable";
const OPEN = `query OpenDeliveries($owner: String!, $name: String!, $after: String) {
  repository(owner: $owner, name: $name) {
    databaseId
    pullRequests(first: 100, after: $after, states: [OPEN], orderBy: { field: CREATED_AT, direction: DESC }) { pageInfo { hasNextPage endCursor } nodes { ${FIELDS} } }
  }
}`;
const ONE = `query Mergeability($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) { ${FIELDS} } }
}`;

const pullSchema = z
  .object({ number: z.int(), state: z.string(), headRefName: z.string(), headRefOid: z.string(), baseRefName: z.string(), isCrossRepository: z.boolean(), mergeable: z.enum(["MERGEABLE", "CONFLICTING", "UNKNOWN"]) })
  .transform(({ number, state, headRefName: branch, headRefOid: headSha, baseRefName: base, isCrossRepository, mergeable }) => ({ number, open: state === "OPEN", branch, headSha, base, fork: isCrossRepository, mergeable }));

const openSchema = z.object({
  repository: z
    .object({
      databaseId: z.int(),
      pullRequests: z.object({ pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }), nodes: z.array(pullSchema.nullable()) }),
    })
    .nullable(),
});
const oneSchema = z.object({ repository: z.object({ pullRequest: pullSchema.nullable() }).nullable() });

/** `UNKNOWN`: GitHub has begun to find out, since it was asked (P-mergeable). */
export type OpenDelivery = z.output<typeof pullSchema>;

/** The newest this many pages of open pull requests are looked through. */
const MAX_PAGES = 10;

/** Those on branches of the repository itself that begin with `worktrain/`; none where the repository is not the one. */
export async function readOpenDeliveries(github: GitHub, { owner, repo }: Repository, repositoryId: number): Promise<readonly OpenDelivery[]> {
  const found: OpenDelivery[] = [];
  let after: string | null = null;
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const answer: z.infer<typeof openSchema> = await queryGraphQl(github, { document: OPEN, variables: { owner, name: repo, after }, schema: openSchema, mayBeMissing: ["repository"] });
    const { repository } = answer;
    if (repository?.databaseId !== repositoryId) return found;
    found.push(...repository.pullRequests.nodes.filter((pull) => pull !== null).filter(({ fork, branch }) => !fork && branch.startsWith("worktrain/")));
    if (!repository.pullRequests.pageInfo.hasNextPage) return found;
    after = repository.pullRequests.pageInfo.endCursor;
  }
  return found;
}

/** One of them by its number; null when there is none. */
export async function readMergeability(github: GitHub, { owner, repo }: Repository, number: number): Promise<OpenDelivery | null> {
  const { repository } = await queryGraphQl(github, { document: ONE, variables: { owner, name: repo, number }, schema: oneSchema, mayBeMissing: ["repository", "repository.pullRequest"] });
  return repository?.pullRequest ?? null;
}
