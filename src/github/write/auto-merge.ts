/** GitHub's own auto-merge: it merges when the rules of the branch are met, and not before (P-auto-merge). */
import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { queryGraphQl, sendGraphQl } from "../graphql.ts";
import { parseAnswer } from "../parse-answer.ts";
import type { Effect } from "./effect.ts";

interface AutoMergeShown {
  readonly nodeId: string;
  readonly headSha: string;
  /** The branch it is to be merged into. */
  readonly base: string;
  /** `OPEN`, `CLOSED` or `MERGED`. */
  readonly state: string;
  readonly armed: boolean;
  /** ISO time, GitHub's clock, at which it was last armed or disarmed; null for never. */
  readonly setAt: string | null;
}

const DOCUMENT = `query AutoMerge($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) { id state headRefOid baseRefName autoMergeRequest { enabledAt } timelineItems(last: 1, itemTypes: [AUTO_MERGE_ENABLED_EVENT, AUTO_MERGE_DISABLED_EVENT]) { nodes { ... on AutoMergeEnabledEvent { createdAt } ... on AutoMergeDisabledEvent { createdAt } } } } }
}`;
const pullSchema = z.object({
  id: z.string(),
  state: z.string(),
  headRefOid: z.string(),
  baseRefName: z.string(),
  autoMergeRequest: z.object({ enabledAt: z.string().nullable() }).nullable(),
  timelineItems: z.object({ nodes: z.array(z.object({ createdAt: z.string() })) }),
});
const shownSchema = z.object({
  repository: z.object({ pullRequest: pullSchema.nullable() }).nullable(),
});

/** Null when there is no such pull request. */
async function readAutoMerge(github: GitHub, { owner, repo }: Repository, number: number): Promise<AutoMergeShown | null> {
  const { repository } = await queryGraphQl(github, { document: DOCUMENT, variables: { owner, name: repo, number }, schema: shownSchema, mayBeMissing: ["repository", "repository.pullRequest"] });
  const shown = repository?.pullRequest ?? null;
  return shown === null ? null : { nodeId: shown.id, headSha: shown.headRefOid, base: shown.baseRefName, state: shown.state, armed: shown.autoMergeRequest !== null, setAt: shown.timelineItems.nodes[0]?.createdAt ?? null };
}

const ARMED_DOCUMENT = `query ArmedAutoMerge($owner: String!, $name: String!, $branch: String!) {
  repository(owner: $owner, name: $name) { pullRequests(headRefName: $branch, states: [OPEN], first: 100) { nodes { id number isCrossRepository autoMergeRequest { enabledBy { kind: __typename } } } } }
}`;
const armedPullSchema = z.object({ id: z.string(), number: z.int(), isCrossRepository: z.boolean(), autoMergeRequest: z.object({ enabledBy: z.object({ kind: z.string() }).nullable() }).nullable() });
const armedPullsSchema = z.object({ repository: z.object({ pullRequests: z.object({ nodes: z.array(armedPullSchema) }) }) });

const isArmedByBot = ({ isCrossRepository, autoMergeRequest: armed }: z.infer<typeof armedPullSchema>): boolean => !isCrossRepository && armed !== null && (armed.enabledBy === null || armed.enabledBy.kind === "Bot");

const ALL_ARMED_DOCUMENT = `query AllArmed($owner: String!, $name: String!, $after: String) {
  repository(owner: $owner, name: $name) { databaseId pullRequests(states: [OPEN], first: 100, after: $after, orderBy: { field: CREATED_AT, direction: DESC }) { pageInfo { hasNextPage endCursor } nodes { id number headRefName headRefOid isCrossRepository autoMergeRequest { enabledBy { kind: __typename } } } } }
}`;
const allArmedSchema = z.object({
  repository: z
    .object({
      databaseId: z.int(),
      pullRequests: z.object({ pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }), nodes: z.array(armedPullSchema.extend({ headRefName: z.string(), headRefOid: z.string() })) }),
    })
    .nullable(),
});

/** The 5,000 newest open pull requests. */
const MAX_OPEN_PAGES = 50;

