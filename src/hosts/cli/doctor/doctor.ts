/** `worktrain doctor`: what is wrong with this machine, repository, App, permissions and quota, each with its cure. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { GITHUB_API_VERSION, type GitHub, type Repository } from "../../../github/client.ts";
import { parseAnswer } from "../../../github/parse-answer.ts";
import { requestFailure, whatGitHubSaid } from "../../../github/request-error.ts";
import { RetryableError, TerminalError } from "../../../shared/errors.ts";
import type { CliWorld, CommandResult } from "../command.ts";
import { gitHubWith } from "../github.ts";
import { printable } from "../printable.ts";
import { jwtOf, lookAtApp, readManifest, ticketKeyOf, type AppLook } from "./app.ts";
import { good, unknown, wrong, type Finding } from "./finding.ts";
import { machineFindings } from "./machine.ts";
import { lookOnGitHub } from "./on-github.ts";
import { configFindings, fileOf, lookAtRepository, noRepository, type LocalRepository } from "./repository.ts";
import { workflowFindings } from "./workflow-file.ts";
import { CONFIG_PATH } from "../../../config/index.ts";
import { WORKFLOW_PATH } from "../../../intake/index.ts";

export interface Examined {
  readonly dataDirectory: string;
  /** The repository on GitHub that was named; null for the origin of the clone here. */
  readonly repository: Repository | null;
}

/** Exit code 1 when something is wrong; what cannot be known is told and is not wrong. */
export async function examine({ dataDirectory, repository: named }: Examined, world: CliWorld): Promise<CommandResult> {
  const local = await lookAtRepository(world);
  const repository = named ?? local.origin;
  const template = readFileSync(join(world.packageRoot, "templates", "worktrain.yml"), "utf8");
  const { app } = world.environment();
  const key = ticketKeyOf(app);
  const ticketKey = key?.ok === true ? key.value : null;
  const groups = {
    machine: await machineFindings(world, dataDirectory),
    repository: named === null ? localFindings(local, { template, ticketKey, world }) : [],
    github: await gitHubFindings({ repository, template, ticketKey }, world),
  };
  const wrongKey = key?.ok === false ? [key.error] : [];
  const findings = [...groups.machine, ...groups.repository, ...wrongKey, ...groups.github];
  const count = (ok: Finding["ok"]): number => findings.filter((each) => each.ok === ok).length;
  const data = { ok: count(false) === 0, repository: repository === null ? null : `${repository.owner}/${repository.repo}`, wrong: count(false), unknown: count("unknown"), findings };
  return { exitCode: data.ok ? 0 : 1, text: printable(words(findings)), data };
}

function localFindings({ root, origin }: LocalRepository, { template, ticketKey, world }: { readonly template: string; readonly ticketKey: string | null; readonly world: Pick<CliWorld, "workingDirectory"> }): readonly Finding[] {
  if (root === null) return [noRepository(world.workingDirectory)];
  const here = (finding: Finding): Finding => ({ ...finding, id: `local-${finding.id}` });
  const workflow = fileOf(root, WORKFLOW_PATH);
  // A clone that is on no GitHub needs none: tasks on it are run on this machine.
  const ofWorkflow = workflow === null && origin === null ? [] : workflowFindings(workflow, template, ticketKey);
  return [...configFindings(fileOf(root, CONFIG_PATH), `in ${root}`), ...ofWorkflow].map(here);
}

interface Asking {
  readonly repository: Repository | null;
  readonly template: string;
  readonly ticketKey: string | null;
}

async function gitHubFindings(asking: Asking, world: CliWorld): Promise<readonly Finding[]> {
  const { github, app } = world.environment();
  const reached = await reach(world);
  if (!reached.answered) return reached.findings;
  const jwt = jwtOf(app, world.clock.nowMs());
  const manifest = readManifest(readFileSync(join(world.packageRoot, "app.yml"), "utf8"));
  const look = jwt === null || !jwt.ok ? null : await guarded("app", async () => lookAtApp(gitHubWith(jwt.value, world), manifest, asking.repository));
  const appFindings = jwt === null ? [unknown("app-credentials", "the App's settings are not in this environment", "On the machine that serves the App, run this with its APP_ID and PRIVATE_KEY.")] : jwt.ok ? (look?.findings ?? []) : [jwt.error];
  return [...reached.findings, ...appFindings, ...(await remoteFindings(asking, { world, token: github.token, look, jwt: jwt?.ok === true ? jwt.value : null }))];
}

interface Means {
  readonly world: CliWorld;
  readonly token: string;
  readonly look: AppLook | null;
  readonly jwt: string | null;
}

async function remoteFindings({ repository, template, ticketKey }: Asking, means: Means): Promise<readonly Finding[]> {
  if (repository === null) return [unknown("repository", "which repository on GitHub is meant cannot be told", "Run this in a clone of it, or name it with --repository OWNER/NAME.")];
  const result = await guarded("repository", async () => {
    const github = await reader(repository, means);
    return { findings: github === null ? [unknown("repository", `${repository.owner}/${repository.repo} was not looked at on GitHub: there is no token`, "Set GITHUB_TOKEN, or APP_ID and PRIVATE_KEY of an App that is installed on it.")] : await lookOnGitHub({ github, repository, template, ticketKey }), installationId: null };
  });
  return result.findings;
}

