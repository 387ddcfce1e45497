import type { PushedCommit } from "../happening.ts";
import { roleOf } from "../principal.ts";
import { isPull, type Account, type Pull, type RepositoryRecord, type Role } from "../records.ts";
import { happen, known, put, select, takeId, type Act, type State } from "../state.ts";
import { editIssue, issueByNumber } from "./issues.ts";

/** The account of a login; made when there is none. */
export function ensureAccount(state: State, login: string, type: Account["type"]): { readonly state: State; readonly account: Account } {
  const there = state.accounts.get(login.toLowerCase());
  if (there !== undefined) return { state, account: there };
  const taken = takeId(state);
  const account: Account = { id: taken.id, login, type };
  return { state: { ...taken.state, accounts: put(taken.state.accounts, login.toLowerCase(), account) }, account };
}

export interface NewRepository {
  readonly forkOf?: number;
  readonly owner: string;
  readonly name: string;
  readonly visibility: "public" | "private";
  readonly defaultBranch: string;
  readonly gitDirectory: string;
}

export function createRepository(state: State, at: string, wish: NewRepository): { readonly state: State; readonly repository: RepositoryRecord } {
  const owned = ensureAccount(state, wish.owner, "User");
  const taken = takeId(owned.state);
  const repository: RepositoryRecord = {
    ...wish,
    id: taken.id,
    owner: owned.account,
    createdAt: at,
    pushedAt: at,
    archived: false,
    autoMergeAllowed: false,
    requiredChecks: [],
    roles: new Map(),
  };
  return { state: { ...taken.state, repositories: put(taken.state.repositories, repository.id, repository) }, repository };
}

export interface NewFork {
  /** Login. */
  readonly owner: string;
  /** Default: that of the repository. */
  readonly name: string | undefined;
  readonly gitDirectory: string;
}

/** What somebody has forked of a repository before; null for nothing. */
export const forkBy = (state: State, { id }: RepositoryRecord, login: string): RepositoryRecord | null => select(state.repositories, (each) => each.forkOf === id && each.owner.login.toLowerCase() === login.toLowerCase())[0] ?? null;

/** A fork of the repository; where its owner has one of that name already, a number is put behind (docs: forks). */
export function createFork(state: State, at: string, parent: RepositoryRecord, { owner, name = parent.name, gitDirectory }: NewFork): { readonly state: State; readonly repository: RepositoryRecord } {
  const taken = new Set(select(state.repositories, (each) => each.owner.login.toLowerCase() === owner.toLowerCase()).map((each) => each.name.toLowerCase()));
  let free = name;
  for (let number = 1; taken.has(free.toLowerCase()); number += 1) free = `${name}-${number}`;
  return createRepository(state, at, { forkOf: parent.id, owner, name: free, visibility: parent.visibility, defaultBranch: parent.defaultBranch, gitDirectory });
}

/** Gives a person a role in every repository there is; `none` takes it away. */
export function grantRole(state: State, login: string, role: Role, repositoryId?: number): State {
  let next = state;
  for (const repository of state.repositories.values()) {
    if (repositoryId !== undefined && repository.id !== repositoryId) continue;
    const roles = new Map(repository.roles);
    if (role === "none") roles.delete(login.toLowerCase());
    else roles.set(login.toLowerCase(), role);
    next = { ...next, repositories: put(next.repositories, repository.id, { ...repository, roles }) };
  }
  return next;
}

/** Installs the App on a repository, in the owner's one installation. */
export function installApp(state: State, at: string, repository: RepositoryRecord): { readonly state: State; readonly installationId: number } {
  const there = select(state.installations, (installation) => installation.account.id === repository.owner.id)[0];
  const taken = there === undefined ? takeId(state) : { state, id: there.id };
  const installation = {
    id: taken.id,
    account: repository.owner,
    repositoryIds: new Set([...(there?.repositoryIds ?? []), repository.id]),
    createdAt: there?.createdAt ?? at,
  };
  const next: State = { ...taken.state, installations: put(taken.state.installations, taken.id, installation) };
  const act: Act = { repositoryId: repository.id, actor: repository.owner.login, at };
  return {
    state: happen(next, act, there === undefined ? { kind: "installation", action: "created", installationId: taken.id } : { kind: "installation_repositories", action: "added", installationId: taken.id }),
    installationId: taken.id,
  };
}

