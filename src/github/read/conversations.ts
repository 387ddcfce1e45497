import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { queryGraphQl } from "../graphql.ts";
import { GITHUB_ACTIONS_LOGIN } from "./own-reviews.ts";

const DOCUMENT = `query Conversations($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
          isResolved path line
          root: comments(first: 1) { nodes { fullDatabaseId } }
          comments(last: 50) { nodes { fullDatabaseId body createdAt viewerDidAuthor author { kind: __typename login ... on User { databaseId } } pullRequestReview { fullDatabaseId state } } }
        }
      }
    }
  }
}`;

const idSchema = z.union([z.int(), z.string().regex(/^\d+$/)]).transform(Number);
const commentSchema = z
  .object({
    fullDatabaseId: idSchema,
    body: z.string(),
    createdAt: z.string(),
    viewerDidAuthor: z.boolean(),
    author: z.object({ kind: z.string(), login: z.string(), databaseId: z.int().nullish() }).nullable(),
    pullRequestReview: z.object({ fullDatabaseId: idSchema.nullable(), state: z.string() }).nullable(),
  })
  .transform(({ fullDatabaseId: id, body, createdAt, viewerDidAuthor, author, pullRequestReview }) => ({
    id,
    body,
    createdAt,
    // What the App or its deliver job says; with the second's account other workflows speak as well (P-github-token, P-graphql-words).
    own: author?.kind === "Bot" && (viewerDidAuthor || `${author.login}[bot]` === GITHUB_ACTIONS_LOGIN),
    author: author === null ? null : { kind: author.kind, login: author.login, id: author.databaseId ?? null },
    review: pullRequestReview === null ? null : { id: pullRequestReview.fullDatabaseId, state: pullRequestReview.state },
  }));
const threadSchema = z.object({
  isResolved: z.boolean(),
  path: z.string(),
  line: z.int().nullish(),
  root: z.object({ nodes: z.array(z.object({ fullDatabaseId: idSchema })) }),
  comments: z.object({ nodes: z.array(commentSchema) }),
});
const answerSchema = z.object({
  repository: z.object({ pullRequest: z.object({ reviewThreads: z.object({ pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }), nodes: z.array(threadSchema) }) }).nullable() }).nullable(),
});

/** What somebody said in a conversation; times are ISO, GitHub's clock. */
export type ConversationComment = z.output<typeof commentSchema>;

/** A conversation on a line of a pull request, whoever began it. */
export interface Conversation {
  /** The comment it began with: answers stand below that one. */
  readonly rootId: number;
  readonly path: string;
  /** In the present head; null where the line is gone. */
  readonly line: number | null;
  /** The last 50, oldest first. */
  readonly comments: readonly ConversationComment[];
}

/** Of more than this many hundreds the later ones are not looked at. */
const MAX_PAGES = 20;

/** Those that nobody has resolved, oldest first. */
export async function readConversations(github: GitHub, { owner, repo }: Repository, number: number): Promise<readonly Conversation[]> {
  const open: Conversation[] = [];
  let after: string | null = null;
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const answer: z.infer<typeof answerSchema> = await queryGraphQl(github, { document: DOCUMENT, variables: { owner, name: repo, number, after }, schema: answerSchema, mayBeMissing: ["repository", "repository.pullRequest"] });
    const shown = answer.repository?.pullRequest?.reviewThreads;
    if (shown === undefined) return open;
    for (const { isResolved, path, line, root, comments } of shown.nodes) {
      const rootId = root.nodes[0]?.fullDatabaseId;
      if (!isResolved && rootId !== undefined) open.push({ rootId, path, line: line ?? null, comments: comments.nodes });
    }
    if (!shown.pageInfo.hasNextPage) return open;
    after = shown.pageInfo.endCursor;
  }
  return open;
}