const tokenSchema = z.object({ token: z.string() });
const READS = { metadata: "read", contents: "read", actions: "read", issues: "read" };

/** The person's token; else one of the App's installation, for reading and for this repository only. */
async function reader(repository: Repository, { world, token, look, jwt }: Means): Promise<GitHub | null> {
  if (token !== "") return gitHubWith(token, world);
  if (jwt === null || look === null || look.installationId === null) return null;
  const route = "POST /app/installations/{installation_id}/access_tokens";
  const { data } = await gitHubWith(jwt, world).request(route, { installation_id: look.installationId, repositories: [repository.repo], permissions: READS });
  return gitHubWith(parseAnswer(tokenSchema, data, route).token, world);
}

/** A failure in the middle is one more thing that cannot be known: the rest is told all the same. */
async function guarded(id: string, look: () => Promise<AppLook>): Promise<AppLook> {
  try {
    return await look();
  } catch (error) {
    const failure = requestFailure(error);
    const what = failure !== null ? `GitHub answered ${failure.status}: ${whatGitHubSaid(failure)}` : error instanceof TerminalError || error instanceof RetryableError ? error.message : null;
    if (what === null) throw error;
    return { findings: [unknown(id, what, error instanceof TerminalError ? error.fix : "Try again later, or with another token.")], installationId: null };
  }
}

/** GitHub refuses tokens that an App made more than a minute ahead of its clock. */
const MOST_SKEW_MS = 60_000;
/** One item takes about 25 requests; below this the next one may wait for the limit's reset. */
const LEAST_REQUESTS = 100;
const REACH_TIMEOUT_MS = 10_000;
const rateSchema = z.object({ rate: z.object({ limit: z.int(), remaining: z.int(), reset: z.int() }) });

/** One request without retries: whether the API answers at all, its clock, and how many requests are left. It is not counted itself. */
async function reach({ fetch, clock, environment }: CliWorld): Promise<{ readonly answered: boolean; readonly findings: readonly Finding[] }> {
  const { apiUrl, token } = environment().github;
  try {
    const response = await fetch(`${apiUrl.replace(/\/+$/, "")}/rate_limit`, {
      headers: { accept: "application/vnd.github+json", "user-agent": "worktrain-cli", "x-github-api-version": GITHUB_API_VERSION, ...(token === "" ? {} : { authorization: `Bearer ${token}` }) },
      redirect: "manual",
      signal: AbortSignal.timeout(REACH_TIMEOUT_MS),
    });
    const skewMs = clock.nowMs() - Date.parse(response.headers.get("date") ?? "");
    const body: unknown = await response.json();
    if (response.status === 401) return { answered: false, findings: [clockFinding(skewMs), wrong("token", "GitHub does not take GITHUB_TOKEN", "Set it to a token that is valid, or unset it.")] };
    const rate = rateSchema.safeParse(body);
    return { answered: true, findings: [good("api", `${apiUrl} answers`), clockFinding(skewMs), rate.success ? rateFinding(rate.data.rate) : unknown("rate-limit", `${apiUrl} does not tell how many requests are left`, "Nothing is to be done where the server sets no limits.")] };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { answered: false, findings: [wrong("api", `${apiUrl} cannot be reached (${error.cause instanceof Error ? error.cause.message : error.message})`, "Check GITHUB_API_URL, the network and the proxy; nothing on GitHub was looked at.")] };
  }
}

function clockFinding(skewMs: number): Finding {
  if (Number.isNaN(skewMs)) return unknown("clock", "the server does not tell its time", "Compare this machine's clock with another one.");
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  return Math.abs(skewMs) <= MOST_SKEW_MS ? good("clock", `this machine's clock is within ${Math.max(1, seconds)} s of GitHub's`) : wrong("clock", `this machine's clock is ${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} GitHub's: tokens are refused`, "Set the clock (timedatectl set-ntp true).");
}

function rateFinding({ limit, remaining, reset }: z.infer<typeof rateSchema>["rate"]): Finding {
  const until = new Date(reset * 1_000).toISOString();
  return remaining >= Math.min(LEAST_REQUESTS, limit) ? good("rate-limit", `${remaining} of ${limit} requests are left until ${until}`) : wrong("rate-limit", `only ${remaining} of ${limit} requests are left until ${until}`, "Wait until then, or find what uses them up; a token lifts the limit for nameless requests.");
}

function words(findings: readonly Finding[]): string {
  const sign = ({ ok }: Finding): string => (ok === true ? "ok     " : ok === false ? "WRONG  " : "unknown");
  const lines = findings.map((each) => `${sign(each)}  ${each.id}: ${each.what}${each.cure === null ? "" : `. ${each.cure}`}`.replaceAll("..", "."));
  const bad = findings.filter(({ ok }) => ok === false).length;
  return [...lines, bad === 0 ? "Nothing is wrong that could be seen." : bad === 1 ? "One thing is wrong." : `${bad} things are wrong.`].join("\n");
}
