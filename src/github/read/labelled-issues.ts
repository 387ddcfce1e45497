/** What a look at a repository needs to find what was missed there, in one query a page. */
import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { queryGraphQl } from "../graphql.ts";
import { TerminalError } from "../../shared/errors.ts";
import { blobSchema, fileOf, type FileAtRef } from "./file.ts";
import type { CommentShown } from "./issue-state.ts";
import { actorSchema, LATELY_FIELDS, latelyShape, newestOf, personOf, type LatelyChanged } from "./lately-changed.ts";
import { STOP_FIELDS, stopShape, stoppedBy } from "./stop-label.ts";

/** Open pull requests that one look shows, those that changed last: as many as GitHub gives at once. */
export const MOST_PULLS = 100;

const COMMENTS = "comments(first: 50) { totalCount nodes { fullDatabaseId body url updatedAt viewerDidAuthor } }";
const EVENTS = `{
          nodes {
            kind: __typename
            ... on LabeledEvent { createdAt label { name } actor { login ... on User { databaseId } } }
            ... on RenamedTitleEvent { createdAt }
          }
        }`;

const DOCUMENT = `query LabelledIssues($owner: String!, $name: String!, $label: String!, $config: String!, $after: String, $since: DateTime, $lately: Boolean!) {
  repository(owner: $owner, name: $name) {
    databaseId
    ${STOP_FIELDS}
    config: object(expression: $config) { __typename ... on Blob { byteSize isBinary isTruncated text } }
    issues(first: 50, after: $after, labels: [$label], states: [OPEN]) {
      pageInfo { hasNextPage endCursor }
      nodes {
        number title body locked lastEditedAt
        ${COMMENTS}
        timelineItems(last: 50, itemTypes: [LABELED_EVENT, RENAMED_TITLE_EVENT]) ${EVENTS}
      }
    }
    pullRequests(first: 50, labels: [$label], states: [OPEN], orderBy: { field: UPDATED_AT, direction: DESC }) {
      nodes {
        number title body locked lastEditedAt headRefOid isCrossRepository
        ${COMMENTS}
        timelineItems(last: 50, itemTypes: [LABELED_EVENT, RENAMED_TITLE_EVENT]) ${EVENTS}
      }
    }
    open: pullRequests(first: ${MOST_PULLS}, states: [OPEN], orderBy: { field: UPDATED_AT, direction: DESC }) {
      nodes { number createdAt isDraft headRefName headRefOid isCrossRepository autoMergeRequest { enabledBy { kind: __typename } } author { login ... on User { databaseId } } timelineItems(last: 1, itemTypes: [READY_FOR_REVIEW_EVENT, REOPENED_EVENT]) { nodes { ... on ReadyForReviewEvent { createdAt actor { login ... on User { databaseId } } } ... on ReopenedEvent { createdAt actor { login ... on User { databaseId } } } } } }
    }
    ${LATELY_FIELDS}
  }
}`;

const happenedSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("LabeledEvent"), createdAt: z.string(), label: z.object({ name: z.string() }), actor: z.object({ login: z.string(), databaseId: z.int().nullish() }).nullable() }),
  z.object({ kind: z.literal("RenamedTitleEvent"), createdAt: z.string() }),
]);

const issueSchema = z.object({
  number: z.int(),
  title: z.string(),
  body: z.string(),
  locked: z.boolean(),
  lastEditedAt: z.string().nullable(),
  comments: z.object({
    totalCount: z.int(),
    nodes: z.array(z.object({ fullDatabaseId: z.union([z.int(), z.string().regex(/^\d+$/)]).transform(Number), body: z.string(), url: z.string(), updatedAt: z.string(), viewerDidAuthor: z.boolean() })),
  }),
  timelineItems: z.object({ nodes: z.array(happenedSchema) }),
});
const openPullSchema = z
  .object({
    number: z.int(),
    createdAt: z.string(),
    isDraft: z.boolean(),
    headRefName: z.string(),
    headRefOid: z.string(),
    isCrossRepository: z.boolean(),
    autoMergeRequest: z.object({ enabledBy: z.object({ kind: z.string() }).nullable() }).nullable(),
    author: actorSchema,
    timelineItems: z.object({ nodes: z.array(z.object({ createdAt: z.string(), actor: actorSchema })) }),
  })
  .transform(({ number, createdAt, isDraft: draft, headRefName: branch, headRefOid: headSha, isCrossRepository: fork, autoMergeRequest: armed, author, timelineItems: { nodes: [shown] } }) => ({ number, openedAt: shown?.createdAt ?? createdAt, draft, by: personOf(shown === undefined ? author : shown.actor), branch, headSha, fork, armed: armed !== null && (armed.enabledBy === null || armed.enabledBy.kind === "Bot") }));
const answerSchema = z.object({
  repository: z
    .object({
      databaseId: z.int(),
      config: blobSchema.nullable(),
      ...stopShape,
      issues: z.object({ pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }), nodes: z.array(issueSchema) }),
      pullRequests: z.object({ nodes: z.array(issueSchema.extend({ headRefOid: z.string(), isCrossRepository: z.boolean() })) }),
      open: z.object({ nodes: z.array(openPullSchema) }),
      ...latelyShape,
    })
    .nullable(),
});

