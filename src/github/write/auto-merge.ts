/** GitHub's own auto-merge: it merges when the rules of the branch are met, and not before (P-auto-merge). */
import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { queryGraphQl, sendGraphQl } from "../graphql.ts";
import { parseAnswer } from "../parse-answer.ts";

export interface AutoMergeShown {
  readonly nodeId: string;
  readonly headSha: string;
  /** `OPEN`, `CLOSED` or `MERGED`. */
  readonly state: string;
  readonly armed: boolean;
}

const DOCUMENT = `query AutoMerge($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) { id state headRefOid autoMergeRequest { enabledAt } } }
}`;
const shownSchema = z.object({
  repository: z.object({ pullRequest: z.object({ id: z.string(), state: z.string(), headRefOid: z.string(), autoMergeRequest: z.object({ enabledAt: z.string().nullable() }).nullable() }).nullable() }).nullable(),
});

/** Null when there is no such pull request. */
export async function readAutoMerge(github: GitHub, { owner, repo }: Repository, number: number): Promise<AutoMergeShown | null> {
  const { repository } = await queryGraphQl(github, { document: DOCUMENT, variables: { owner, name: repo, number }, schema: shownSchema, mayBeMissing: ["repository", "repository.pullRequest"] });
  const shown = repository?.pullRequest ?? null;
  return shown === null ? null : { nodeId: shown.id, headSha: shown.headRefOid, state: shown.state, armed: shown.autoMergeRequest !== null };
}

export interface ArmWish {
  readonly pullRequestId: string;
  readonly method: "squash" | "merge" | "rebase";
  /** The commit that may be merged: GitHub refuses when the head is another one. */
  readonly expectedHeadOid: string;
}

const ARM = "mutation ArmAutoMerge($input: EnablePullRequestAutoMergeInput!) { enablePullRequestAutoMerge(input: $input) { pullRequest { autoMergeRequest { enabledAt } } } }";
const armedSchema = z.object({ enablePullRequestAutoMerge: z.object({ pullRequest: z.object({ autoMergeRequest: z.object({ enabledAt: z.string().nullable() }).nullable() }).nullable() }).nullable() }).nullable();

/** @returns GitHub's words when it does not take it, such as "Pull request is in clean status"; null when it is armed */
export async function armAutoMerge(github: GitHub, { pullRequestId, method, expectedHeadOid }: ArmWish): Promise<string | null> {
  const { data, errors } = await sendGraphQl(github, ARM, { input: { pullRequestId, mergeMethod: method.toUpperCase(), expectedHeadOid } });
  const [error] = errors;
  if (error !== undefined) return error.message;
  return parseAnswer(armedSchema, data, "enablePullRequestAutoMerge")?.enablePullRequestAutoMerge ? null : "it did not say why";
}
