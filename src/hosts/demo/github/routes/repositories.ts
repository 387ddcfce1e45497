import { z } from "zod";
import { failure, json, unprocessable } from "../reply.ts";
import { answer, repositoryRoute, type Route } from "../route.ts";
import { createFork, forkBy, permissionOf } from "../transitions/repositories.ts";
import { accountJson } from "../views/accounts.ts";
import { commitJson } from "../views/commits.ts";
import { apiUrl, fullRepositoryJson, pageUrl } from "../views/repository.ts";

const METADATA = { permission: "metadata", level: "read", role: "read" } as const;

const getRepository = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}",
  access: METADATA,
  handle: ({ repository, base }) => answer((state) => json(fullRepositoryJson({ state, base }, repository))),
});

/** GitHub copies the files in the background; here the fork is there with the answer. Organisations are not modelled. */
const fork = repositoryRoute({
  method: "POST",
  template: "/repos/{owner}/{repo}/forks",
  access: { permission: "administration", level: "write", role: "read" },
  body: z.object({ name: z.string().optional(), default_branch_only: z.boolean().default(false) }),
  async handle({ state, repository, base, body, act, copyForFork }) {
    if (repository.owner.login.toLowerCase() === act.actor.toLowerCase()) return answer(unprocessable("You cannot fork your own repository."));
    const there = forkBy(state, repository, act.actor);
    // Asked again it is the same one.
    if (there !== null) return answer((current) => json(fullRepositoryJson({ state: current, base }, there), 202));
    const gitDirectory = await copyForFork(repository, body.default_branch_only ? "default branch" : "all");
    return (current) => {
      const made = createFork(current, act.at, repository, { owner: act.actor, name: body.name, gitDirectory });
      return { state: made.state, reply: json(fullRepositoryJson({ state: made.state, base }, made.repository), 202) };
    };
  },
});

const getPermission = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/collaborators/{username}/permission",
  access: { permission: "metadata", level: "read", role: "write" },
  handle: ({ repository, base, params }) =>
    answer((state) => {
      const username = params["username"] ?? "";
      const account = state.accounts.get(username.toLowerCase());
      if (account === undefined || account.type !== "User") return failure(404, `${username} is not a user`);
      const { permission, role_name } = permissionOf(repository, account.login);
      const levels = ["read", "triage", "write", "maintain", "admin"];
      const held = levels.indexOf(role_name);
      const permissions = { pull: held >= 0, triage: held >= 1, push: held >= 2, maintain: held >= 3, admin: held >= 4 };
      return json({ permission, role_name, user: { ...accountJson({ state, base }, account), permissions, role_name } });
    }),
});

const getBranch = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/branches/{branch}",
  access: { permission: "contents", level: "read", role: "read" },
  async handle({ repository, base, params, git }) {
    const name = params["branch"] ?? "";
    const head = (await git.refs("refs/heads/")).find((ref) => ref.name === `refs/heads/${name}`);
    const commit = head === undefined ? null : await git.readCommit(head.id);
    if (commit === null) return answer(failure(404, "Branch not found"));
    return answer((state) => {
      const view = { state, base };
      const url = `${apiUrl(view, repository)}/branches/${name}`;
      return json({
        name,
        commit: commitJson(view, repository, commit),
        _links: { self: url, html: `${pageUrl(view, repository)}/tree/${name}` },
        protected: false,
        protection: { enabled: false, required_status_checks: { enforcement_level: "off", contexts: [], checks: [] } },
        protection_url: `${url}/protection`,
      });
    });
  },
});

const getCommit = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/commits/{ref}",
  access: { permission: "contents", level: "read", role: "read" },
  async handle({ repository, base, params, git }) {
    const id = await git.commitOf(params["ref"] ?? "");
    const commit = id === null ? null : await git.readCommit(id);
    if (commit === null) return answer(failure(422, `No commit found for SHA: ${params["ref"] ?? ""}`));
    return answer((state) => json(commitJson({ state, base }, repository, commit)));
  },
});

export const repositoryRoutes: readonly Route[] = [getRepository, fork, getPermission, getBranch, getCommit];
