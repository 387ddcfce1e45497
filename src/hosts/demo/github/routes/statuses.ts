import { z } from "zod";
import { json, notFound, pageOf, unprocessable } from "../reply.ts";
import { answer, repositoryRoute, type Route } from "../route.ts";
import { happen, put, select, takeId } from "../state.ts";
import { summaryOf } from "../git/git.ts";
import { combinedStatusJson, statusJson } from "../views/statuses.ts";

/** Branches that the webhook names at most (docs: webhook events, status). */
const MAX_BRANCHES = 10;

const createStatus = repositoryRoute({
  method: "POST",
  template: "/repos/{owner}/{repo}/statuses/{sha}",
  access: { permission: "statuses", level: "write", role: "write" },
  body: z.object({ state: z.enum(["error", "failure", "pending", "success"]), target_url: z.string().nullish(), description: z.string().nullish(), context: z.string().default("default") }),
  async handle({ act, base, body, git, params, repository }) {
    const sha = params["sha"] ?? "";
    const commit = await git.readCommit(sha).catch(() => null);
    if (commit === null) return answer(unprocessable(`No commit found for SHA: ${sha}`));
    const branches = (await git.refs("refs/heads/")).filter(({ id }) => id === sha).slice(0, MAX_BRANCHES).map(({ name, id }) => ({ name: name.replace("refs/heads/", ""), sha: id }));
    return (state) => {
      const taken = takeId(state);
      const status = { id: taken.id, repositoryId: repository.id, sha, state: body.state, context: body.context, description: body.description ?? null, targetUrl: body.target_url ?? null, creator: act.actor, createdAt: act.at };
      const next = happen({ ...taken.state, statuses: put(taken.state.statuses, status.id, status) }, act, { kind: "status", statusId: status.id, branches, commit: summaryOf(commit) });
      return { state: next, reply: json(statusJson({ state: next, base }, repository, status), 201) };
    };
  },
});

const combined = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/commits/{ref}/status",
  access: { permission: "statuses", level: "read", role: "read" },
  async handle({ base, git, params, repository, url }) {
    const sha = await git.commitOf(params["ref"] ?? "");
    if (sha === null) return answer(notFound());
    return answer((state) => {
      const all = select(state.statuses, (status) => status.repositoryId === repository.id && status.sha === sha).toReversed();
      const newest = all.filter(({ context }, index) => all.findIndex((each) => each.context === context) === index);
      const page = pageOf(url, newest);
      return json(combinedStatusJson({ state, base }, repository, { sha, all: newest, shown: page.items }), 200, page.headers);
    });
  },
});

export const statusRoutes: readonly Route[] = [createStatus, combined];
