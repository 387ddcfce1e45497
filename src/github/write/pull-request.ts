/** Pull requests that the App opens by itself, found again by their branch and a hidden marker in their first line. */
import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { hasStatus } from "../request-error.ts";
import { lookedUp, type Confirmed, type Effect } from "./effect.ts";

const pullSchema = z.object({
  number: z.int(),
  html_url: z.string(),
  body: z.string().nullish(),
  state: z.enum(["open", "closed"]),
  merged_at: z.string().nullish(),
  head: z.object({ ref: z.string(), repo: z.object({ id: z.int() }).nullish() }),
  user: z.object({ type: z.string() }).nullish(),
});

export interface OwnPullRequest {
  readonly number: number;
  readonly url: string;
  readonly body: string;
  readonly state: "open" | "closed" | "merged";
}

export interface PullRequestWish {
  readonly branch: string;
  readonly base: string;
  readonly title: string;
  /** Starts with the marker. */
  readonly body: string;
  readonly marker: string;
}

/** The newest one from this branch, open or not, that an App opened with the marker; null when there is none. */
export async function findOwnPullRequest(github: GitHub, repository: Repository, { branch, marker }: Pick<PullRequestWish, "branch" | "marker">): Promise<OwnPullRequest | null> {
  const route = "GET /repos/{owner}/{repo}/pulls";
  const { data } = await github.request(route, { ...repository, head: `${repository.owner}:${branch}`, state: "all", per_page: 100 });
  const [newest] = parseAnswer(z.array(pullSchema), data, route)
    .filter((pull) => pull.head.ref === branch && isMarked(pull, marker))
    .toSorted((a, b) => b.number - a.number);
  return newest === undefined ? null : { number: newest.number, url: newest.html_url, body: newest.body ?? "", state: typeof newest.merged_at === "string" ? "merged" : newest.state };
}

/** A text alone is no identity: people open none in a bot's name. */
const isMarked = ({ body, user }: Pick<z.infer<typeof pullSchema>, "body" | "user">, marker: string): boolean => user?.type === "Bot" && (body ?? "").startsWith(marker);

/** Opens it unless there is one; GitHub itself keeps it to one open pull request a branch and base. @param seen what a look a moment ago showed */
export function openPullRequestEffect(github: GitHub, repository: Repository, { seen, ...wish }: PullRequestWish & { readonly seen?: Confirmed | null }): Effect {
  const find = async (): Promise<Confirmed | null> => {
    const found = await findOwnPullRequest(github, repository, wish);
    return found === null ? null : { id: String(found.number), url: found.url };
  };
  return {
    key: `pull-request:${wish.branch}`,
    description: `pull request from ${wish.branch} on ${repository.owner}/${repository.repo}`,
    lookUp: lookedUp(seen, find),
    async write() {
      const route = "POST /repos/{owner}/{repo}/pulls";
      const { title, body, branch: head, base } = wish;
      try {
        const made = parseAnswer(pullSchema, (await github.request(route, { ...repository, title, body, head, base })).data, route);
        return { id: String(made.number), url: made.html_url };
      } catch (error) {
        // Another replica was as fast.
        const found = hasStatus(error, 422) ? await find() : null;
        if (found === null) throw error;
        return found;
      }
    },
    cures: { 422: `Close what is open from ${wish.branch} or delete that branch; then ask again.` },
  };
}

/** Gives a pull request another text or state; what is so already is not written. */
export function pullRequestEditEffect(github: GitHub, repository: Repository, { number, ...wish }: { readonly number: number; readonly body?: string; readonly state?: "open" }): Effect {
  const place = { ...repository, pull_number: number };
  const done: Confirmed = { id: String(number), url: null };
  return {
    key: `pull-request-edit:${number}`,
    description: `change of ${repository.owner}/${repository.repo}#${number}`,
    async lookUp() {
      const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}";
      const { body, state } = parseAnswer(pullSchema, (await github.request(route, place)).data, route);
      return (wish.body === undefined || wish.body === body) && (wish.state === undefined || wish.state === state) ? done : null;
    },
    async write() {
      await github.request("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", { ...place, ...wish });
      return done;
    },
  };
}
