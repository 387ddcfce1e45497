/** An identity token of a deliver job for a token of the App: short-lived, of one repository, with the permissions of one group of intents. */
import type { JWTVerifyGetKey } from "jose";
import { z } from "zod";
import type { GitHub, Repository } from "../../../github/client.ts";
import { parseAnswer } from "../../../github/parse-answer.ts";
import { listRunJobs, readFile, readRepository, readRun } from "../../../github/read/index.ts";
import { hasStatus } from "../../../github/request-error.ts";
import { EXCHANGE_GROUPS, publicTicketKey, verifyTicket, type ExchangeAnswer, type ExchangeGroup, type Ticket } from "../../../github/trust/index.ts";
import { WORKFLOW_PATH } from "../../../intake/index.ts";
import type { Clock } from "../../../shared/ports.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { AppLog, LogFields } from "../app-log.ts";
import { wrongClaim, type ExchangeFacts } from "./check-claims.ts";
import { readIdToken, type Claims, type Wrong } from "./id-token.ts";

export interface ExchangeTools {
  readonly clock: Clock;
  readonly log: AppLog;
  readonly issuer: string;
  /** The address of the exchange itself: a token that was made for anybody else is not taken. */
  readonly audience: string;
  readonly selfHosted: boolean;
  readonly actions: ExchangeFacts["actions"];
  readonly key: JWTVerifyGetKey;
  readonly ticketKeyPem: string;
  /** Speaks as the App. */
  readonly app: GitHub;
  installation(id: number): GitHub;
}

export interface Wish {
  readonly idToken: string;
  readonly ticket: string;
  readonly group: ExchangeGroup;
}

export type Exchange = (wish: Wish) => Promise<ExchangeAnswer | null>;

/** Null when it is refused; the log says why, the answer does not. Outages are thrown. */
export function createExchange(tools: ExchangeTools): Exchange {
  const readBot = createBotReader();
  return async (wish) => {
    const { key, issuer, audience, clock, log } = tools;
    const claims = await readIdToken(wish.idToken, { key, issuer, audience, nowMs: clock.nowMs() });
    const granted = claims.ok ? await exchange(wish, claims.value, tools, readBot) : claims;
    const { repository_id: repository = null, run_id: run = null, check_run_id: job = null } = claims.ok ? claims.value : {};
    const of: LogFields = { repository, run, job, group: wish.group };
    if (granted.ok) log.info("token exchanged", of);
    else log.warn("exchange refused", { ...of, claim: granted.error.claim, why: granted.error.why });
    return granted.ok ? granted.value : null;
  };
}

interface Bot {
  readonly appId: number;
  readonly slug: string;
  /** Of the App's account. */
  readonly userId: number;
}

async function exchange(wish: Wish, claims: Claims, tools: ExchangeTools, readBot: BotReader): Promise<Result<ExchangeAnswer, Wrong>> {
  // Before anything is asked of GitHub: every workflow on GitHub can have a token made for this audience.
  const ticket = readTicket(wish.ticket, tools, new Date(0).toISOString());
  if (!ticket.ok) return ticket;
  if (ticket.value.repositoryId !== claims.repository_id) return wrong("repository_id", `it is ${claims.repository_id}, the ticket is for ${ticket.value.repositoryId}`);
  const { app } = tools;
  const named = repositoryOf(claims);
  const installation = await readInstallation(app, named);
  if (installation === null) return wrong("repository", `the App is not installed on ${claims.repository}`);
  const github = tools.installation(installation.id);
  const bot = await readBot(app, github);
  const facts = await readFacts(github, claims, { selfHosted: tools.selfHosted, actions: tools.actions, botId: bot.userId, ownerId: installation.account.id, ticket: ticket.value });
  if (!facts.ok) return facts;
  const refused = wrongClaim(claims, facts.value);
  if (refused !== null) return err(refused);
  // Its time to act is counted by GitHub's clock, from when the run was made.
  const live = readTicket(wish.ticket, tools, facts.value.run.createdAt);
  if (!live.ok) return live;
  const { token, expires_at: expiresAt } = await makeToken(app, { installationId: installation.id, repositoryId: claims.repository_id, group: wish.group });
  return ok({ token, expiresAt, app: { id: bot.appId, slug: bot.slug } });
}

