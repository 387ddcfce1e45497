/**
 * Everything GitHub shows that a delivery hangs on, in one query: asked again before each write, so that what is decided together
 * was seen together.
 */
import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { queryGraphQl } from "../graphql.ts";
import { blobSchema, fileOf, type FileAtRef } from "./file.ts";
import type { Permission } from "./permission.ts";
import type { RepositoryFacts } from "./repository.ts";
import { STOP_FIELDS, stopShape, stoppedBy } from "./stop-label.ts";

const DOCUMENT = `query DeliveryState($owner: String!, $name: String!, $issue: Int!, $config: String!, $base: String!, $branch: String!, $branchName: String!, $record: String!, $login: String!) {
  repository(owner: $owner, name: $name) {
    id databaseId name owner { login } isArchived url
    defaultBranchRef { name }
    pullRequestTemplates { filename body }
    config: object(expression: $config) { __typename ... on Blob { byteSize isBinary isTruncated text } }
    ${STOP_FIELDS}
    issue(number: $issue) { state labels(first: 100) { nodes { name } } }
    base: ref(qualifiedName: $base) { target { oid } }
    branch: ref(qualifiedName: $branch) { target { __typename oid ... on Commit { url message tree { oid } parents(first: 2) { nodes { oid } } } } }
    record: ref(qualifiedName: $record) { target { __typename oid ... on Commit { message } } }
    pullRequests(headRefName: $branchName, first: 100) { totalCount nodes { number url body state isCrossRepository author { kind: __typename login } } }
    collaborators(login: $login, first: 10) { edges { permission node { databaseId login } } }
  }
}`;

const targetSchema = z.object({ target: z.object({ oid: z.string() }).nullable() }).nullable();
const commitSchema = z.object({
  __typename: z.literal("Commit"),
  oid: z.string(),
  url: z.string(),
  message: z.string(),
  tree: z.object({ oid: z.string() }),
  parents: z.object({ nodes: z.array(z.object({ oid: z.string() })) }),
});
const answerSchema = z.object({
  repository: z
    .object({
      id: z.string(),
      databaseId: z.int(),
      name: z.string(),
      owner: z.object({ login: z.string() }),
      isArchived: z.boolean(),
      url: z.string(),
      defaultBranchRef: z.object({ name: z.string() }).nullable(),
      pullRequestTemplates: z.array(z.object({ filename: z.string().nullable(), body: z.string().nullable() })).nullish(),
      config: blobSchema.nullable(),
      ...stopShape,
      issue: z.object({ state: z.string(), labels: z.object({ nodes: z.array(z.object({ name: z.string() })) }).nullable() }).nullable(),
      base: targetSchema,
      branch: z.object({ target: z.union([commitSchema, z.object({ __typename: z.string(), oid: z.string() })]) }).nullable(),
      record: z.object({ target: z.object({ oid: z.string(), message: z.string().default("") }) }).nullable(),
      pullRequests: z.object({
        totalCount: z.int(),
        nodes: z.array(z.object({ number: z.int(), url: z.string(), body: z.string(), state: z.string(), isCrossRepository: z.boolean(), author: z.object({ kind: z.string(), login: z.string() }).nullable() })),
      }),
      collaborators: z.object({ edges: z.array(z.object({ permission: z.string(), node: z.object({ databaseId: z.int().nullable(), login: z.string() }) })) }).nullable(),
    })
    .nullable(),
});
type Shown = NonNullable<z.infer<typeof answerSchema>["repository"]>;

export interface DeliveryQuery {
  readonly issueNumber: number;
  readonly configPath: string;
  readonly baseBranch: string;
  /** Without `refs/heads/`. */
  readonly branch: string;
  /** Full name. */
  readonly recordRef: string;
  /** Whose permission is looked for. */
  readonly login: string;
}

export interface CommitShown {
  readonly sha: string;
  readonly url: string;
  readonly message: string;
  readonly tree: string;
  /** The first two. */
  readonly parents: readonly string[];
}

export interface PullRequestShown {
  readonly number: number;
  readonly url: string;
  readonly body: string;
  readonly open: boolean;
  readonly merged: boolean;
  /** `Bot`, `User`, ...; in GraphQL a bot's login has no `[bot]` behind it. */
  readonly author: { readonly kind: string; readonly login: string } | null;
}

