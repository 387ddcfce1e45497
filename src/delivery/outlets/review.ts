import { z } from "zod";
import { parseAnswer } from "../../github/parse-answer.ts";
import { readBotReviews } from "../../github/read/index.ts";
import type { Confirmed } from "../../github/write/index.ts";
import { effectKey, type ReviewIntent } from "../intents.ts";
import { marker } from "../names.ts";
import { applyEffect, type Outlet, type OutletContext } from "./outlet.ts";

const reviewSchema = z.object({ id: z.int(), html_url: z.string() });

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
        const { data } = await github.request(route, { ...repository, pull_number: pullNumber, commit_id: headSha, event: "COMMENT", body, comments: comments.map(({ path, line, startLine, body: text }) => ({ path, line, side: "RIGHT", body: text, ...(startLine === undefined ? {} : { start_line: startLine, start_side: "RIGHT" }) })) });
        return confirmed(parseAnswer(reviewSchema, data, route));
      },
    });
  },
};

const confirmed = ({ id, html_url: url }: z.infer<typeof reviewSchema>): Confirmed => ({ id: String(id), url });

async function findOurs({ pullNumber }: ReviewIntent, { github, repository, ticket, publisher }: OutletContext): Promise<Confirmed | null> {
  const [ours] = await readBotReviews(github, repository, { pullNumber, prefix: marker("review", ticket), logins: [publisher.botLogin] });
  return ours === undefined ? null : { id: String(ours.id), url: ours.url };
}
