import { z } from "zod";
import { parseAnswer } from "../../github/parse-answer.ts";
import { allPages } from "../../github/read/index.ts";
import type { Confirmed } from "../../github/write/index.ts";
import { effectKey, type ReviewIntent } from "../intents.ts";
import { marker } from "../names.ts";
import { applyEffect, type Outlet, type OutletContext } from "./outlet.ts";

const reviewSchema = z.object({ id: z.int(), html_url: z.string(), body: z.string().nullish(), user: z.object({ login: z.string(), type: z.string() }).nullish() });
type Review = z.infer<typeof reviewSchema>;

/** 10,000 reviews of one pull request; beyond that the look-up would not be honest. */
const MAX_REVIEW_PAGES = 100;

/** The one review of a ticket, found again by the marker it begins with; only what our account wrote counts (attack 1). */
export const reviewOutlet: Outlet<"review"> = {
  apply(intent, context) {
    const { github, repository, runner, ticket } = context;
    const { pullNumber, headSha, body, comments } = intent;
    return applyEffect(runner, {
      key: effectKey("review", ticket.key),
      description: `review of pull request ${pullNumber} at ${headSha}`,
      lookUp: () => findOurs(intent, context),
      async write() {
        const route = "POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews";
        const { data } = await github.request(route, { ...repository, pull_number: pullNumber, commit_id: headSha, event: "COMMENT", body, comments: comments.map((comment) => ({ ...comment, side: "RIGHT" })) });
        return confirmed(parseAnswer(reviewSchema, data, route));
      },
    });
  },
};

const confirmed = ({ id, html_url: url }: Review): Confirmed => ({ id: String(id), url });

async function findOurs({ pullNumber }: ReviewIntent, { github, repository, ticket, publisher }: OutletContext): Promise<Confirmed | null> {
  const route = "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews";
  const reviews = await allPages(github, {
    route,
    parameters: { ...repository, pull_number: pullNumber },
    items: (data) => parseAnswer(z.array(reviewSchema), data, route),
    maxPages: MAX_REVIEW_PAGES,
  });
  const [ours] = reviews.filter(({ body, user }) => (body ?? "").startsWith(marker("review", ticket)) && user?.type === "Bot" && user.login === publisher.botLogin).toSorted((a, b) => a.id - b.id);
  return ours === undefined ? null : confirmed(ours);
}
