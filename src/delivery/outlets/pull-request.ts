import { z } from "zod";
import { parseAnswer } from "../../github/parse-answer.ts";
import { hasStatus, requestFailure, whatGitHubSaid } from "../../github/request-error.ts";
import { lookedUp, type Confirmed } from "../../github/write/index.ts";
import { effectKey, type PullRequestIntent } from "../intents.ts";
import { pullRequestMarkerOf } from "../names.ts";
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
 * or merged stays as it is and is adopted (fault 51).
 */
export const pullRequestOutlet: Outlet<"pull-request"> = {
  async apply(intent, context) {
    let foundLate = false;
    const applied = await applyEffect(context.runner, {
      key: effectKey("pull-request", context.ticket.key),
      description: `pull request from ${intent.branch}`,
      lookUp: lookedUp(shownOurs(context), () => findOurs(intent, context)),
      async write() {
        const made = await create(intent, context);
        if (made !== null) return confirmed(made);
        foundLate = true;
        return (await findOurs(intent, context)) ?? stopEffect(taken(intent));
      },
    });
    return applied.ok && foundLate ? { ok: true, value: { ...applied.value, adopted: true } } : applied;
  },
};

const confirmed = (pullRequest: PullRequest): Confirmed => ({ id: String(pullRequest.number), url: pullRequest.html_url });

/** Ours among those GitHub has just shown; undefined where it did not show all. */
function shownOurs({ state, ticket, publisher }: OutletContext): Confirmed | null | undefined {
  if (state.pullRequests === null) return undefined;
  const ours = state.pullRequests.find(({ body, author }) => body.startsWith(pullRequestMarkerOf(ticket.item)) && author?.kind === "Bot" && author.login === publisher.appSlug);
  return ours === undefined ? null : { id: String(ours.number), url: ours.url };
}

async function findOurs(intent: PullRequestIntent, { github, repository, ticket, publisher }: OutletContext): Promise<Confirmed | null> {
  const route = "GET /repos/{owner}/{repo}/pulls";
  // At most one a base is open; a hundred closed ones of one branch of ours would be another's doing.
  const { data } = await github.request(route, { ...repository, head: `${repository.owner}:${intent.branch}`, state: "all", per_page: 100 });
  const found = parseAnswer(z.array(pullRequestSchema), data, route)
    .filter((pullRequest) => pullRequest.head.ref === intent.branch)
    .toSorted((a, b) => a.number - b.number);
  const [ours] = found.filter(({ body, user }) => (body ?? "").startsWith(pullRequestMarkerOf(ticket.item)) && user?.login === publisher.botLogin && user.type === "Bot");
  return ours === undefined ? null : confirmed(ours);
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
