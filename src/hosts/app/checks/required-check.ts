/**
 * Where a repository requires the check `WorkTrain`, nothing may wait for it in vain: pull requests that WorkTrain does not handle, and merge groups, get
 * one that says so. Off unless the default branch's config asks for it (`checks.everyPullRequest`).
 *
 * I4. It is neutral: GitHub counts that as passed (docs: about protected branches), and no green is shown without work. I9. With a config that cannot
 * be read nothing is answered, nor where a review is due: the check stays open until that gives it. By `enabled: false` none is due: whoever can change the
 * default branch's config can take the requirement out as well. By the label a due one stays due, and the check stays open: anybody who may label could
 * merge past the gate else.
 */
import { z } from "zod";
import { CONFIG_PATH, type Config } from "../../../config/index.ts";
import { GITHUB_ACTIONS_LOGIN, parseOwnBranch, readCommitMessage, readFile } from "../../../github/read/index.ts";
import { checkRunEffect } from "../../../github/write/index.ts";
import { CHECK_NAME, formatItemId, readTrailers } from "../../../record/index.ts";
import { workplaceOf, type Delivery } from "../delivery.ts";
import type { ClientOptions } from "../installation-client.ts";
import { readConfig } from "../kept-config.ts";
import type { SubjectQueue } from "../subject-queue.ts";
import type { AppTools, Workplace } from "../workplace.ts";

export interface RequiredCheckTools extends AppTools, ClientOptions {
  readonly queue: SubjectQueue;
}

export type RequiredCheckWebhook = "pull_request.opened" | "pull_request.reopened" | "pull_request.synchronize" | "merge_group.checks_requested";

interface Webhooks {
  on(events: RequiredCheckWebhook[], handler: (delivery: Pick<Delivery, "payload" | "installation">) => void): unknown;
}

const branchSchema = z.object({ repository: z.object({ default_branch: z.string() }) });
const accountSchema = z.object({ login: z.string(), type: z.string() });
const pullSchema = z.object({
  action: z.string(),
  sender: accountSchema,
  pull_request: z.object({
    head: z.object({ ref: z.string(), sha: z.string() }),
    base: z.object({ ref: z.string() }),
    labels: z.array(z.object({ name: z.string() })),
    user: accountSchema.nullish(),
  }),
});
type PullDelivery = z.infer<typeof pullSchema>;
const groupSchema = z.object({ merge_group: z.object({ head_sha: z.string() }) });

interface Answer {
  readonly title: string;
  readonly summary: string;
}

const SWITCHED_OFF: Answer = { title: "WorkTrain is switched off", summary: `All work of WorkTrain in this repository is stopped by \`enabled: false\` in ${CONFIG_PATH}, so this commit is not reviewed. Nothing was looked at. When work may go on, \`/worktrain review\` asks for a review.` };
const OF_A_GROUP: Answer = { title: "Nothing to check in a merge group", summary: "What WorkTrain had to say stands on the pull requests of this group." };
const NOT_HANDLED: Answer = { title: "WorkTrain does not handle this commit", summary: "This is here because the check `WorkTrain` is required in this repository (`checks.everyPullRequest`). Nothing was looked at." };
const ON_TOP: Answer = { title: "Pushed after WorkTrain's delivery", summary: "Somebody changed the branch after WorkTrain had delivered it. The proof in the pull request is about the commit before; nothing of this one was looked at." };

/** A head that is to be answered, or not. */
interface Asked {
  readonly headSha: string;
  readonly defaultBranch: string;
  /** Null: of a merge group. */
  readonly pull: PullDelivery | null;
}

export function registerRequiredCheck(webhooks: Webhooks, tools: RequiredCheckTools): void {
  webhooks.on(["pull_request.opened", "pull_request.reopened", "pull_request.synchronize", "merge_group.checks_requested"], (delivery) => {
    const { payload } = delivery;
    const parsed = branchSchema.safeParse(payload);
    const [group, pull] = [groupSchema.safeParse(payload), pullSchema.safeParse(payload)];
    const headSha = group.success ? group.data.merge_group.head_sha : pull.data?.pull_request.head.sha;
    if (!parsed.success || headSha === undefined) return;
    const place = workplaceOf(delivery, tools);
    if (place === null) return;
    const asked: Asked = { headSha, defaultBranch: parsed.data.repository.default_branch, pull: pull.data ?? null };
    // Made by the deliver job, which gives the check itself.
    if (asked.pull !== null && asked.pull.action === "opened" && ownItem(place, tools, asked.pull) !== null) return;
    tools.queue.add(`${place.repositoryId}/check-${headSha}`, { name: "answering a required check", coalesce: headSha, run: () => giveCheck(place, tools, asked) });
  });
}

async function giveCheck(place: Workplace, tools: AppTools, asked: Asked): Promise<void> {
  const { github, repository } = place;
  const { headSha, defaultBranch } = asked;
  const file = await readFile(github, repository, { path: CONFIG_PATH, ref: defaultBranch });
  const config = file === null || file.text === null ? null : readConfig(file.text);
  if (config?.ok !== true || !config.value.checks.everyPullRequest) return;
  const answer = asked.pull === null ? OF_A_GROUP : await answerTo(place, tools, { ...asked, pull: asked.pull, config: config.value });
  if (answer === null) return;
  await tools.effects.apply(checkRunEffect(github, repository, { appId: tools.author.appId, name: CHECK_NAME, headSha, externalId: `not-handled:${headSha}`, conclusion: "neutral", annotations: [], ...answer }));
}

/** Null where a run of ours gives the check. */
async function answerTo(place: Workplace, tools: AppTools, { pull, config, headSha, defaultBranch }: Asked & { readonly pull: PullDelivery; readonly config: Config }): Promise<Answer | null> {
  const item = ownItem(place, tools, pull);
  // While it was closed anybody may have pushed.
  if (item !== null && (pull.action === "reopened" || isPublisher(pull.sender, tools))) {
    const message = await readCommitMessage(place.github, place.repository, headSha);
    if (readTrailers(message ?? "")?.item === item) return null;
  }
  // By the label of a stop a due review stays due: nothing passes in its place.
  if (isReviewed(pull, config, defaultBranch)) return config.enabled ? null : SWITCHED_OFF;
  return item === null ? NOT_HANDLED : ON_TOP;
}

/** The item whose branch it is of; null where it is somebody else's: the name of a branch alone makes nothing ours. */
function ownItem({ repositoryId }: Workplace, tools: AppTools, { pull_request: { head, user } }: PullDelivery): string | null {
  const own = parseOwnBranch(head.ref);
  if (own === null || user === undefined || user === null || !isPublisher(user, tools)) return null;
  return formatItemId({ repositoryId, subject: `issue-${own.issueNumber}`, attempt: own.attempt });
}

/** The App, or the account of `GITHUB_TOKEN`, which other workflows have as well. */
const isPublisher = ({ login, type }: z.infer<typeof accountSchema>, { author }: AppTools): boolean => type === "Bot" && (login === GITHUB_ACTIONS_LOGIN || login === author.botLogin);

/** Whether the head is one to review, if only after somebody vouched for it or the draft is ready: until then it is not passed (I9). */
function isReviewed({ sender, pull_request: { base, labels } }: PullDelivery, { label, review }: Config, defaultBranch: string): boolean {
  if (review.pullRequests === "never" || base.ref !== defaultBranch) return false;
  // What bots open or push is reviewed at the label alone.
  return labels.some(({ name }) => name.toLowerCase() === label.toLowerCase()) || (review.pullRequests === "all" && sender.type !== "Bot");
}
