/** An issue of ours that is kept up to date, found again by its label and a hidden marker. */
import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { sha256Hex } from "../../shared/hash.ts";
import { fitComment, isWrittenBy, type CommentAuthor } from "./comment.ts";
import type { EffectRunner } from "./effect-runner.ts";
import { lookedUp, type Confirmed, type Effect } from "./effect.ts";

const issueSchema = z.looseObject({ number: z.int(), html_url: z.string(), body: z.string().nullish(), state: z.string(), pull_request: z.unknown().optional() });

export interface OwnIssue {
  readonly number: number;
  readonly body: string;
  readonly open: boolean;
}

export interface OwnIssueTarget {
  readonly github: GitHub;
  readonly repository: Repository;
  readonly author: CommentAuthor;
}

export interface OwnIssueWish {
  readonly title: string;
  readonly label: string;
  /** First line of `body`. */
  readonly marker: string;
  readonly body: string;
}

/** An App has few issues with a label of its own in a repository. */
const LOOKED_AT = 100;

/**
 * The issue of ours with the label and the marker: the first that is open, else the first that was closed; null when there is none. Others that are
 * open are taken back: another replica made them at the same moment (I2).
 */
export async function findOwnIssue(target: OwnIssueTarget, { label, marker }: Pick<OwnIssueWish, "label" | "marker">): Promise<OwnIssue | null> {
  const [first, ...doubles] = await list(target, { label, marker });
  for (const { number } of doubles.filter(({ state }) => state === "open")) await closeDouble(target, number);
  return first === undefined ? null : { number: first.number, body: first.body ?? "", open: first.state === "open" };
}

async function closeDouble({ github, repository }: OwnIssueTarget, number: number): Promise<void> {
  await github.request("PATCH /repos/{owner}/{repo}/issues/{issue_number}", { ...repository, issue_number: number, state: "closed", state_reason: "not_planned" });
}

/** Those that are open first, and of these the lowest number. */
async function list({ github, repository, author }: OwnIssueTarget, { label, marker }: Pick<OwnIssueWish, "label" | "marker">): Promise<readonly z.infer<typeof issueSchema>[]> {
  const route = "GET /repos/{owner}/{repo}/issues";
  const { data } = await github.request(route, { ...repository, labels: label, state: "all", sort: "created", direction: "desc", per_page: LOOKED_AT });
  return parseAnswer(z.array(issueSchema), data, route).filter((issue) => (issue.pull_request ?? null) === null && (issue.body ?? "").startsWith(marker) && isWrittenBy(issue, author)).toSorted((a, b) => Number(b.state === "open") - Number(a.state === "open") || a.number - b.number);
}

/** Makes the issue unless one of ours is there. */
export function ownIssueEffect(target: OwnIssueTarget, { title, label, marker, body }: OwnIssueWish): Effect {
  const { github, repository } = target;
  return {
    key: `issue:${marker}`,
    description: `issue "${title}" in ${repository.owner}/${repository.repo}`,
    lookUp: async () => {
      const [first] = await list(target, { label, marker });
      return first === undefined ? null : { id: String(first.number), url: first.html_url };
    },
    cures: { 410: "Issues are switched off in this repository: switch them on, or take `dashboard` out of .github/worktrain.yml." },
    async write() {
      const route = "POST /repos/{owner}/{repo}/issues";
      const issue = parseAnswer(issueSchema, (await github.request(route, { ...repository, title, body: fitComment(body), labels: [label] })).data, route);
      return { id: String(issue.number), url: issue.html_url };
    },
    discard: (double) => closeDouble(target, Number(double.id)),
  };
}

/** Replaces the text of an issue of ours, which has just been seen to be another. */
export async function editOwnIssue(effects: EffectRunner, { github, repository }: Pick<OwnIssueTarget, "github" | "repository">, issue: { readonly number: number; readonly body: string }): Promise<void> {
  const body = fitComment(issue.body);
  const place = { ...repository, issue_number: issue.number };
  const done: Confirmed = { id: String(issue.number), url: null };
  await effects.apply({
    key: `issue-text:${issue.number}:${sha256Hex(body)}`,
    description: `text of issue ${issue.number} in ${repository.owner}/${repository.repo}`,
    lookUp: lookedUp(null, async () => {
      const route = "GET /repos/{owner}/{repo}/issues/{issue_number}";
      return parseAnswer(issueSchema, (await github.request(route, place)).data, route).body === body ? done : null;
    }),
    async write() {
      await github.request("PATCH /repos/{owner}/{repo}/issues/{issue_number}", { ...place, body });
      return done;
    },
  });
}
