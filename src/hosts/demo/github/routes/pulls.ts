import { z } from "zod";
import type { Git } from "../git/git.ts";
import { isPull, type Pull, type PullPart, type RepositoryRecord } from "../records.ts";
import { missingChecks, mergePull } from "../merge-rules.ts";
import { failure, json, notAccessible, notFound, pageOf, validationFailed, type Reply } from "../reply.ts";
import { answer, numberParam, refuse, repositoryRoute, type Params, type RepositoryExchange, type Route } from "../route.ts";
import { happen, known, put, select, type Act, type State } from "../state.ts";
import { forkBy } from "../transitions/repositories.ts";
import { editIssue, openIssue } from "../transitions/issues.ts";
import { commitJson } from "../views/commits.ts";
import { fileChangeJson, pullJson, pullSimpleJson, type PullMeasure } from "../views/pulls.ts";
import { apiUrl, pageUrl } from "../views/repository.ts";
import { bodyTooLong } from "./body-limit.ts";
import { touchesWorkflows } from "./git-refs.ts";
import { isApp } from "./issues.ts";

const READ = { permission: "pull_requests", level: "read", role: "read" } as const;
const WRITE = { permission: "pull_requests", level: "write", role: "write" } as const;
const PULL = "/repos/{owner}/{repo}/pulls/{pull_number}";

/** Files of a pull request that GitHub lists at most. */
const MAX_FILES = 3000;
/** Files of a comparison that GitHub lists at most. */
const MAX_COMPARED_FILES = 300;
const MAX_COMPARED_COMMITS = 250;

/** What only git knows about a pull request. */
export async function measure(git: Git, pull: { readonly head: string; readonly base: string }): Promise<PullMeasure> {
  const from = (await git.mergeBase(pull.base, pull.head)) ?? pull.base;
  const files = await git.diff(from, pull.head);
  return {
    mergeable: await git.mergesCleanly(pull.base, pull.head),
    commits: await git.countBetween(pull.base, pull.head),
    additions: files.reduce((sum, file) => sum + file.additions, 0),
    deletions: files.reduce((sum, file) => sum + file.deletions, 0),
    changedFiles: files.length,
  };
}

const createBody = z.object({
  title: z.string().min(1),
  head: z.string(),
  base: z.string(),
  body: z.string().nullish(),
  draft: z.boolean().default(false),
  maintainer_can_modify: z.boolean().default(true),
});

const createPull = repositoryRoute({
  method: "POST",
  template: "/repos/{owner}/{repo}/pulls",
  // Whoever may read may ask that a fork of theirs be taken.
  access: { ...WRITE, role: "read" },
  body: createBody,
  async handle(exchange) {
    const { act, body, base, git, principal, repository } = exchange;
    const tooLong = bodyTooLong("PullRequest", body.body);
    if (tooLong !== null) return answer(tooLong);
    const from = headOf(exchange.state, repository, body.head);
    const { name: headName = "" } = from ?? {};
    const isFork = from !== null && from.repository.id !== repository.id;
    const refusal = from === null ? null : isFork ? refuse(principal, from.repository, { permission: "contents", level: "write", role: "write" }) : refuse(principal, repository, WRITE);
    if (refusal !== null) return answer(refusal);
    const head = from === null ? null : await exchange.gitOf(from.repository).commitOf(`refs/heads/${headName}`);
    if (from === null || head === null) return answer(validationFailed({ resource: "PullRequest", field: "head", code: "invalid" }));
    const baseSha = await git.commitOf(`refs/heads/${body.base}`);
    if (baseSha === null) return answer(validationFailed({ resource: "PullRequest", field: "base", code: "invalid" }));
    if ((await git.countBetween(baseSha, head)) === 0) return answer(customFailure(`No commits between ${body.base} and ${headName}`));
    const measured = await measure(git, { head, base: baseSha });
    return (state) => {
      const part = {
        head: { ref: headName, sha: head, ...(isFork ? { forkId: from.repository.id } : {}) },
        base: { ref: body.base, sha: baseSha },
        draft: body.draft,
        maintainerCanModify: body.maintainer_can_modify,
        merged: null,
        autoMerge: null,
      };
      if (openPull(state, repository, part) !== undefined) return { state, reply: customFailure(`A pull request already exists for ${from.repository.owner.login}:${headName}.`) };
      const opened = openIssue(state, act, { title: body.title, body: body.body ?? null, viaApp: isApp(principal), pull: part });
      const { issue } = opened;
      return { state: opened.state, reply: isPull(issue) ? json(pullJson({ state: opened.state, base }, issue, measured), 201) : notFound() };
    };
  },
});

const customFailure = (message: string): Reply => validationFailed({ resource: "PullRequest", code: "custom", message });

