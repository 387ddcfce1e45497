/**
 * Where a repository requires the check `WorkTrain`, nothing may wait for it in vain: pull requests that WorkTrain does not handle, and merge groups, get
 * one that says so. Off unless the default branch's config asks for it (`checks.everyPullRequest`).
 *
 * I4. It is neutral: GitHub counts that as passed (docs: about protected branches), and no green is shown without work. I9. With a config that cannot
 * be read nothing is answered, and the check stays open.
 */
import { z } from "zod";
import { CONFIG_PATH, parseConfig } from "../../../config/index.ts";
import { isOurBranch } from "../../../delivery/names.ts";
import { readFile } from "../../../github/read/index.ts";
import { checkRunEffect } from "../../../github/write/index.ts";
import { CHECK_NAME } from "../../../record/index.ts";
import { installationClient, type ClientOptions, type InstallationOctokit } from "../installation-client.ts";
import type { SubjectQueue } from "../subject-queue.ts";
import type { AppTools, Workplace } from "../workplace.ts";

export interface RequiredCheckTools extends AppTools, ClientOptions {
  readonly queue: SubjectQueue;
}

interface Delivery {
  readonly payload: unknown;
  readonly octokit: InstallationOctokit;
}

export type RequiredCheckWebhook = "pull_request.opened" | "pull_request.reopened" | "pull_request.synchronize" | "merge_group.checks_requested";

interface Webhooks {
  on(events: RequiredCheckWebhook[], handler: (delivery: Delivery) => void): unknown;
}

const placeSchema = z.object({
  installation: z.object({ id: z.int() }),
  repository: z.object({ id: z.int(), name: z.string(), owner: z.object({ login: z.string() }), default_branch: z.string() }),
});
const pullSchema = z.object({ action: z.string(), pull_request: z.object({ number: z.int(), head: z.object({ ref: z.string(), sha: z.string() }), user: z.object({ type: z.string() }).nullish() }) });
const groupSchema = z.object({ merge_group: z.object({ head_sha: z.string() }) });

interface Answer {
  readonly headSha: string;
  readonly title: string;
  readonly summary: string;
}

export function registerRequiredCheck(webhooks: Webhooks, tools: RequiredCheckTools): void {
  webhooks.on(["pull_request.opened", "pull_request.reopened", "pull_request.synchronize", "merge_group.checks_requested"], ({ payload, octokit }) => {
    const parsed = placeSchema.safeParse(payload);
    const answer = answerTo(payload);
    if (!parsed.success || answer === null) return;
    const { repository } = parsed.data;
    const place: Workplace = { github: installationClient(octokit, tools), repository: { owner: repository.owner.login, repo: repository.name }, repositoryId: repository.id };
    tools.queue.add(`${repository.id}/check-${answer.headSha}`, { name: "answering a required check", coalesce: answer.headSha, run: () => giveCheck(place, tools, { answer, defaultBranch: repository.default_branch }) });
  });
}

/** Null where the deliver job gives the check itself. */
function answerTo(payload: unknown): Answer | null {
  const group = groupSchema.safeParse(payload);
  if (group.success) return { headSha: group.data.merge_group.head_sha, title: "Nothing to check in a merge group", summary: "What WorkTrain had to say stands on the pull requests of this group." };
  const pull = pullSchema.safeParse(payload);
  if (!pull.success) return null;
  const { action, pull_request: { head, user } } = pull.data;
  const ours = user?.type === "Bot" && isOurBranch(head.ref);
  if (!ours) return { headSha: head.sha, title: "WorkTrain does not handle this commit", summary: "This is here because the check `WorkTrain` is required in this repository (`checks.everyPullRequest`). Nothing was looked at." };
  // Its own head has the deliver job's check; what was pushed on top of it has none.
  return action === "synchronize" ? { headSha: head.sha, title: "Pushed after WorkTrain's delivery", summary: "Somebody changed the branch after WorkTrain had delivered it. The proof in the pull request is about the commit before; nothing of this one was looked at." } : null;
}

async function giveCheck({ github, repository }: Workplace, tools: AppTools, { answer, defaultBranch }: { readonly answer: Answer; readonly defaultBranch: string }): Promise<void> {
  const file = await readFile(github, repository, { path: CONFIG_PATH, ref: defaultBranch });
  const config = file === null || file.text === null ? null : parseConfig(file.text, CONFIG_PATH);
  if (config?.ok !== true || !config.value.checks.everyPullRequest) return;
  // The same name as of the deliver job's check: it is the one that a rule names.
  await tools.effects.apply(checkRunEffect(github, repository, { appId: tools.author.appId, name: CHECK_NAME, externalId: `not-handled:${answer.headSha}`, conclusion: "neutral", annotations: [], ...answer }));
}