/** A ref that moved, by push or by REST. */
export interface RefMove {
  readonly ref: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly forced: boolean;
  /** Commits that came with it, oldest first. */
  readonly commits: readonly PushedCommit[];
}

const NO_COMMIT = "0".repeat(40);

/**
 * Notes that a ref moved: open pull requests of that branch follow it, those whose head came to their base with it are merged.
 * Of other refs than branches and tags GitHub tells nobody.
 */
export function moveRef(state: State, act: Act, move: RefMove): State {
  if (!/^refs\/(?:heads|tags)\//.test(move.ref)) return state;
  const repository = known(state.repositories, act.repositoryId, "repository");
  let next: State = { ...state, repositories: put(state.repositories, repository.id, { ...repository, pushedAt: act.at }) };
  next = happen(next, act, {
    kind: "push",
    ref: move.ref,
    before: move.before ?? NO_COMMIT,
    after: move.after ?? NO_COMMIT,
    forced: move.forced,
    commits: move.commits,
  });
  const head = move.commits.at(-1);
  // A merge queue asks for the checks of each group it makes by its branch.
  if (head !== undefined && move.before === null && move.ref.startsWith("refs/heads/gh-readonly-queue/")) next = happen(next, act, { kind: "merge_group", action: "checks_requested", ref: move.ref, head });
  const isHeadHere = ({ repositoryId, pull }: Pull): boolean => (pull.head.forkId ?? repositoryId) === repository.id;
  for (const issue of select(next.issues, ({ state: open }) => open === "open").filter(isPull).filter(isHeadHere)) {
    const { pull } = issue;
    // What becomes of a fork's branch happens in the repository that is asked to take it.
    const there = { ...act, repositoryId: issue.repositoryId };
    if (`refs/heads/${pull.head.ref}` === move.ref && move.after !== null && move.after !== pull.head.sha) {
      const moved = { ...issue, updatedAt: act.at, pull: { ...pull, head: { ...pull.head, sha: move.after } } };
      next = { ...next, issues: put(next.issues, issue.id, moved) };
      next = happen(next, there, { kind: "pull_request", action: "synchronize", issueId: issue.id, before: pull.head.sha, after: move.after });
    }
    if (`refs/heads/${pull.head.ref}` === move.ref && move.after === null) {
      next = { ...next, issues: put(next.issues, issue.id, { ...issue, state: "closed", closedAt: act.at, updatedAt: act.at }) };
      next = happen(next, there, { kind: "pull_request", action: "closed", issueId: issue.id });
    }
  }
  return mergeLanded(next, act, repository, move);
}

/** Keywords that close an issue when they are merged to the default branch (docs: linking a pull request to an issue). */
const CLOSES = /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):? #(\d+)/gi;

/** Pull requests whose head is among the commits that came to their base (docs: about pull request merges, indirect merges). */
function mergeLanded(state: State, act: Act, repository: RepositoryRecord, move: RefMove): State {
  let next = state;
  const landed = new Set(move.commits.map(({ id }) => id));
  for (const issue of select(state.issues, (candidate) => candidate.repositoryId === repository.id && candidate.state === "open").filter(isPull)) {
    const { pull } = issue;
    if (`refs/heads/${pull.base.ref}` !== move.ref || move.after === null || !landed.has(pull.head.sha)) continue;
    const merged = { ...pull, merged: { at: act.at, by: act.actor, sha: move.after } };
    next = { ...next, issues: put(next.issues, issue.id, { ...issue, state: "closed", closedAt: act.at, updatedAt: act.at, pull: merged }) };
    next = happen(next, act, { kind: "pull_request", action: "closed", issueId: issue.id });
    if (pull.base.ref !== repository.defaultBranch) continue;
    for (const [, number] of (issue.body ?? "").matchAll(CLOSES)) {
      const linked = issueByNumber(next, repository.id, Number(number));
      if (linked !== null) next = editIssue(next, act, linked, { state: "closed" });
    }
  }
  return next;
}

/** What a person may do with a repository, as `GET .../permission` says it. */
export function permissionOf(repository: RepositoryRecord, login: string) {
  const role = roleOf(repository, login);
  const permission = role === "maintain" ? "write" : role === "triage" ? "read" : role;
  return { permission, role_name: role };
}