/** Every open pull request (the 5,000 newest) from a branch of the repository itself that no person armed; none where the repository is another one by now. One request for each hundred that are open. */
export async function readAllArmedByBots(github: GitHub, { owner, repo, id }: Repository & { readonly id: number }): Promise<readonly (ArmedPull & { readonly branch: string; readonly headSha: string })[]> {
  const found: (ArmedPull & { readonly branch: string; readonly headSha: string })[] = [];
  for (let page = 0, after: string | null = null; page < MAX_OPEN_PAGES; page += 1) {
    const shown: z.output<typeof allArmedSchema> = await queryGraphQl(github, { document: ALL_ARMED_DOCUMENT, variables: { owner, name: repo, after }, schema: allArmedSchema, mayBeMissing: ["repository"] });
    if (shown.repository?.databaseId !== id) return found;
    const { pageInfo, nodes } = shown.repository.pullRequests;
    found.push(...nodes.filter(isArmedByBot).map(({ id: nodeId, number, headRefName: branch, headRefOid: headSha }) => ({ nodeId, number, branch, headSha })));
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  return found;
}

interface ArmedPull {
  readonly nodeId: string;
  readonly number: number;
}

/** Open pull requests from a branch of the repository that no person armed: GitHub shows at most one open for each base, so a page holds them. */
export async function readArmedByBots(github: GitHub, { owner, repo }: Repository, branch: string): Promise<readonly ArmedPull[]> {
  const { repository } = await queryGraphQl(github, { document: ARMED_DOCUMENT, variables: { owner, name: repo, branch }, schema: armedPullsSchema, mayBeMissing: [] });
  return repository.pullRequests.nodes.filter(isArmedByBot).map(({ id, number }) => ({ nodeId: id, number }));
}

const DISARM = "mutation DisarmAutoMerge($input: DisablePullRequestAutoMergeInput!) { disablePullRequestAutoMerge(input: $input) { clientMutationId } }";

/** @returns GitHub's words when it does not take it; null when it is disarmed */
export async function disarmAutoMerge(github: GitHub, pullRequestId: string): Promise<string | null> {
  const { errors } = await sendGraphQl(github, DISARM, { input: { pullRequestId } });
  return errors[0]?.message ?? null;
}

interface ArmWish {
  readonly pullRequestId: string;
  readonly method: "squash" | "merge" | "rebase";
  /** The commit that may be merged: GitHub refuses when the head is another one. */
  readonly expectedHeadOid: string;
}

const ARM = "mutation ArmAutoMerge($input: EnablePullRequestAutoMergeInput!) { enablePullRequestAutoMerge(input: $input) { pullRequest { autoMergeRequest { enabledAt } } } }";
const armedSchema = z.object({ enablePullRequestAutoMerge: z.object({ pullRequest: z.object({ autoMergeRequest: z.object({ enabledAt: z.string().nullable() }).nullable() }).nullable() }).nullable() }).nullable();

/** @returns GitHub's words when it does not take it, such as "Pull request is in clean status"; null when it is armed */
async function armAutoMerge(github: GitHub, { pullRequestId, method, expectedHeadOid }: ArmWish): Promise<string | null> {
  const { data, errors } = await sendGraphQl(github, ARM, { input: { pullRequestId, mergeMethod: method.toUpperCase(), expectedHeadOid } });
  const [error] = errors;
  if (error !== undefined) return error.message;
  return parseAnswer(armedSchema, data, "enablePullRequestAutoMerge")?.enablePullRequestAutoMerge ? null : "it did not say why";
}

export interface AutoMergeWish extends Pick<ArmWish, "method"> {
  /** Of the effect. */
  readonly key: string;
  readonly pullNumber: number;
  /** The commit that may be merged, and no other. */
  readonly headSha: string;
  /** The branch that it may be merged into. */
  readonly base: string;
  /** ISO time, GitHub's clock, of the word of a person that it is armed at; absent where nobody's is. */
  readonly saidAt?: string;
}

/** Why it is not armed: the pull request is not open, its head or its base is another one, it was disarmed behind the word, or GitHub does not take it. */
export type NotArmed = { readonly kind: "closed" } | { readonly kind: "moved"; readonly headSha: string } | { readonly kind: "rebased"; readonly base: string } | { readonly kind: "disarmed-since" } | { readonly kind: "refused"; readonly words: string };

export interface AutoMergeOutcome {
  /** Null when it is armed or merged. */
  readonly declined: NotArmed | null;
  readonly merged: boolean;
}

/**
 * Arms it for one commit into one base. I2. Looked for first: what is armed or merged stays as it is. What came of it is known once the effect is applied.
 * I9. Whoever disarmed it behind the word has decided: a word that comes late, or once more, does not take that back.
 */
export function autoMergeEffect(github: GitHub, repository: Repository, { key, pullNumber, headSha, base, method, saidAt }: AutoMergeWish): { readonly effect: Effect; outcome(): AutoMergeOutcome } {
  let shown: AutoMergeShown | null = null;
  let declined: NotArmed | null = null;
  const done = { id: String(pullNumber), url: null };
  const tried = async (): Promise<NotArmed | null> => {
    if (shown?.state !== "OPEN") return { kind: "closed" };
    if (shown.headSha !== headSha) return { kind: "moved", headSha: shown.headSha };
    if (shown.base !== base) return { kind: "rebased", base: shown.base };
    if (saidAt !== undefined && shown.setAt !== null && Date.parse(shown.setAt) > Date.parse(saidAt)) return { kind: "disarmed-since" };
    const words = await armAutoMerge(github, { pullRequestId: shown.nodeId, method, expectedHeadOid: headSha });
    return words === null ? null : { kind: "refused", words };
  };
  const effect: Effect = {
    key,
    description: `auto-merge of pull request ${pullNumber} at ${headSha}`,
    async lookUp() {
      shown = await readAutoMerge(github, repository, pullNumber);
      return shown?.headSha === headSha && ((shown.armed && shown.base === base) || shown.state === "MERGED") ? done : null;
    },
    async write() {
      declined = await tried();
      return declined === null ? done : { id: "", url: null };
    },
  };
  return { effect, outcome: () => ({ declined, merged: shown?.state === "MERGED" }) };
}