/** `branch`, or `owner:branch` of the repository itself or a fork of it; null when it names neither. */
function headOf(state: State, repository: RepositoryRecord, head: string): { readonly repository: RepositoryRecord; readonly name: string } | null {
  const [owner = "", name = ""] = head.includes(":") ? head.split(/:(.*)/s) : [repository.owner.login, head];
  const from = owner.toLowerCase() === repository.owner.login.toLowerCase() ? repository : forkBy(state, repository, owner);
  return from === null ? null : { repository: from, name };
}

/** Where the branch of a pull request is. */
const headRepositoryOf = (state: State, { repositoryId, pull: { head } }: Pull): RepositoryRecord => known(state.repositories, head.forkId ?? repositoryId, "repository");

const pullsOf = (state: State, repository: RepositoryRecord): Pull[] =>
  select(state.issues, (issue) => issue.repositoryId === repository.id).filter(isPull);

const openPull = (state: State, repository: RepositoryRecord, { head, base }: Pick<PullPart, "head" | "base">): Pull | undefined =>
  pullsOf(state, repository).find(({ state: open, pull }) => open === "open" && pull.head.ref === head.ref && pull.head.forkId === head.forkId && pull.base.ref === base.ref);

const listPulls = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/pulls",
  access: READ,
  handle: ({ repository, url, base }) =>
    answer((state) => {
      const { searchParams: query } = url;
      const wanted = query.get("state") ?? "open";
      const head = query.get("head");
      const found = pullsOf(state, repository)
        .filter((pull) => wanted === "all" || pull.state === wanted)
        .filter(
          (pull) => head === null || !head.includes(":") || `${headRepositoryOf(state, pull).owner.login}:${pull.pull.head.ref}`.toLowerCase() === head.toLowerCase(),
        )
        .filter((pull) => (query.get("base") ?? pull.pull.base.ref) === pull.pull.base.ref);
      const page = pageOf(url, query.get("direction") === "asc" ? found : found.toReversed());
      return json(
        page.items.map((pull) => pullSimpleJson({ state, base }, pull)),
        200,
        page.headers,
      );
    }),
});

export const pullByNumber = (state: State, repository: RepositoryRecord, params: Params): Pull | undefined =>
  pullsOf(state, repository).find((pull) => pull.number === numberParam(params, "pull_number"));

const getPull = repositoryRoute({
  method: "GET",
  template: PULL,
  access: READ,
  async handle({ repository, params, base, git, state }) {
    const found = pullByNumber(state, repository, params);
    if (found === undefined) return answer(notFound());
    const measured = await measure(git, { head: found.pull.head.sha, base: await baseNow(git, found) });
    return answer((current) => json(pullJson({ state: current, base }, found, measured)));
  },
});

/** The base branch's head; the commit it was opened on when the branch is gone. */
export const baseNow = async (git: Git, pull: Pull): Promise<string> => (await git.commitOf(`refs/heads/${pull.pull.base.ref}`)) ?? pull.pull.base.sha;

const updatePull = repositoryRoute({
  method: "PATCH",
  template: PULL,
  access: WRITE,
  body: z.object({ title: z.string().min(1).optional(), body: z.string().nullish(), state: z.enum(["open", "closed"]).optional(), base: z.string().min(1).optional() }),
  async handle({ act, repository, params, base, body, git, gitOf, state }) {
    const found = pullByNumber(state, repository, params);
    if (found === undefined) return answer(notFound());
    if (body.state === "open" && found.state === "closed") {
      const refusal = await refuseReopening(gitOf(headRepositoryOf(state, found)), found);
      if (refusal !== null) return answer(refusal);
    }
    const tooLong = bodyTooLong("PullRequest", body.body);
    if (tooLong !== null) return answer(tooLong);
    const other = body.base === undefined || body.base === found.pull.base.ref ? null : body.base;
    const otherSha = other === null ? null : await git.commitOf(`refs/heads/${other}`);
    if (other !== null && otherSha === null) return answer(validationFailed({ resource: "PullRequest", field: "base", code: "invalid" }));
    const measured = await measure(git, { head: found.pull.head.sha, base: await baseNow(git, found) });
    return (current) => {
      const edits = editIssue(current, act, known(current.issues, found.id, "pull request"), body);
      const next = other === null || otherSha === null ? edits : rebase(edits, act, found.id, { ref: other, sha: otherSha });
      const edited = known(next.issues, found.id, "pull request");
      return { state: next, reply: isPull(edited) ? json(pullJson({ state: next, base }, edited, measured)) : notFound() };
    };
  },
});

/** It is to be merged into another branch. What is armed stays so: who may edit it here may write (docs: automatically merging a pull request). */
function rebase(state: State, act: Act, id: number, base: { readonly ref: string; readonly sha: string }): State {
  const before = known(state.issues, id, "pull request");
  if (!isPull(before)) return state;
  const issues = put(state.issues, id, { ...before, updatedAt: act.at, pull: { ...before.pull, base: { ...before.pull.base, ...base } } });
  return happen({ ...state, issues }, act, { kind: "pull_request", action: "edited", issueId: id, edited: [], previous: { title: before.title, body: before.body ?? "" }, base: before.pull.base });
}

