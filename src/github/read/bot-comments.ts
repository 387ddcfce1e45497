import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { allPages } from "./pages.ts";

const ROUTE = "GET /repos/{owner}/{repo}/issues/{issue_number}/comments";
const commentsSchema = z.array(z.object({ id: z.int(), body: z.string().nullish(), updated_at: z.string(), user: z.object({ type: z.string() }).nullish() }));
/** 10,000 comments on one issue. */
const MAX_PAGES = 100;

export interface BotComment {
  readonly id: number;
  readonly body: string;
  /** ISO time, GitHub's clock. */
  readonly updatedAt: string;
}

/** Comments that begin with a text and are of some App's or bot's account, lowest id first. Whose it is, is not told: nothing may be done on their word. */
export async function readBotComments(github: GitHub, repository: Repository, { issueNumber, prefix }: { readonly issueNumber: number; readonly prefix: string }): Promise<readonly BotComment[]> {
  const all = await allPages(github, { route: ROUTE, parameters: { ...repository, issue_number: issueNumber }, items: (data) => parseAnswer(commentsSchema, data, ROUTE), maxPages: MAX_PAGES });
  return all.flatMap(({ id, body, updated_at: updatedAt, user }) => (user?.type === "Bot" && body?.startsWith(prefix) === true ? [{ id, body, updatedAt }] : [])).toSorted((a, b) => a.id - b.id);
}
