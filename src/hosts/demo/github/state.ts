import type { Happening, What } from "./happening.ts";
import type {
  Account,
  AppRecord,
  Artifact,
  CheckRun,
  CheckSuite,
  Comment,
  CommitStatus,
  Installation,
  Issue,
  Job,
  Label,
  ManifestRecord,
  Reaction,
  Review,
  RepositoryRecord,
  Run,
  TokenRecord,
  WorkflowFile,
} from "./records.ts";

/**
 * Everything the local GitHub knows, git objects and refs aside (those live in the bare repositories).
 * Immutable: a transition returns a new one. Ids come from one counter, so they are unique over all kinds.
 */
export interface State {
  readonly app: AppRecord;
  /** By code. */
  readonly manifests: ReadonlyMap<string, ManifestRecord>;
  /** By lower-case login. */
  readonly accounts: ReadonlyMap<string, Account>;
  readonly repositories: ReadonlyMap<number, RepositoryRecord>;
  readonly installations: ReadonlyMap<number, Installation>;
  /** By SHA-256 of the token. */
  readonly tokens: ReadonlyMap<string, TokenRecord>;
  readonly labels: ReadonlyMap<number, Label>;
  /** Issues and pull requests. */
  readonly issues: ReadonlyMap<number, Issue>;
  /** Parent by sub-issue, both by id; in the order they were added. */
  readonly parents: ReadonlyMap<number, number>;
  readonly comments: ReadonlyMap<number, Comment>;
  /** Of pull requests, each with its comments. */
  readonly reviews: ReadonlyMap<number, Review>;
  /** Who resolved a conversation, by the comment it began with. */
  readonly resolvedThreads: ReadonlyMap<number, string>;
  readonly reactions: ReadonlyMap<number, Reaction>;
  readonly checkRuns: ReadonlyMap<number, CheckRun>;
  readonly checkSuites: ReadonlyMap<number, CheckSuite>;
  readonly statuses: ReadonlyMap<number, CommitStatus>;
  readonly workflows: ReadonlyMap<number, WorkflowFile>;
  readonly runs: ReadonlyMap<number, Run>;
  readonly jobs: ReadonlyMap<number, Job>;
  readonly artifacts: ReadonlyMap<number, Artifact>;
  /** Environment (or "" for the repository itself) and name, joined by NUL. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Commits made by an App through the git data API without author and signature: GitHub signs those. */
  readonly signedCommits: ReadonlySet<string>;
  /** Everything that happened, oldest first. */
  readonly history: readonly Happening[];
  readonly nextId: number;
}

/** A world with the App registered and nothing else. */
export function emptyState(app: AppRecord): State {
  return {
    app,
    manifests: new Map(),
    accounts: new Map(),
    repositories: new Map(),
    installations: new Map(),
    tokens: new Map(),
    labels: new Map(),
    issues: new Map(),
    parents: new Map(),
    comments: new Map(),
    reviews: new Map(),
    resolvedThreads: new Map(),
    reactions: new Map(),
    checkRuns: new Map(),
    checkSuites: new Map(),
    statuses: new Map(),
    workflows: new Map(),
    runs: new Map(),
    jobs: new Map(),
    artifacts: new Map(),
    secrets: new Map(),
    signedCommits: new Set(),
    history: [],
    nextId: 100_001,
  };
}

/** A copy of a map with one entry set. */
export function put<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

/** A copy of a map without the key. */
export function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

/** Values that pass, in the order they were made. */
export function select<V>(map: ReadonlyMap<unknown, V>, keep: (value: V) => boolean): V[] {
  return [...map.values()].filter(keep);
}

/** Who did something where and when. */
export interface Act {
  readonly repositoryId: number;
  /** Login. */
  readonly actor: string;
  /** ISO 8601, whole seconds. */
  readonly at: string;
}

/** Notes that something happened. */
export function happen(state: State, act: Act, what: What): State {
  return { ...state, history: [...state.history, { repositoryId: act.repositoryId, actor: act.actor, at: act.at, ...what }] };
}

/** Takes the next id. */
export function takeId(state: State): { readonly state: State; readonly id: number } {
  return { state: { ...state, nextId: state.nextId + 1 }, id: state.nextId };
}

/** The value under a key that must be there. */
export function known<K, V>(map: ReadonlyMap<K, V>, key: K, what: string): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`The local GitHub has no ${what} ${String(key)}; whoever passed that id made it up.`);
  return value;
}
