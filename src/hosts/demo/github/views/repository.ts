import { nodeId, type View } from "./view.ts";
import { accountJson } from "./accounts.ts";
import type { RepositoryRecord } from "../records.ts";
import { known, select } from "../state.ts";

/** Templates of a repository's addresses, by field. */
const ADDRESSES: Readonly<Record<string, string>> = {
  archive_url: "/{archive_format}{/ref}",
  assignees_url: "/assignees{/user}",
  blobs_url: "/git/blobs{/sha}",
  branches_url: "/branches{/branch}",
  collaborators_url: "/collaborators{/collaborator}",
  comments_url: "/comments{/number}",
  commits_url: "/commits{/sha}",
  compare_url: "/compare/{base}...{head}",
  contents_url: "/contents/{+path}",
  contributors_url: "/contributors",
  deployments_url: "/deployments",
  downloads_url: "/downloads",
  events_url: "/events",
  forks_url: "/forks",
  git_commits_url: "/git/commits{/sha}",
  git_refs_url: "/git/refs{/sha}",
  git_tags_url: "/git/tags{/sha}",
  hooks_url: "/hooks",
  issue_comment_url: "/issues/comments{/number}",
  issue_events_url: "/issues/events{/number}",
  issues_url: "/issues{/number}",
  keys_url: "/keys{/key_id}",
  labels_url: "/labels{/name}",
  languages_url: "/languages",
  merges_url: "/merges",
  milestones_url: "/milestones{/number}",
  notifications_url: "/notifications{?since,all,participating}",
  pulls_url: "/pulls{/number}",
  releases_url: "/releases{/id}",
  stargazers_url: "/stargazers",
  statuses_url: "/statuses/{sha}",
  subscribers_url: "/subscribers",
  subscription_url: "/subscription",
  tags_url: "/tags",
  teams_url: "/teams",
  trees_url: "/git/trees{/sha}",
};

export const fullName = (repository: RepositoryRecord): string => `${repository.owner.login}/${repository.name}`;
export const apiUrl = (view: View, repository: RepositoryRecord): string => `${view.base}/repos/${fullName(repository)}`;
export const pageUrl = (view: View, repository: RepositoryRecord): string => `${view.base}/${fullName(repository)}`;

/** The last that were made: they are most of what is shown of a repository, and nearly always it is the same one. */
let made: { readonly url: string; readonly addresses: Readonly<Record<string, string>> } = { url: "", addresses: {} };

function addressesUnder(url: string): Readonly<Record<string, string>> {
  if (made.url !== url) made = { url, addresses: Object.fromEntries(Object.entries(ADDRESSES).map(([field, path]) => [field, url + path])) };
  return made.addresses;
}

/** `full-repository` of GitHub's description; its smaller forms are parts of it. */
export function repositoryJson(view: View, repository: RepositoryRecord) {
  const url = apiUrl(view, repository);
  const page = pageUrl(view, repository);
  const openIssues = select(view.state.issues, (issue) => issue.repositoryId === repository.id && issue.state === "open").length;
  const forks = select(view.state.repositories, ({ forkOf }) => forkOf === repository.id).length;
  return {
    id: repository.id,
    node_id: nodeId("R", repository.id),
    name: repository.name,
    full_name: fullName(repository),
    private: repository.visibility === "private",
    owner: accountJson(view, repository.owner),
    html_url: page,
    description: null,
    fork: repository.forkOf !== undefined,
    url,
    ...addressesUnder(url),
    clone_url: `${page}.git`,
    git_url: `${page.replace(/^https?:/, "git:")}.git`,
    ssh_url: `git@localhost:${fullName(repository)}.git`,
    svn_url: page,
    mirror_url: null,
    homepage: null,
    language: null,
    license: null,
    size: 0,
    created_at: repository.createdAt,
    updated_at: repository.pushedAt,
    pushed_at: repository.pushedAt,
    stargazers_count: 0,
    watchers_count: 0,
    watchers: 0,
    forks_count: forks,
    forks,
    network_count: 0,
    subscribers_count: 0,
    open_issues_count: openIssues,
    open_issues: openIssues,
    has_issues: true,
    has_projects: false,
    has_downloads: false,
    has_wiki: false,
    has_pages: false,
    has_discussions: false,
    archived: repository.archived,
    disabled: false,
    allow_forking: true,
    is_template: false,
    web_commit_signoff_required: false,
    topics: [],
    visibility: repository.visibility,
    default_branch: repository.defaultBranch,
  };
}

/** As it is shown alone: a fork names what it was made of. */
export function fullRepositoryJson(view: View, repository: RepositoryRecord) {
  const parent = repository.forkOf === undefined ? undefined : repositoryJson(view, known(view.state.repositories, repository.forkOf, "repository"));
  return { ...repositoryJson(view, repository), ...(parent === undefined ? {} : { parent, source: parent }) };
}
