import { ACTIONS_APP_ID, ACTIONS_SLUG } from "../principal.ts";
import type { Account, Installation, Permissions } from "../records.ts";
import { nodeId, type View } from "./view.ts";

/** `simple-user` of GitHub's description. Accounts never go away, so a login without one is a bug. */
export function userJson(view: View, login: string) {
  const account = view.state.accounts.get(login.toLowerCase());
  if (account === undefined) throw new Error(`The local GitHub has no account ${login}.`);
  return accountJson(view, account);
}

export function accountJson({ base }: View, account: Account) {
  const url = `${base}/users/${encodeURIComponent(account.login)}`;
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId("U", account.id),
    avatar_url: `${base}/avatars/u/${account.id}`,
    gravatar_id: "",
    url,
    html_url: account.type === "Bot" ? `${base}/apps/${account.login.replace("[bot]", "")}` : `${base}/${account.login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: account.type,
    user_view_type: "public",
    site_admin: false,
  };
}

/** The App behind a bot's slug: the registered one, or GitHub's own Actions. */
export function appJson(view: View, slug: string) {
  const { app } = view.state;
  const ours = slug === app.slug;
  const id = ours ? app.id : ACTIONS_APP_ID;
  const permissions: Permissions = ours
    ? app.permissions
    : { actions: "write", checks: "write", contents: "write", issues: "write", metadata: "read", pull_requests: "write" };
  return {
    id,
    slug,
    node_id: nodeId("A", id),
    owner: accountJson(view, OWNER),
    name: slug === ACTIONS_SLUG ? "GitHub Actions" : slug,
    description: null,
    external_url: `${view.base}/apps/${slug}`,
    html_url: `${view.base}/apps/${slug}`,
    created_at: app.createdAt,
    updated_at: app.createdAt,
    permissions,
    events: ours ? app.events : [],
  };
}

const OWNER: Account = { id: 9919, login: "github", type: "Organization" }; // GitHub's own organization id

/** The App of an author `slug[bot]`, when that author is a bot. */
export const viaAppJson = (view: View, author: string, viaApp: boolean) => (viaApp ? appJson(view, author.replace("[bot]", "")) : null);

export function installationJson(view: View, installation: Installation) {
  const { app } = view.state;
  return {
    id: installation.id,
    account: accountJson(view, installation.account),
    repository_selection: "selected",
    access_tokens_url: `${view.base}/app/installations/${installation.id}/access_tokens`,
    repositories_url: `${view.base}/installation/repositories`,
    html_url: `${view.base}/settings/installations/${installation.id}`,
    app_id: app.id,
    app_slug: app.slug,
    target_id: installation.account.id,
    target_type: installation.account.type,
    permissions: app.permissions,
    events: app.events,
    created_at: installation.createdAt,
    updated_at: installation.createdAt,
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: null,
    suspended_at: null,
  };
}
