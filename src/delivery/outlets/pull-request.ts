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
 * or merged stays as it is and is adopted (fault 51). One that an earlier delivery of the item made has its text brought up to date.
 */
export const pullRequestOutlet: Outlet<"pull-request"> = {
  async apply(intent, context) {
    let foundLate = false;
    const applied = await applyEffect(context.runner, {
      key: effectKey("pull-request", context.ticket.key),
      description: `pull request from ${intent.branch}`,
      lookUp: lookedUp(done(shownOurs(context), intent), async () => done(await findOurs(intent, context), intent) ?? null),
      async write() {
        const before = intent.renewed ? await findOurs(intent, context) : null;
        if (before !== null) return renew(before, intent, context);
        const made = await create(intent, context);
        if (made !== null) return confirmed(made);
        foundLate = true;
        const ours = await findOurs(intent, context);
        return ours === null ? stopEffect(taken(intent)) : confirmed(ours);
      },
    });
    return applied.ok && foundLate ? { ok: true, value: { ...applied.value, adopted: true } } : applied;
  },
};

type Ours = Pick<PullRequest, "number" | "html_url" | "body">;

const confirmed = ({ number, html_url: url }: Ours): Confirmed => ({ id: String(number), url });

/** Whether it is as it is to be; undefined where that is not known. */
const done = (ours: Ours | null | undefined, { renewed, body }: PullRequestIntent): Confirmed | null | undefined =>
  ours === undefined || ours === null ? ours : renewed && !sameText(ours.body ?? "", body) ? null : confirmed(ours);

/** GitHub keeps line ends as they come and may cut white space at the end. */
const sameText = (a: string, b: string): boolean => a.replaceAll("\r\n", "\n").trimEnd() === b.trimEnd();

async function renew(ours: Ours, { body }: PullRequestIntent, { github, repository }: OutletContext): Promise<Confirmed> {
  await github.request("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", { ...repository, pull_number: ours.number, body });
  return confirmed(ours);
}

/** Ours among those GitHub has just shown; undefined where it did not show all. */
function shownOurs({ state, ticket, publisher }: OutletContext): Ours | null | undefined {
  if (state.pullRequests === null) return undefined;
  const ours = state.pullRequests.find(({ body, author }) => body.startsWith(pullRequestMarkerOf(ticket.item)) && author?.kind === "Bot" && author.login === publisher.appSlug);
  return ours === undefined ? null : { number: ours.number, html_url: ours.url, body: ours.body };
}

async function findOurs(intent: PullRequestIntent, { github, repository, ticket, publisher }: OutletContext): Promise<Ours | null> {
  const route = "GET /repos/{owner}/{repo}/pulls";
  // At most one a base is open; a hundred closed ones of one branch of ours would be another's doing.
  const { data } = await github.request(route, { ...repository, head: `${repository.owner}:${intent.branch}`, state: "all", per_page: 100 });
  const found = parseAnswer(z.array(pullRequestSchema), data, route)
    .filter((pullRequest) => pullRequest.head.ref === intent.branch)
    .toSorted((a, b) => a.number - b.number);
  const [ours] = found.filter(({ body, user }) => (body ?? "").startsWith(pullRequestMarkerOf(ticket.item)) && user?.login === publisher.botLogin && user.type === "Bot");
  return ours ?? null;
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
