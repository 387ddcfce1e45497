/** The repository as GitHub has it: whether runs can start there, find their secrets, and keep their record. */
import { z } from "zod";
import { CONFIG_PATH, parseConfig } from "../../../config/index.ts";
import type { GitHub, Repository } from "../../../github/client.ts";
import { parseAnswer } from "../../../github/parse-answer.ts";
import { hasStatus, requestFailure, whatGitHubSaid } from "../../../github/request-error.ts";
import { readFile, readRepository, type RepositoryFacts } from "../../../github/read/index.ts";
import { SET_UP_PATHS, WORKFLOW_FILE, WORKFLOW_PATH } from "../../../intake/index.ts";
import { sizeWords } from "../cleanup/amounts.ts";
import { good, unknown, wrong, type Finding } from "./finding.ts";
import { configFindings } from "./repository.ts";
import { workflowFindings } from "./workflow-file.ts";

export interface OnGitHub {
  readonly github: GitHub;
  readonly repository: Repository;
  readonly template: string;
  /** The App's public ticket key, where it is known. */
  readonly ticketKey: string | null;
}

const AGENT = "worktrain-agent";
const DELIVER = "worktrain-deliver";
const INTAKE = "worktrain-intake";
const MODEL_SECRET = "ANTHROPIC_API_KEY";
const TICKET_SECRET = "WORKTRAIN_TICKET_KEY";

export async function lookOnGitHub(look: OnGitHub): Promise<readonly Finding[]> {
  const { github, repository } = look;
  const at = `${repository.owner}/${repository.repo}`;
  const facts = await readRepository(github, repository);
  if (facts === null) return [wrong("repository", `GitHub shows no repository ${at} to this token.`, "Check the name, and whether the token may read it.")];
  if (facts.archived) return [wrong("repository", `${at} is archived: nothing can be written to it.`, "Unarchive it in its settings.")];
  const parts = await Promise.all([files(look, facts), label(look, facts), workflow(look), actions(look), environments(look, facts), retention(look), artifacts(look)]);
  return [good("repository", `GitHub shows ${at}, default branch ${facts.defaultBranch}`), ...parts.flat()];
}

/** What a request told, or that it may not be made with this token. @param needs the permission, in GitHub's words */
async function asked(id: string, needs: string, ask: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await ask();
  } catch (error) {
    const failure = requestFailure(error);
    if (failure === null) throw error;
    const why = failure.status >= 500 ? "GitHub did not answer" : `GitHub answered ${failure.status}: ${whatGitHubSaid(failure)}`;
    return [unknown(id, why, failure.status >= 500 ? "Try again later." : `Ask again with a token that has ${needs}, or look in the repository's settings.`)];
  }
}

const files = ({ github, repository, template, ticketKey }: OnGitHub, { defaultBranch: ref }: RepositoryFacts) =>
  asked("workflow-file", "contents: read", async () => {
    const [file, config] = await Promise.all([readFile(github, repository, { path: WORKFLOW_PATH, ref }), readFile(github, repository, { path: CONFIG_PATH, ref })]);
    return [...workflowFindings(file?.text ?? null, template, ticketKey), ...configFindings(config?.text ?? null, `on ${ref}`)];
  });

const label = ({ github, repository }: OnGitHub, { defaultBranch: ref }: RepositoryFacts) =>
  asked("label", "issues: read and contents: read", async () => {
    const config = parseConfig((await readFile(github, repository, { path: CONFIG_PATH, ref }))?.text ?? null, CONFIG_PATH);
    const name = config.ok ? config.value.label : "worktrain:ready";
    try {
      await github.request("GET /repos/{owner}/{repo}/labels/{name}", { ...repository, name });
      return [good("label", `there is the label ${name}`)];
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
      return [wrong("label", `there is no label ${name}: nobody can start work`, "Make it on the repository's page of labels.")];
    }
  });

const workflowSchema = z.object({ state: z.string() });
const runsSchema = z.object({ workflow_runs: z.array(z.object({ display_title: z.string(), created_at: z.string() })) });

const workflow = ({ github, repository }: OnGitHub) =>
  asked("workflow", "actions: read", async () => {
    const where = { ...repository, workflow_id: WORKFLOW_FILE };
    try {
      const { state } = parseAnswer(workflowSchema, (await github.request("GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}", where)).data, "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}");
      const { workflow_runs: runs } = parseAnswer(runsSchema, (await github.request("GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs", { ...where, event: "workflow_dispatch", per_page: 1 })).data, "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs");
      const [last] = runs;
      return [
        state === "active" ? good("workflow", "GitHub runs the workflow") : wrong("workflow", `GitHub does not run the workflow: it is ${state}`, "Enable it on the repository's Actions page."),
        last === undefined ? unknown("dispatch", "no run was dispatched yet, and GitHub does not tell which rules would block it", "Where workflow execution protections are set (Settings > Actions), name the App as an allowed actor and workflow_dispatch as an allowed event.") : good("dispatch", `a dispatch was accepted at ${last.created_at}`),
      ];
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
      return [wrong("workflow", `GitHub knows no workflow ${WORKFLOW_PATH}`, "Put the file on the default branch.")];
    }
  });

