/** What `repository(owner:, name:)` answers, field by field; a field is made, and its permission asked, only when it is selected. */
import type { Commit, Git } from "../git/git.ts";
import { atLeast, roleOf } from "../principal.ts";
import type { RepositoryRecord } from "../records.ts";
import { refuse } from "../route.ts";
import { pageUrl } from "../views/repository.ts";
import { nodeId } from "../views/view.ts";
import { issueField, issuesField, type IssuesWanted } from "./issues.ts";
import { pullRequestField, pullRequestsField, type PullsWanted } from "./pulls.ts";
import { actor, demand, failed, pageSize, type Serving } from "./serving.ts";

const CONTENTS = { permission: "contents", level: "read", role: "read" } as const;
const METADATA = { permission: "metadata", level: "read", role: "read" } as const;
/** Who may list collaborators: people with push access (docs: Repository.collaborators). */
const COLLABORATORS = { permission: "metadata", level: "read", role: "write" } as const;

/** Larger blobs have their text cut (observed: 512 KiB). */
const MAX_BLOB_TEXT_BYTES = 512 * 1024;

export const repositoryNodeId = (repository: RepositoryRecord): string => nodeId("R", repository.id);

export function repositoryField(serving: Serving, { owner, name }: { readonly owner: string; readonly name: string }): unknown {
  const repository = [...serving.machine.state.repositories.values()].find((each) => each.owner.login.toLowerCase() === owner.toLowerCase() && each.name.toLowerCase() === name.toLowerCase());
  if (repository === undefined || refuse(serving.principal, repository, METADATA) !== null) throw failed("NOT_FOUND", `Could not resolve to a Repository with the name '${owner}/${name}'.`);
  const git = serving.gitOf(repository);
  const url = pageUrl({ state: serving.machine.state, base: serving.base }, repository);
  return {
    id: repositoryNodeId(repository),
    databaseId: repository.id,
    name: repository.name,
    owner: actor(repository.owner),
    isArchived: repository.archived,
    url,
    defaultBranchRef: () => refField(serving, repository, `refs/heads/${repository.defaultBranch}`),
    ref: ({ qualifiedName }: { readonly qualifiedName: string }) => refField(serving, repository, qualifiedName),
    object: (wanted: ObjectWanted) => {
      demand(serving, repository, CONTENTS);
      return objectField({ git, url, defaultBranch: repository.defaultBranch }, wanted);
    },
    issue: ({ number }: { readonly number: number }) => issueField(serving, repository, number),
    pullRequest: ({ number }: { readonly number: number }) => pullRequestField(serving, repository, number),
    issues: (wanted: IssuesWanted) => issuesField(serving, repository, wanted),
    pullRequests: (wanted: PullsWanted) => pullRequestsField(serving, repository, wanted),
    pullRequestTemplates: () => templatesField(serving, repository),
    collaborators: ({ login = "" }: { readonly login?: string }) => collaboratorsField(serving, repository, login),
  };
}

/** Of the default branch, from the places GitHub looks in (docs: creating a pull request template); names without their directories (as gh lists them). */
async function templatesField(serving: Serving, repository: RepositoryRecord): Promise<unknown> {
  demand(serving, repository, CONTENTS);
  const git = serving.gitOf(repository);
  const commit = await git.commitOf(repository.defaultBranch);
  const tree = commit === null ? null : await git.readTree(commit, { recursive: true });
  const found = (tree?.entries ?? []).filter(({ path, type }) => type === "blob" && /^(?:\.github\/|docs\/)?pull_request_template(?:\.(?:md|txt)|\/[^/]+\.(?:md|txt))$/i.test(path));
  return Promise.all(found.map(async ({ path, id }) => ({ filename: path.split("/").at(-1) ?? path, body: Buffer.from((await git.readBlob(id)) ?? new Uint8Array()).toString("utf8") })));
}

async function refField(serving: Serving, repository: RepositoryRecord, name: string): Promise<unknown> {
  demand(serving, repository, CONTENTS);
  const git = serving.gitOf(repository);
  const ref = (await git.refs(name)).find((each) => each.name === name);
  if (ref === undefined) return null;
  const url = pageUrl({ state: serving.machine.state, base: serving.base }, repository);
  return { name: name.replace(/^refs\/(?:heads|tags)\//, ""), target: () => objectField({ git, url, defaultBranch: repository.defaultBranch }, { oid: ref.id }) };
}

interface ObjectWanted {
  readonly expression?: string;
  readonly oid?: string;
}

interface ObjectPlace {
  readonly git: Git;
  readonly url: string;
  readonly defaultBranch: string;
}

/** By object id, or by an expression of the form `HEAD:path`, `branch:path` or `commit:path`. */
async function objectField(place: ObjectPlace, { oid, expression }: ObjectWanted): Promise<unknown> {
  if (oid !== undefined) return object(place, oid);
  const [revision = "", path] = (expression ?? "").split(/:(.*)/s);
  const commit = await place.git.commitOf(revision === "HEAD" ? place.defaultBranch : revision);
  if (commit === null) return null;
  if (path === undefined) return object(place, commit);
  const entry = await place.git.entryAt(commit, path);
  return entry === null ? null : object(place, entry.id);
}

async function object(place: ObjectPlace, id: string): Promise<unknown> {
  const found = await place.git.inspect(id);
  switch (found?.type) {
    case undefined:
      return null;
    case "blob":
      return blob(id, (await place.git.readBlob(id)) ?? new Uint8Array());
    case "commit": {
      const commit = await place.git.readCommit(id);
      return commit === null ? null : commitObject(place, commit);
    }
    case "tree":
      return { __typename: "Tree", oid: id };
    case "tag":
      return { __typename: "Tag", oid: id };
  }
}

function blob(id: string, bytes: Uint8Array): unknown {
  const isBinary = bytes.includes(0);
  const text = isBinary ? null : Buffer.from(bytes.subarray(0, MAX_BLOB_TEXT_BYTES)).toString("utf8");
  return { __typename: "Blob", oid: id, byteSize: bytes.byteLength, isBinary, isTruncated: bytes.byteLength > MAX_BLOB_TEXT_BYTES, text };
}

const commitObject = ({ url }: ObjectPlace, { id, message, tree, parents }: Commit): unknown => ({
  __typename: "Commit",
  oid: id,
  message: message.trimEnd(),
  url: `${url}/commit/${id}`,
  tree: { __typename: "Tree", oid: tree },
  parents: ({ first }: { readonly first?: number }) => ({ nodes: parents.slice(0, pageSize(first)).map((oid) => ({ oid })) }),
});

function collaboratorsField(serving: Serving, repository: RepositoryRecord, login: string): unknown {
  demand(serving, repository, COLLABORATORS);
  const account = serving.machine.state.accounts.get(login.toLowerCase());
  if (account === undefined || account.type !== "User") return { edges: [] };
  const role = roleOf(repository, account.login);
  // On a public repository everybody may read without being a collaborator.
  const listed = role !== "none" && (repository.roles.has(login.toLowerCase()) || atLeast(role, "triage"));
  return { edges: listed ? [{ permission: role.toUpperCase(), node: actor(account) }] : [] };
}