export interface LabelledIssue {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  /** ISO time of the last change of title or body; null when there was none that GitHub still tells. */
  readonly editedAt: string | null;
  /** All of its comments; null where there are more than one page tells. */
  readonly comments: readonly CommentShown[] | null;
  /** Its conversation takes no comment of an App. */
  readonly locked: boolean;
  /** Of a pull request. */
  readonly pull?: PullLabelled;
  /** When and by whom the label was set last; `by` is null where that is no person. */
  readonly labelled: { readonly label: string; readonly setAt: string; readonly by: { readonly login: string; readonly id: number } | null } | null;
}

export interface PullLabelled {
  readonly headSha: string;
  /** The head is of a fork. */
  readonly fork: boolean;
}

export interface LabelledIssues {
  readonly repositoryId: number;
  /** The config on the default branch; null when there is none. */
  readonly config: FileAtRef | null;
  /** An open issue or pull request whose label stops all work; null where there is none. */
  readonly stoppedBy: number | null;
  readonly issues: readonly LabelledIssue[];
  /** The hundred open pull requests that changed last, whatever their labels. */
  readonly pulls: readonly OpenPull[];
  /** The fifty open issues that changed last since a time that was asked for; none where none was. */
  readonly lately: readonly LatelyChanged[];
}

/** `armed`: its auto-merge is armed, by no person. `openedAt`, `by`: when (ISO) and by whom it was opened, reopened or shown as ready for review last; `by` is null for nobody who can be asked for. */
export type OpenPull = z.output<typeof openPullSchema>;

/** A thousand open issues with one label are more than a look deals with. */
const MAX_PAGES = 20;

/**
 * Open issues with a label, of such pull requests the fifty that changed last, and of all that are open the hundred; null when there is no such repository to be seen.
 * @param wanted.since ISO time: with the open issues that changed since, whatever their labels
 */
export async function readLabelledIssues(github: GitHub, { owner, repo }: Repository, wanted: { readonly label: string; readonly configPath: string; readonly since?: string | undefined }): Promise<LabelledIssues | null> {
  const issues: LabelledIssue[] = [];
  const lately: LatelyChanged[] = [];
  let after: string | null = null;
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const answer: z.infer<typeof answerSchema> = await queryGraphQl(github, {
      document: DOCUMENT,
      variables: { owner, name: repo, label: wanted.label, config: `HEAD:${wanted.configPath}`, after, since: wanted.since ?? null, lately: wanted.since !== undefined && after === null },
      schema: answerSchema,
      mayBeMissing: ["repository"],
    });
    const { repository: shown } = answer;
    if (shown === null) return null;
    if (after === null) issues.push(...shown.pullRequests.nodes.map((pull) => ({ ...toFacts(pull, wanted.label), pull: { headSha: pull.headRefOid, fork: pull.isCrossRepository } })));
    lately.push(...(shown.lately?.nodes ?? []));
    issues.push(...shown.issues.nodes.map((issue) => toFacts(issue, wanted.label)));
    const { hasNextPage, endCursor } = shown.issues.pageInfo;
    if (!hasNextPage) return { repositoryId: shown.databaseId, config: fileOf(shown.config), stoppedBy: stoppedBy(shown), issues, pulls: shown.open.nodes, lately };
    after = endCursor;
  }
  throw new TerminalError(`${owner}/${repo} has more than ${MAX_PAGES * 50} open issues with the label ${wanted.label}.`, "Take the label off those that are not to be worked on.");
}

const LABELLING = `query Labelling($owner: String!, $name: String!, $issue: Int!) {
  repository(owner: $owner, name: $name) { issue(number: $issue) { timelineItems(last: 50, itemTypes: [LABELED_EVENT]) ${EVENTS} } }
}`;
const labellingSchema = z.object({ repository: z.object({ issue: z.object({ timelineItems: issueSchema.shape.timelineItems }).nullable() }).nullable() });

/** When and by whom an issue's label was set last; null where that is not known. */
export async function readLabelling(github: GitHub, { owner, repo }: Repository, { issueNumber, label }: { readonly issueNumber: number; readonly label: string }): Promise<LabelledIssue["labelled"]> {
  const { repository } = await queryGraphQl(github, { document: LABELLING, variables: { owner, name: repo, issue: issueNumber }, schema: labellingSchema, mayBeMissing: ["repository", "repository.issue"] });
  return labelledIn(repository?.issue?.timelineItems.nodes ?? [], label);
}

function labelledIn(events: readonly z.infer<typeof happenedSchema>[], label: string): LabelledIssue["labelled"] {
  const labelled = events.findLast((event) => event.kind === "LabeledEvent" && event.label.name.toLowerCase() === label.toLowerCase());
  return labelled?.kind === "LabeledEvent" ? { label: labelled.label.name, setAt: labelled.createdAt, by: personOf(labelled.actor) } : null;
}

function toFacts({ number, title, body, locked, lastEditedAt, comments, timelineItems }: z.infer<typeof issueSchema>, label: string): LabelledIssue {
  const events = timelineItems.nodes;
  return {
    number,
    title,
    body,
    locked,
    editedAt: newestOf([lastEditedAt, events.findLast(({ kind }) => kind === "RenamedTitleEvent")?.createdAt ?? null]),
    comments: comments.totalCount > comments.nodes.length ? null : comments.nodes.map(({ fullDatabaseId: id, viewerDidAuthor: own, ...comment }) => ({ id, own, body: comment.body, url: comment.url, updatedAt: comment.updatedAt })),
    labelled: labelledIn(events, label),
  };
}
