/** Which webhooks lead to the onboarding pull request. */
import { z } from "zod";
import { onboardingMarker } from "../../../intake/index.ts";
import type { Installation } from "../app-access.ts";
import type { Delivery } from "../delivery.ts";
import { installationClient, type ClientOptions } from "../installation-client.ts";
import type { SubjectQueue } from "../subject-queue.ts";
import type { Workplace } from "../workplace.ts";
import { answered } from "./answered.ts";
import { onboard, ONBOARDING_BRANCH, type OnboardingTools, type OnboardingWish } from "./onboard.ts";

export interface OnboardingHandlerTools extends OnboardingTools, ClientOptions {
  readonly queue: SubjectQueue;
}

interface Webhooks {
  on(events: OnboardingWebhook | OnboardingWebhook[], handler: (delivery: Delivery) => void): unknown;
}

export type OnboardingWebhook = "installation.created" | "installation_repositories.added" | "pull_request.closed" | "pull_request.reopened";

export function registerOnboarding(webhooks: Webhooks, tools: OnboardingHandlerTools): void {
  webhooks.on(["installation.created", "installation_repositories.added"], (delivery) => onInstalled(delivery, tools));
  webhooks.on("pull_request.closed", (delivery) => onPullRequest(delivery, tools, "closed"));
  webhooks.on("pull_request.reopened", (delivery) => onPullRequest(delivery, tools, "reopened"));
}

/** Without the owner's name: these payloads name a repository by `full_name` only. */
const namedSchema = z.array(z.object({ id: z.int(), full_name: z.string().regex(/^[^/]+\/[^/]+$/) }));
const installedSchema = z.object({ installation: z.object({ id: z.int() }), repositories: namedSchema.optional(), repositories_added: namedSchema.optional() });

function onInstalled({ payload, installation: from }: Delivery, tools: OnboardingHandlerTools): void {
  const parsed = installedSchema.safeParse(payload);
  if (!parsed.success) return;
  const { installation, repositories = [], repositories_added: added = [] } = parsed.data;
  const renewed = renewedOnce(from);
  for (const { id, full_name: fullName } of [...repositories, ...added]) {
    const [owner = "", repo = ""] = fullName.split("/");
    const place: Workplace = { github: installationClient(from, tools), repository: { owner, repo }, repositoryId: id };
    // One after the other: an account of five hundred repositories must not take all that GitHub lets an App make in an hour.
    propose(place, { tools, renewed, subject: `installation-${installation.id}`, again: false });
  }
}

const pullRequestSchema = z.object({
  repository: z.object({ id: z.int(), name: z.string(), owner: z.object({ login: z.string() }) }),
  installation: z.object({ id: z.int() }),
  pull_request: z.object({ number: z.int(), body: z.string().nullish(), merged: z.boolean().optional(), head: z.object({ ref: z.string(), repo: z.object({ id: z.int() }).nullish() }), user: z.object({ type: z.string() }).nullish() }),
});

function onPullRequest({ payload, installation: from }: Delivery, tools: OnboardingHandlerTools, action: "closed" | "reopened"): void {
  const parsed = pullRequestSchema.safeParse(payload);
  if (!parsed.success) return;
  const { repository: { id, name, owner }, installation, pull_request: pull } = parsed.data;
  const ours = pull.user?.type === "Bot" && ONBOARDING_BRANCH.test(pull.head.ref) && pull.head.repo?.id === id && (pull.body ?? "").startsWith(onboardingMarker(id));
  if (!ours) return;
  const place: Workplace = { github: installationClient(from, tools), repository: { owner: owner.login, repo: name }, repositoryId: id };
  const subject = `installation-${installation.id}`;
  if (action === "reopened") return propose(place, { tools, renewed: renewedOnce(from), subject, again: true });
  const merged = pull.merged === true;
  tools.queue.add(subject, { name: "answering the onboarding pull request", coalesce: `${id} ${pull.number} ${merged}`, run: () => answered(place, tools, { number: pull.number, merged }) });
}

interface Proposal extends Pick<OnboardingWish, "again"> {
  readonly tools: OnboardingHandlerTools;
  /** Gives the installation a fresh token. */
  readonly renewed: () => Promise<TokenRights>;
  readonly subject: string;
}

function propose(place: Workplace, { tools, renewed, subject, again }: Proposal): void {
  tools.queue.add(subject, {
    name: "proposing WorkTrain",
    coalesce: `onboard ${place.repositoryId} ${again}`,
    async run() {
      const done = await onboard(place, tools, { again, ...(await renewed()) });
      tools.log.info("onboarding", { repository: place.repositoryId, outcome: done.kind === "asked" ? `pull request ${done.number}` : done.kind === "by-hand" ? "by-hand" : done.reason });
    },
  });
}

const authenticationSchema = z.object({ permissions: z.record(z.string(), z.string()) });

type TokenRights = Pick<OnboardingWish, "mayWriteWorkflows">;

/** The first call makes the installation a new token: one from before may not reach what was added, nor have a permission just given. */
function renewedOnce(installation: Installation): () => Promise<TokenRights> {
  let rights: Promise<TokenRights> | null = null;
  return () => (rights ??= renewToken(installation));
}

/** What the installation's token may do; one that does not say may not. */
export async function renewToken(installation: Installation): Promise<TokenRights> {
  const parsed = authenticationSchema.safeParse(await installation.renew());
  return { mayWriteWorkflows: parsed.success && parsed.data.permissions["workflows"] === "write" };
}