const wrong = (claim: string, why: string): Result<never, Wrong> => err({ claim, why });

function readTicket(text: string, { ticketKeyPem }: ExchangeTools, runCreatedAt: string): Result<Ticket, Wrong> {
  const ticket = verifyTicket(text, publicTicketKey(ticketKeyPem), { runCreatedAt });
  return ticket.ok ? ticket : wrong("ticket", ticket.error.message);
}

function repositoryOf({ repository }: Claims): Repository {
  const [owner = "", repo = ""] = repository.split("/");
  return { owner, repo };
}

const installationSchema = z.object({ id: z.int(), account: z.object({ id: z.int() }), suspended_at: z.string().nullish() });

async function readInstallation(app: GitHub, repository: Repository): Promise<z.infer<typeof installationSchema> | null> {
  const route = "GET /repos/{owner}/{repo}/installation";
  try {
    const installation = parseAnswer(installationSchema, (await app.request(route, { ...repository })).data, route);
    return (installation.suspended_at ?? null) === null ? installation : null;
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

async function readFacts(github: GitHub, claims: Claims, known: Pick<ExchangeFacts, "selfHosted" | "actions" | "botId" | "ownerId" | "ticket">): Promise<Result<ExchangeFacts, Wrong>> {
  const repository = await readRepository(github, repositoryOf(claims));
  if (repository === null) return wrong("repository", `there is no ${claims.repository} to be seen`);
  const at = { owner: repository.owner, repo: repository.repo };
  const [run, jobs, workflowThen, workflowNow] = await Promise.all([
    readRun(github, at, claims.run_id),
    listRunJobs(github, at, claims.run_id).catch(nullWhere404),
    readFile(github, at, { path: WORKFLOW_PATH, ref: claims.workflow_sha }),
    readFile(github, at, { path: WORKFLOW_PATH, ref: repository.defaultBranch }),
  ]);
  if (run === null || jobs === null) return wrong("run_id", `there is no run ${claims.run_id}`);
  return ok({ ...known, repository, run, jobs, workflowThen, workflowNow });
}

function nullWhere404(error: unknown): null {
  if (hasStatus(error, 404)) return null;
  throw error;
}

const tokenSchema = z.object({ token: z.string(), expires_at: z.string() });

async function makeToken(app: GitHub, { installationId, repositoryId, group }: { readonly installationId: number; readonly repositoryId: number; readonly group: ExchangeGroup }): Promise<z.infer<typeof tokenSchema>> {
  const route = "POST /app/installations/{installation_id}/access_tokens";
  const { data } = await app.request(route, { installation_id: installationId, repository_ids: [repositoryId], permissions: EXCHANGE_GROUPS[group] });
  return parseAnswer(tokenSchema, data, route);
}

type BotReader = (app: GitHub, installation: GitHub) => Promise<Bot>;

/** Who the App is: what was found out stays, a failure is asked again next time. */
function createBotReader(): BotReader {
  let known: Bot | null = null;
  return async (app, installation) => {
    known ??= await askWho(app, installation);
    return known;
  };
}

/** By JWT the App is told of itself, and of no account: that an installation asks for. */
async function askWho(app: GitHub, installation: GitHub): Promise<Bot> {
  const { id: appId, slug } = parseAnswer(z.object({ id: z.int(), slug: z.string() }), (await app.request("GET /app")).data, "GET /app");
  const route = "GET /users/{username}";
  const { data } = await installation.request(route, { username: `${slug}[bot]` });
  return { appId, slug, userId: parseAnswer(z.object({ id: z.int(), type: z.literal("Bot") }), data, route).id };
}
