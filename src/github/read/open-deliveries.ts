/** The open pull requests that work items delivered, as far as their branches say it, whether GitHub could merge them, and what is said of them. */
import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { queryGraphQl } from "../graphql.ts";

const FIELDS = "number state headRefName headRefOid baseRefName isCrossRepository mergeable";
const SAID = `statusCheckRollup @include(if: $said) { state }
        reviewThreads(first: 100) @include(if: $said) { nodes { isResolved } }
        autoMergeRequest @include(if: $said) { enabledBy { kind: __typename } }
        timelineItems(last: 1, itemTypes: [AUTO_MERGE_ENABLED_EVENT, AUTO_MERGE_DISABLED_EVENT]) @include(if: $said) { nodes { ... on AutoMergeEnabledEvent { createdAt } ... on AutoMergeDisabledEvent { createdAt } } }
        latestOpinionatedReviews(first: 100, writersOnly: true) @include(if: $said) { nodes { fullDatabaseId state submittedAt commit { oid } author { kind: __typename login ... on User { databaseId } } } }`;
/** Each branch has an alias of its own: how many pull requests the repository has does not matter. Those of forks with a branch of the name are among the 20 as well. */
const openOf = (branches: number): string => {
  const places = Array.from({ length: branches }, (_, place) => place);
  return `query OpenDeliveries($owner: String!, $name: String!, $said: Boolean!, ${places.map((place) => `$b${place}: String!`).join(", ")}) {
  repository(owner: $owner, name: $name) {
    databaseId
    defaultBranchRef @include(if: $said) { name }
    ${places.map((place) => `b${place}: pullRequests(first: 20, headRefName: $b${place}, states: [OPEN]) { nodes { ...Delivery } }`).join("\n    ")}
  }
}
fragment Delivery on PullRequest {
        ${FIELDS}
        ${SAID}
}`;
};
const ONE = `query Mergeability($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) { ${FIELDS} } }
}`;

const shownSchema = z.object({ number: z.int(), state: z.string(), headRefName: z.string(), headRefOid: z.string(), baseRefName: z.string(), isCrossRepository: z.boolean(), mergeable: z.enum(["MERGEABLE", "CONFLICTING", "UNKNOWN"]) });
const deliveryOf = ({ number, state, headRefName: branch, headRefOid: headSha, baseRefName: base, isCrossRepository, mergeable }: z.infer<typeof shownSchema>) => ({ number, open: state === "OPEN", branch, headSha, base, fork: isCrossRepository, mergeable });
const pullSchema = shownSchema.transform(deliveryOf);
const reviewSchema = z
  .object({
    fullDatabaseId: z.union([z.int(), z.string().regex(/^\d+$/)]).nullable().transform((id) => (id === null ? null : Number(id))),
    state: z.string(),
    submittedAt: z.string().nullable(),
    commit: z.object({ oid: z.string() }).nullable(),
    author: z.object({ kind: z.string(), login: z.string(), databaseId: z.int().nullish() }).nullable(),
  })
  .transform(({ fullDatabaseId: reviewId, state, submittedAt, commit, author }) =>
    reviewId === null || author?.kind !== "User" || author.databaseId === null || author.databaseId === undefined ? null : { reviewId, state, submittedAt: submittedAt ?? "", headSha: commit?.oid ?? "", author: { login: author.login, id: author.databaseId } },
  );
