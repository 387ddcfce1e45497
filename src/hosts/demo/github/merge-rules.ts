/** What has to be green before GitHub merges an armed pull request, and the merge itself. */
import type { Git } from "./git/git.ts";
import { isPull, type AutoMerge, type Pull, type RepositoryRecord } from "./records.ts";
import { describeMove } from "./routes/git-refs.ts";
import { happen, known, put, select, type State } from "./state.ts";
import { moveRef } from "./transitions/repositories.ts";

/** Conclusions that satisfy a required check (docs: "Troubleshooting required status checks"). */
const GOOD: ReadonlySet<string> = new Set(["success", "neutral", "skipped"]);

/** Required checks of the base branch that the head does not have yet; of several with one name the newest counts. */
export function missingChecks(state: State, repository: RepositoryRecord, pull: Pull): readonly string[] {
  if (pull.pull.base.ref !== repository.defaultBranch) return [];
  const runs = select(state.checkRuns, (run) => run.repositoryId === repository.id && run.headSha === pull.pull.head.sha);
  return repository.requiredChecks.filter((name) => {
    const newest = runs.filter((run) => run.name === name).at(-1);
    return newest?.status !== "completed" || !GOOD.has(newest.conclusion ?? "");
  });
}

/** Armed pull requests for which there is nothing left to wait for, whichever commit they were armed at (P-auto-merge). */
export const readyToMerge = (state: State): readonly Pull[] =>
  select(state.issues, (issue) => issue.state === "open")
    .filter(isPull)
    .filter((pull) => pull.pull.autoMerge !== null && missingChecks(state, known(state.repositories, pull.repositoryId, "repository"), pull).length === 0);

/** Merges one, in the way it was armed for, unless there is a conflict. @returns the state after it */
export async function mergeArmed(state: State, git: Git, { pull, at }: { readonly pull: Pull; readonly at: string }): Promise<State> {
  const armed = pull.pull.autoMerge;
  return armed === null ? state : ((await mergePull(state, git, { pull, at, by: armed.by, method: armed.method }))?.state ?? state);
}

export interface Merge extends Pick<AutoMerge, "by" | "method"> {
  readonly pull: Pull;
  /** ISO 8601, whole seconds. */
  readonly at: string;
}

/** Merges a pull request into its base. @returns null when there is a conflict, or the base moved meanwhile */
export async function mergePull(state: State, git: Git, { pull: found, at, by, method }: Merge): Promise<{ readonly state: State; readonly sha: string } | null> {
  const { pull } = found;
  const ref = `refs/heads/${pull.base.ref}`;
  const base = await git.commitOf(ref);
  const tree = base === null ? null : await git.mergeTree(base, pull.head.sha);
  if (base === null || tree === null) return null;
  const person = { name: by, email: `${by}@users.noreply.github.com`, date: at };
  const sha = await git.writeCommit({ tree, parents: method === "MERGE" ? [base, pull.head.sha] : [base], message: messageOf(found, method), author: person, committer: person });
  if (!(await git.moveRef(ref, base, sha))) return null;
  const act = { repositoryId: found.repositoryId, actor: by, at };
  const merged: Pull = { ...found, state: "closed", closedAt: at, updatedAt: at, pull: { ...pull, autoMerge: null, merged: { at, by, sha } } };
  const moved = moveRef({ ...state, issues: put(state.issues, found.id, merged) }, act, await describeMove(git, ref, base, sha));
  return { state: happen(moved, act, { kind: "pull_request", action: "closed", issueId: found.id }), sha };
}

const messageOf = ({ title, number, pull }: Pull, method: AutoMerge["method"]): string => (method === "MERGE" ? `Merge pull request #${number} from ${pull.head.ref}\n\n${title}` : `${title} (#${number})`);