const actionsSchema = z.object({ enabled: z.boolean(), allowed_actions: z.string().optional() });

const actions = ({ github, repository }: OnGitHub) =>
  asked("actions-policy", "administration: read", async () => {
    const { enabled, allowed_actions: allowed = "all" } = parseAnswer(actionsSchema, (await github.request("GET /repos/{owner}/{repo}/actions/permissions", { ...repository })).data, "GET /repos/{owner}/{repo}/actions/permissions");
    if (!enabled) return [wrong("actions-policy", "Actions are off in this repository: no run can start", "Turn them on in Settings > Actions > General.")];
    if (allowed === "all") return [good("actions-policy", "Actions are on, and every action may be used")];
    return [unknown("actions-policy", `Actions are on, but only ${allowed === "local_only" ? "actions of this owner" : "chosen actions"} may be used`, "See in Settings > Actions > General that WorkTrain's action and actions/checkout are allowed.")];
  });

const environmentsSchema = z.object({ environments: z.array(z.object({ name: z.string() })) });
const secretsSchema = z.object({ secrets: z.array(z.object({ name: z.string() })) });

const environments = ({ github, repository }: OnGitHub, { defaultBranch: ref }: RepositoryFacts) =>
  asked("environments", "actions: read and contents: read", async () => {
    // Where the repository decides without the App, its key is kept in one more.
    const intake = (await readFile(github, repository, { path: SET_UP_PATHS.intake, ref })) === null ? [] : [INTAKE];
    const wanted = [AGENT, DELIVER, ...intake];
    const { environments: all } = parseAnswer(environmentsSchema, (await github.request("GET /repos/{owner}/{repo}/environments", { ...repository, per_page: 100 })).data, "GET /repos/{owner}/{repo}/environments");
    const missing = wanted.filter((name) => !all.some((each) => each.name === name));
    const found = missing.length === 0 ? good("environments", `there are the environments ${wanted.join(" and ")}`) : wrong("environments", `there is no environment ${missing.join(" and no ")}`, "Make it in Settings > Environments, limited to the default branch.");
    const keys = await Promise.all([[AGENT, MODEL_SECRET, "model-key"] as const, ...intake.map((name) => [name, TICKET_SECRET, "ticket-secret"] as const)].filter(([name]) => !missing.includes(name)).map((key) => secret({ github, repository }, key)));
    return [found, ...keys.flat()];
  });

const secret = ({ github, repository }: Pick<OnGitHub, "github" | "repository">, [environment, wanted, id]: readonly [string, string, string]) =>
  asked(id, "environments: read", async () => {
    const { secrets: all } = parseAnswer(secretsSchema, (await github.request("GET /repos/{owner}/{repo}/environments/{environment_name}/secrets", { ...repository, environment_name: environment, per_page: 100 })).data, "GET /repos/{owner}/{repo}/environments/{environment_name}/secrets");
    // The name is all that GitHub tells; whether the key works, the first run says.
    return [all.some(({ name }) => name === wanted) ? good(id, `the environment ${environment} has a secret ${wanted}`) : wrong(id, `the environment ${environment} has no secret ${wanted}`, "Add it in Settings > Environments; not as a secret of the repository, which every writer can read.")];
  });

const retentionSchema = z.object({ days: z.int(), maximum_allowed_days: z.int() });
/** An item that waits for a person over a weekend and a holiday must still be there. */
const LEAST_RETENTION_DAYS = 7;

const retention = ({ github, repository }: OnGitHub) =>
  asked("retention", "administration: read", async () => {
    const { days, maximum_allowed_days: most } = parseAnswer(retentionSchema, (await github.request("GET /repos/{owner}/{repo}/actions/permissions/artifact-and-log-retention", { ...repository })).data, "GET /repos/{owner}/{repo}/actions/permissions/artifact-and-log-retention");
    if (days >= LEAST_RETENTION_DAYS) return [good("retention", `artifacts are kept for ${days} days, and so is the record of an item`)];
    return [wrong("retention", `artifacts are kept for ${days} days only: what waits longer cannot go on`, `Raise it in Settings > Actions > General (at most ${most}).`)];
  });

const artifactsSchema = z.object({ total_count: z.int(), artifacts: z.array(z.object({ size_in_bytes: z.int(), expired: z.boolean() })) });

/** The quota is the account's, and no request of a repository tells it. */
const artifacts = ({ github, repository }: OnGitHub) =>
  asked("artifact-storage", "actions: read", async () => {
    const { total_count: count, artifacts: newest } = parseAnswer(artifactsSchema, (await github.request("GET /repos/{owner}/{repo}/actions/artifacts", { ...repository, per_page: 100 })).data, "GET /repos/{owner}/{repo}/actions/artifacts");
    const bytes = newest.reduce((sum, each) => sum + (each.expired ? 0 : each.size_in_bytes), 0);
    return [unknown("artifact-storage", `${count} artifacts, the newest ${newest.length} of them ${sizeWords(bytes)}; GitHub does not tell how much of the account's quota is left`, "Look in the account's billing settings (Actions storage). A run probes it before its first model call and ends at no cost when it is full.")];
  });