const saidIn = (reviews: readonly z.output<typeof reviewSchema>[] | undefined, state: string) => (reviews ?? []).filter((review) => review?.state === state).filter((review) => review !== null);
const saidSchema = shownSchema
  .extend({
    statusCheckRollup: z.object({ state: z.string() }).nullish(),
    reviewThreads: z.object({ nodes: z.array(z.object({ isResolved: z.boolean() })) }).nullish(),
    autoMergeRequest: z.object({ enabledBy: z.object({ kind: z.string() }).nullable() }).nullish(),
    timelineItems: z.object({ nodes: z.array(z.object({ createdAt: z.string() })) }).nullish(),
    latestOpinionatedReviews: z.object({ nodes: z.array(reviewSchema) }).nullish(),
  })
  .transform(({ statusCheckRollup, reviewThreads, autoMergeRequest: armed, timelineItems, latestOpinionatedReviews, ...shown }) => ({
    ...deliveryOf(shown),
    red: ["FAILURE", "ERROR"].includes(statusCheckRollup?.state ?? ""),
    talked: (reviewThreads?.nodes ?? []).some(({ isResolved }) => !isResolved),
    armed: armed !== null && armed !== undefined && (armed.enabledBy === null || armed.enabledBy.kind === "Bot"),
    mergingSetAt: timelineItems?.nodes[0]?.createdAt ?? null,
    changesRequested: saidIn(latestOpinionatedReviews?.nodes, "CHANGES_REQUESTED"),
    approvals: saidIn(latestOpinionatedReviews?.nodes, "APPROVED"),
  }));

const openSchema = z.object({ repository: z.object({ databaseId: z.int(), defaultBranchRef: z.object({ name: z.string() }).nullish() }).catchall(z.union([z.int(), z.object({ nodes: z.array(saidSchema.nullable()) })])).nullable() });
const oneSchema = z.object({ repository: z.object({ pullRequest: pullSchema.nullable() }).nullable() });

/** `UNKNOWN`: GitHub has begun to find out, since it was asked (P-mergeable). */
export type OpenDelivery = z.output<typeof pullSchema>;

/**
 * `red`: a check or a commit status failed on its head, our own included. `talked`: among its first hundred conversations is one that nobody has
 * resolved. `armed`: no person has armed its auto-merge. `elsewhere`: it goes into another branch than the default one. `changesRequested` and
 * `approvals`: what people who may write last said of it. `mergingSetAt`: when auto-merge was last armed or disarmed on it; null for never.
 * All false or empty where they were not asked for, or GitHub does not show them.
 */
export type OpenDeliverySaid = z.output<typeof saidSchema> & { readonly elsewhere: boolean };

/** More aliases would make a query that GitHub finds too large. */
const BRANCHES_A_QUERY = 50;

export interface DeliveriesWanted {
  /** By name; a repository has at most one open pull request for each of these and a base. */
  readonly branches: readonly string[];
  /** Whether what is said of them is asked as well. */
  readonly said: boolean;
}

/** Those from branches of the repository itself; none where the repository is not the one. One request for each fifty branches. */
export async function readOpenDeliveries(github: GitHub, { owner, repo, id }: Repository & { readonly id: number }, { branches, said }: DeliveriesWanted): Promise<readonly OpenDeliverySaid[]> {
  const found: OpenDeliverySaid[] = [];
  for (let from = 0; from < branches.length; from += BRANCHES_A_QUERY) {
    const asked = branches.slice(from, from + BRANCHES_A_QUERY);
    const aliases = asked.map((_, place) => `b${place}`);
    const { repository } = await queryGraphQl(github, {
      document: openOf(asked.length),
      variables: { owner, name: repo, said, ...Object.fromEntries(asked.map((branch, place) => [`b${place}`, branch])) },
      schema: openSchema,
      mayBeMissing: ["repository"],
      mayBeRefused: aliases.map((alias) => `repository.${alias}.nodes`),
    });
    if (repository?.databaseId !== id) return found;
    const main = repository.defaultBranchRef?.name;
    for (const alias of aliases) {
      const shown = repository[alias];
      if (typeof shown === "object" && "nodes" in shown) found.push(...shown.nodes.filter((pull) => pull !== null).filter(({ fork }) => !fork).map((pull) => ({ ...pull, elsewhere: main !== undefined && pull.base !== main })));
    }
  }
  return found;
}

/** One of them by its number; null when there is none. */
export async function readMergeability(github: GitHub, { owner, repo }: Repository, number: number): Promise<OpenDelivery | null> {
  const { repository } = await queryGraphQl(github, { document: ONE, variables: { owner, name: repo, number }, schema: oneSchema, mayBeMissing: ["repository", "repository.pullRequest"] });
  return repository?.pullRequest ?? null;
}
