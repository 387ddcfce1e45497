import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { queryGraphQl } from "../graphql.ts";
import { parseAnswer } from "../parse-answer.ts";
import { allPages } from "./pages.ts";
import { TerminalError } from "../../shared/errors.ts";

const DOCUMENT = `query ReviewThreads($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
          id isResolved isOutdated path line
          resolvedBy { login databaseId }
          comments(first: 20) { pageInfo { hasNextPage } nodes { fullDatabaseId body author { kind: __typename login } } }
        }
      }
    }
  }
}`;

const threadSchema = z.object({
  id: z.string(),
  isResolved: z.boolean(),
  isOutdated: z.boolean(),
  path: z.string(),
  line: z.int().nullish(),
  resolvedBy: z.object({ login: z.string(), databaseId: z.int().nullish() }).nullish(),
  comments: z.object({ pageInfo: z.object({ hasNextPage: z.boolean() }), nodes: z.array(z.object({ fullDatabaseId: z.union([z.int(), z.string().regex(/^\d+$/)]).transform(Number), body: z.string(), author: z.object({ kind: z.string(), login: z.string() }).nullable() })) }),
});
const answerSchema = z.object({
  repository: z.object({ pullRequest: z.object({ reviewThreads: z.object({ pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }), nodes: z.array(threadSchema) }) }).nullable() }).nullable(),
});

/** A conversation on a line of a pull request that a bot account of ours began. */
export interface ReviewThread {
  readonly id: string;
  readonly path: string;
  /** In the present head; null where the line is gone. */
  readonly line: number | null;
  readonly resolved: boolean;
  readonly resolvedBy: { readonly login: string; readonly id: number | null } | null;
  /** The lines that it is about have changed since. */
  readonly outdated: boolean;
  /** What it began with. */
  readonly first: { readonly id: number; readonly body: string };
  /** Bodies of the bot's own answers below it. */
  readonly answers: readonly string[];
}

/** More conversations on one pull request than this are not told apart any more. */
const MAX_PAGES = 20;

/** Threads that begin with a comment of one of the bot accounts, oldest first. @param botLogins with `[bot]` at its end, as REST has it */
export async function readReviewThreads(github: GitHub, { owner, repo }: Repository, { number, botLogins }: { readonly number: number; readonly botLogins: readonly string[] }): Promise<readonly ReviewThread[]> {
  const isBots = (author: { readonly kind: string; readonly login: string } | null): boolean => author?.kind === "Bot" && botLogins.includes(`${author.login}[bot]`);
  const threads: ReviewThread[] = [];
  const long = new Set<string>();
  let after: string | null = null;
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const answer: z.infer<typeof answerSchema> = await queryGraphQl(github, { document: DOCUMENT, variables: { owner, name: repo, number, after }, schema: answerSchema, mayBeMissing: ["repository", "repository.pullRequest"] });
    const shown = answer.repository?.pullRequest?.reviewThreads;
    if (shown === undefined) return [];
    for (const { id, path, line, isResolved: resolved, isOutdated: outdated, resolvedBy, comments } of shown.nodes) {
      const [first, ...rest] = comments.nodes;
      if (first === undefined || !isBots(first.author)) continue;
      if (comments.pageInfo.hasNextPage) long.add(id);
      threads.push({
        id,
        path,
        line: line ?? null,
        resolved,
        resolvedBy: resolvedBy === null || resolvedBy === undefined ? null : { login: resolvedBy.login, id: resolvedBy.databaseId ?? null },
        outdated,
        first: { id: first.fullDatabaseId, body: first.body },
        answers: rest.filter(({ author }) => isBots(author)).map(({ body }) => body),
      });
    }
    if (!shown.pageInfo.hasNextPage) return long.size === 0 ? threads : withAllAnswers(threads, { long, answers: await readAnswers(github, { owner, repo }, { number, botLogins }) });
    after = shown.pageInfo.endCursor;
  }
  throw new TerminalError(`Pull request ${number} has more than ${MAX_PAGES * 100} conversations.`, "Open a new pull request: this one's review cannot be kept apart from what was said.");
}

const answersSchema = z.array(z.object({ body: z.string(), in_reply_to_id: z.int().nullish(), user: z.object({ login: z.string(), type: z.string() }).nullish() }));
/** 10,000 comments. */
const MAX_COMMENT_PAGES = 100;

/** Bodies of the bots' answers by the comment that their conversation began with: a long one is not shown whole beside the others. */
async function readAnswers(github: GitHub, repository: Repository, { number, botLogins }: { readonly number: number; readonly botLogins: readonly string[] }): Promise<ReadonlyMap<number, readonly string[]>> {
  const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}/comments";
  const all = await allPages(github, { route, parameters: { ...repository, pull_number: number }, items: (data) => parseAnswer(answersSchema, data, route), maxPages: MAX_COMMENT_PAGES });
  const ours = all.flatMap(({ in_reply_to_id: to, body, user }) => (typeof to === "number" && user?.type === "Bot" && botLogins.includes(user.login) ? [{ to, body }] : []));
  return new Map([...Map.groupBy(ours, ({ to }) => to)].map(([to, answers]) => [to, answers.map(({ body }) => body)]));
}

/** I2. An answer of ours behind those that were shown is one all the same. */
const withAllAnswers = (threads: readonly ReviewThread[], { long, answers }: { readonly long: ReadonlySet<string>; readonly answers: ReadonlyMap<number, readonly string[]> }): readonly ReviewThread[] =>
  threads.map((thread) => (long.has(thread.id) ? { ...thread, answers: answers.get(thread.first.id) ?? [] } : thread));