export interface DeliveryState {
  readonly repository: RepositoryFacts & { readonly nodeId: string };
  /** The config on the default branch; null when there is none. */
  readonly config: FileAtRef | null;
  /** The pull request template that GitHub would take by itself: the only one, or the one with the plain name. Null where there is none. */
  readonly template: string | null;
  /** An open issue or pull request whose label stops all work; null where there is none. */
  readonly stoppedBy: number | null;
  /** Null when it is gone. */
  readonly issue: { readonly open: boolean; readonly labels: readonly string[] } | null;
  /** The commit the base branch points to; null when there is no such branch. */
  readonly baseHead: string | null;
  readonly branch: CommitShown | null;
  readonly record: { readonly sha: string; readonly message: string } | null;
  /** From the branch, of this repository itself, lowest number first; null where there are more than one page tells. */
  readonly pullRequests: readonly PullRequestShown[] | null;
  /** What somebody may do as far as GraphQL says it; null where only REST tells. */
  readonly permission: Permission | null;
}

/** What GitHub shows now; null when there is no such repository to be seen. */
export async function readDeliveryState(github: GitHub, repository: Repository, query: DeliveryQuery): Promise<DeliveryState | null> {
  const { repository: shown } = await queryGraphQl(github, {
    document: DOCUMENT,
    variables: {
      owner: repository.owner,
      name: repository.repo,
      issue: query.issueNumber,
      config: `HEAD:${query.configPath}`,
      base: `refs/heads/${query.baseBranch}`,
      branch: `refs/heads/${query.branch}`,
      branchName: query.branch,
      record: query.recordRef,
      login: query.login,
    },
    schema: answerSchema,
    mayBeMissing: ["repository", "repository.issue"],
    mayBeRefused: ["repository.collaborators", "repository.pullRequestTemplates"],
  });
  return shown === null ? null : stateOf(shown, query);
}

function stateOf(shown: Shown, query: DeliveryQuery): DeliveryState {
  const { record, issue, pullRequests } = shown;
  return {
    repository: { nodeId: shown.id, id: shown.databaseId, owner: shown.owner.login, repo: shown.name, defaultBranch: shown.defaultBranchRef?.name ?? "", archived: shown.isArchived, htmlUrl: shown.url },
    config: fileOf(shown.config),
    template: templateOf(shown.pullRequestTemplates ?? []),
    stoppedBy: stoppedBy(shown),
    issue: issue === null ? null : { open: issue.state === "OPEN", labels: (issue.labels?.nodes ?? []).map(({ name }) => name) },
    baseHead: shown.base?.target?.oid ?? null,
    branch: branchOf(shown.branch),
    record: record === null ? null : { sha: record.target.oid, message: record.target.message },
    pullRequests:
      pullRequests.totalCount > pullRequests.nodes.length
        ? null
        : pullRequests.nodes
            .filter(({ isCrossRepository }) => !isCrossRepository)
            .map(({ number, url, body, state, author }) => ({ number, url, body, open: state === "OPEN", merged: state === "MERGED", author }))
            .toSorted((a, b) => a.number - b.number),
    permission: permissionOf(shown, query.login),
  };
}

/** Of those in a directory a person picks one by an address of its own; without a default none of several is taken. */
function templateOf(templates: NonNullable<Shown["pullRequestTemplates"]>): string | null {
  const plain = templates.find(({ filename }) => /^(?:.*\/)?(?:pull_request_template|default)\.[a-z]+$/i.test(filename ?? ""));
  return (plain ?? (templates.length === 1 ? templates[0] : undefined))?.body ?? null;
}

/** A branch that points to something else than a commit is shown as a commit of nobody's. */
function branchOf(branch: Shown["branch"]): CommitShown | null {
  if (branch === null) return null;
  const { target } = branch;
  const sha = target.oid;
  if (!("tree" in target)) return { sha, url: "", message: "", tree: "", parents: [] };
  return { sha, url: target.url, message: target.message, tree: target.tree.oid, parents: target.parents.nodes.map(({ oid }) => oid) };
}

/** GraphQL has the base role of a custom one (P-collaborators); `permission` of REST knows no maintain and no triage. */
function permissionOf({ collaborators }: Shown, login: string): Permission | null {
  const edge = collaborators?.edges.find(({ node }) => node.login.toLowerCase() === login.toLowerCase());
  if (edge === undefined || edge.node.databaseId === null) return null;
  const roleName = edge.permission.toLowerCase();
  const permission = roleName === "maintain" ? "write" : roleName === "triage" ? "read" : roleName;
  // A node of this connection is a `User` by its type.
  return { kind: "known", roleName, permission, userId: edge.node.databaseId, userType: "User" };
}
