import { z } from "zod";
import { parseAnswer } from "../../github/parse-answer.ts";
import { allPages } from "../../github/read/index.ts";
import { hasStatus } from "../../github/request-error.ts";
import type { Confirmed } from "../../github/write/index.ts";
import { effectKey, type SubIssueIntent } from "../intents.ts";
import { subIssueMarker } from "../names.ts";
import { applyEffect, stopEffect, type Outlet, type OutletContext } from "./outlet.ts";

const issueSchema = z.object({
  id: z.int(),
  number: z.int(),
  html_url: z.string(),
  body: z.string().nullish(),
  user: z.object({ login: z.string(), type: z.string() }).nullish(),
  pull_request: z.unknown().optional(),
});
type Issue = z.infer<typeof issueSchema>;

/** A parent has at most 100 sub-issues (P-sub-issues); the empty page behind them counts. */
const MOST_SUB_ISSUE_PAGES = 1 + 1;
/** Newest issues of ours among which one that was made and not linked is looked for: it was made a moment ago, or by the run before. */
const LOOKED_AT = 100;

/**
 * One sub-issue: made, then linked to its parent, since GitHub has no request for both. One that was made and not linked is found by its
 * marker and linked; a person who closes, renames or unlabels one is not gainsaid.
 */
export const subIssueOutlet: Outlet<"sub-issue"> = {
  apply(intent, context) {
    return applyEffect(context.runner, {
      key: effectKey("sub-issue", context.ticket.key, intent.place),
      description: `sub-issue ${intent.place} of issue ${intent.parent}`,
      lookUp: () => findLinked(intent, context),
      async write() {
        const issue = (await findMade(intent, context)) ?? (await make(intent, context));
        await link(intent, issue, context);
        return confirmed(issue);
      },
      cures: { 410: "Issues are switched off in this repository: switch them on, then label the issue again." },
    });
  },
};

const confirmed = ({ number, html_url: url }: Issue): Confirmed => ({ id: String(number), url });

/** Whoever copies the marker is not our account. */
const isOurs = ({ body, user, pull_request: pull }: Issue, { place }: SubIssueIntent, { ticket, publisher }: OutletContext): boolean =>
  (pull === undefined || pull === null) && (body ?? "").startsWith(subIssueMarker(ticket.item, place)) && user?.login === publisher.botLogin && user.type === "Bot";

async function findLinked(intent: SubIssueIntent, context: OutletContext): Promise<Confirmed | null> {
  const route = "GET /repos/{owner}/{repo}/issues/{issue_number}/sub_issues";
  const linked = await allPages(context.github, { route, parameters: { ...context.repository, issue_number: intent.parent }, items: (data) => parseAnswer(z.array(issueSchema), data, route), maxPages: MOST_SUB_ISSUE_PAGES });
  return lowest(linked.filter((issue) => isOurs(issue, intent, context)));
}

async function findMade(intent: SubIssueIntent, context: OutletContext): Promise<Issue | null> {
  const route = "GET /repos/{owner}/{repo}/issues";
  const { data } = await context.github.request(route, { ...context.repository, creator: context.publisher.botLogin, state: "all", sort: "created", direction: "desc", per_page: LOOKED_AT });
  return parseAnswer(z.array(issueSchema), data, route).filter((issue) => isOurs(issue, intent, context)).toSorted((a, b) => a.number - b.number)[0] ?? null;
}

function lowest(issues: readonly Issue[]): Confirmed | null {
  const [first] = issues.toSorted((a, b) => a.number - b.number);
  return first === undefined ? null : confirmed(first);
}

async function make({ title, body }: SubIssueIntent, { github, repository }: OutletContext): Promise<Issue> {
  const route = "POST /repos/{owner}/{repo}/issues";
  return parseAnswer(issueSchema, (await github.request(route, { ...repository, title, body })).data, route);
}

async function link(intent: SubIssueIntent, issue: Issue, { github, repository }: OutletContext): Promise<void> {
  try {
    await github.request("POST /repos/{owner}/{repo}/issues/{issue_number}/sub_issues", { ...repository, issue_number: intent.parent, sub_issue_id: issue.id });
  } catch (error) {
    if (!hasStatus(error, 404, 422)) throw error;
    stopEffect({
      kind: "no-sub-issues",
      message: `Issue #${issue.number} was made and GitHub does not take it as a sub-issue of #${intent.parent}: it has a hundred already, or the new one was given another parent.`,
      fix: `Make room there or link it by hand, then label the issue again: what was made is gone on with.`,
    });
  }
}