/** What was merged stays so, and without its branch there is nothing to open (docs: "Closing a pull request"). */
async function refuseReopening(git: Git, { pull }: Pull): Promise<Reply | null> {
  if (pull.merged !== null) return customFailure("Cannot reopen a merged pull request");
  return (await git.commitOf(`refs/heads/${pull.head.ref}`)) === null ? customFailure(`state cannot be changed. The ${pull.head.ref} branch has been deleted.`) : null;
}

const mergeMethods = { merge: "MERGE", squash: "SQUASH", rebase: "REBASE" } as const;

const mergeRoute = repositoryRoute({
  method: "PUT",
  template: `${PULL}/merge`,
  access: { permission: "contents", level: "write", role: "write" },
  body: z.object({ commit_title: z.string().optional(), commit_message: z.string().optional(), sha: z.string().optional(), merge_method: z.enum(["merge", "squash", "rebase"]).default("merge") }),
  async handle({ act, repository, params, body, git, state, principal }) {
    const found = pullByNumber(state, repository, params);
    if (found === undefined) return answer(notFound());
    if (found.state === "closed") return answer(failure(405, "Pull Request is not mergeable"));
    if (body.sha !== undefined && body.sha !== found.pull.head.sha) return answer(failure(409, "Head branch was modified. Review and try the merge again."));
    if (missingChecks(state, repository, found).length > 0) return answer(failure(405, "Required status check is expected."));
    if (await touchesWorkflows({ git, principal, repository }, await git.commitOf(`refs/heads/${found.pull.base.ref}`), found.pull.head.sha)) return answer(notAccessible());
    const merged = await mergePull(state, git, { pull: found, at: act.at, by: act.actor, method: mergeMethods[body.merge_method] });
    if (merged === null) return answer(failure(405, "Pull Request is not mergeable"));
    return () => ({ state: merged.state, reply: json({ sha: merged.sha, merged: true, message: "Pull Request successfully merged" }) });
  },
});

const listFiles = repositoryRoute({
  method: "GET",
  template: `${PULL}/files`,
  access: READ,
  async handle({ repository, params, url, base, git, state }) {
    const found = pullByNumber(state, repository, params);
    if (found === undefined) return answer(notFound());
    const { head } = found.pull;
    const from = await git.mergeBase(await baseNow(git, found), head.sha);
    const page = pageOf(url, (await git.diff(from ?? found.pull.base.sha, head.sha)).slice(0, MAX_FILES));
    return answer(
      json(
        page.items.map((file) => fileChangeJson({ state, base }, repository, head.sha, file)),
        200,
        page.headers,
      ),
    );
  },
});

const compare = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/compare/{basehead}",
  access: { permission: "contents", level: "read", role: "read" },
  async handle(exchange) {
    const { params, git } = exchange;
    const [baseName = "", headName = ""] = (params["basehead"] ?? "").split("...");
    const from = await git.commitOf(baseName);
    const to = await git.commitOf(headName);
    const mergeBase = from === null || to === null ? null : await git.mergeBase(from, to);
    if (from === null || to === null || mergeBase === null) return answer(notFound());
    return answer(json(await comparison(exchange, { from, to, mergeBase, name: `${baseName}...${headName}` })));
  },
});

async function comparison(
  { state, base, git, repository }: RepositoryExchange<undefined>,
  range: { readonly from: string; readonly to: string; readonly mergeBase: string; readonly name: string },
) {
  const view = { state, base };
  const ahead = await git.countBetween(range.from, range.to);
  const behind = await git.countBetween(range.to, range.from);
  const commitById = async (id: string) => {
    const commit = await git.readCommit(id);
    return commit === null ? [] : [commitJson(view, repository, commit)];
  };
  const commits = await Promise.all((await git.commitsBetween(range.from, range.to, MAX_COMPARED_COMMITS)).map(({ id }) => commitById(id)));
  const page = `${pageUrl(view, repository)}/compare/${range.name}`;
  return {
    url: `${apiUrl(view, repository)}/compare/${range.name}`,
    html_url: page,
    permalink_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    base_commit: (await commitById(range.from))[0],
    merge_base_commit: (await commitById(range.mergeBase))[0],
    status: ahead === 0 ? (behind === 0 ? "identical" : "behind") : behind === 0 ? "ahead" : "diverged",
    ahead_by: ahead,
    behind_by: behind,
    total_commits: ahead,
    commits: commits.flat(),
    files: (await git.diff(range.mergeBase, range.to)).slice(0, MAX_COMPARED_FILES).map((file) => fileChangeJson(view, repository, range.to, file)),
  };
}

export const pullRoutes: readonly Route[] = [createPull, listPulls, getPull, updatePull, mergeRoute, listFiles, compare];
