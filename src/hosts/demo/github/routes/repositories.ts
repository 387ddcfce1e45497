import { failure, json } from "../reply.ts";
import { answer, repositoryRoute, type Route } from "../route.ts";
import { permissionOf } from "../transitions/repositories.ts";
import { accountJson } from "../views/accounts.ts";
import { commitJson } from "../views/commits.ts";
import { apiUrl, pageUrl, repositoryJson } from "../views/repository.ts";

const METADATA = { permission: "metadata", level: "read", role: "read" } as const;

const getRepository = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}",
  access: METADATA,
  handle: ({ repository, base }) => answer((state) => json(repositoryJson({ state, base }, repository))),
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

export const repositoryRoutes: readonly Route[] = [getRepository, getPermission, getBranch, getCommit];
