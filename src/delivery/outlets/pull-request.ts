import { z } from "zod";
import { parseAnswer } from "../../github/parse-answer.ts";
import { hasStatus, requestFailure, whatGitHubSaid } from "../../github/request-error.ts";
import { lookedUp, type Confirmed } from "../../github/write/index.ts";
import { effectKey, type PullRequestIntent } from "../intents.ts";
import { GITHUB_ACTIONS, pullRequestMarkerOf } from "../names.ts";
import { holdsOwn, isMarked, renewedBody } from "../text/renewed-body.ts";
import { applyEffect, stopEffect, type Outlet, type OutletContext } from "./outlet.ts";

const pullRequestSchema = z.object({
  number: z.int(),
  html_url: z.string(),
  body: z.string().nullish(),
  head: z.object({ ref: z.string() }),
  user: z.object({ login: z.string(), type: z.string() }).nullish(),
});
type PullRequest = z.infer<typeof pullRequestSchema>;

/**
 * One pull request from the item's branch. GitHub allows one open pull request a branch and base; one that a person closed
 * or merged stays as it is and is adopted (fault 51). One that an earlier delivery of the item made has its text brought up to date, also one made
 * with `GITHUB_TOKEN` before the App published by itself.
 */
export const pullRequestOutlet: Outlet<"pull-request"> = {
  async apply(intent, context) {
    let foundLate = false;
    const applied = await applyEffect(context.runner, {
      key: effectKey("pull-request", context.ticket.key),
      description: `pull request from ${intent.branch}`,
      lookUp: lookedUp(done(shownOurs(context), intent), async () => done(await findOurs(intent, context), intent) ?? null),
      async write() {
        const before = await findEarlier(intent, context);
        if (before !== null) return renew(before, intent, context);
        const made = await create(intent, context);
        if (made !== null) return confirmed(made);
        foundLate = true;
        const ours = await findOurs(intent, context);
        if (ours === null) return stopEffect(taken(intent));
        return isOld(ours, intent) ? renew(ours, intent, context) : confirmed(ours);
      },
    });
    return applied.ok && foundLate ? { ok: true, value: { ...applied.value, adopted: true } } : applied;
  },
};

interface Ours extends Pick<PullRequest, "number" | "html_url"> {
  readonly body: string;
  /** Made with `GITHUB_TOKEN`, which is not what is published with now: other workflows have that as well, so its words are not believed. */
  readonly others: boolean;
}

const confirmed = ({ number, html_url: url }: Ours | PullRequest): Confirmed => ({ id: String(number), url });

/** Whether its text is still to be written. */
const isOld = ({ body, others }: Ours, intent: PullRequestIntent): boolean => (intent.renewed || others) && !holdsOwn(body, intent.body);

/** Whether it is as it is to be; undefined where that is not known. */
const done = (ours: Ours | null | undefined, intent: PullRequestIntent): Confirmed | null | undefined =>
  ours === undefined || ours === null ? ours : isOld(ours, intent) ? null : confirmed(ours);

async function renew(ours: Ours, intent: PullRequestIntent, { github, repository, ticket }: OutletContext): Promise<Confirmed> {
  const body = renewedBody(ours.body, intent.body, pullRequestMarkerOf(ticket.item));
  await github.request("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", { ...repository, pull_number: ours.number, body });
  return confirmed(ours);
}

/** Ours among those GitHub has just shown; undefined where it did not show all. */
function shownOurs({ state, ticket, publisher }: OutletContext): Ours | null | undefined {
  if (state.pullRequests === null) return undefined;
  const ours = state.pullRequests.find(({ body, author }) => isMarked(body, pullRequestMarkerOf(ticket.item)) && author?.kind === "Bot" && [publisher.appSlug, GITHUB_ACTIONS.appSlug].includes(author.login));
  return ours === undefined ? null : { number: ours.number, html_url: ours.url, body: ours.body, others: ours.author?.login !== publisher.appSlug };
}

/** What is there to be brought up to date: at the first delivery that is one that was just shown, so nothing is asked for it. */
async function findEarlier(intent: PullRequestIntent, context: OutletContext): Promise<Ours | null> {
  const shown = shownOurs(context) ?? null;
  return intent.renewed ? findOurs(intent, context) : shown?.others === true ? shown : null;
}

async function findOurs(intent: PullRequestIntent, { github, repository, ticket, publisher }: OutletContext): Promise<Ours | null> {
  const route = "GET /repos/{owner}/{repo}/pulls";
  // At most one a base is open; a hundred closed ones of one branch of ours would be another's doing.
  const { data } = await github.request(route, { ...repository, head: `${repository.owner}:${intent.branch}`, state: "all", per_page: 100 });
  const [ours] = parseAnswer(z.array(pullRequestSchema), data, route)
    .filter(({ head, body, user }) => head.ref === intent.branch && isMarked(body ?? "", pullRequestMarkerOf(ticket.item)) && user?.type === "Bot" && [publisher.botLogin, GITHUB_ACTIONS.botLogin].includes(user.login))
    .toSorted((a, b) => a.number - b.number);
  return ours === undefined ? null : { number: ours.number, html_url: ours.html_url, body: ours.body ?? "", others: ours.user?.login !== publisher.botLogin };
}

/** Null when GitHub says there is one already. */
async function create(intent: PullRequestIntent, { github, repository }: OutletContext): Promise<PullRequest | null> {
  const route = "POST /repos/{owner}/{repo}/pulls";
  const { title, body, branch: head, base } = intent;
  try {
    return parseAnswer(pullRequestSchema, (await github.request(route, { ...repository, title, body, head, base })).data, route);
  } catch (error) {
    if (hasStatus(error, 422) && /already exists/i.test(said(error))) return null;
    if (hasStatus(error, 403) && /not permitted to create/i.test(said(error))) return stopEffect(forbidden(intent));
    throw error;
  }
}

/** GitHub's words, with those of the single errors it lists. */
const said = (error: unknown): string => {
  const failure = requestFailure(error);
  return failure === null ? "" : `${whatGitHubSaid(failure)} ${failure.message}`;
};

const forbidden = ({ branch }: PullRequestIntent) => ({
  kind: "pull-requests-forbidden" as const,
  message: `The work is on branch ${branch}, but this repository does not let GitHub Actions create pull requests.`,
  fix: 'Tick "Allow GitHub Actions to create and approve pull requests" under Settings, Actions, General; then open the pull request from the branch, or delete the branch and label the issue again.',
});

const taken = ({ branch }: PullRequestIntent) => ({
  kind: "pull-request-taken" as const,
  message: `There is a pull request from ${branch} already, and WorkTrain did not make it.`,
  fix: "Close it, delete the branch and label the issue again; or go on with it by hand.",
});
