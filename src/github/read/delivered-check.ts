import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { allPages } from "./pages.ts";

const listSchema = z.object({
  check_runs: z.array(z.object({ id: z.int(), html_url: z.string().nullable(), external_id: z.string().nullable(), app: z.object({ id: z.int() }).nullable(), output: z.object({ summary: z.string().nullish() }) })),
});

export interface DeliveredCheck {
  readonly url: string | null;
  /** Markdown, with what it hides. */
  readonly summary: string;
}

/** Of more than 1,000 with one name GitHub itself prunes (P-check-runs). */
const MAX_PAGES = 11;

const rank = (appIds: readonly number[], { app }: { readonly app: { readonly id: number } | null }): number => appIds.indexOf(app?.id ?? -1);

/** The check run that the deliver job made on its commit; of several with one key the first stays, of several accounts the first named one's. @param appIds whose it may be: anybody can take the name */
export async function readDeliveredCheck(github: GitHub, repository: Repository, { sha, name, key, appIds }: { readonly sha: string; readonly name: string; readonly key: string; readonly appIds: readonly number[] }): Promise<DeliveredCheck | null> {
  const route = "GET /repos/{owner}/{repo}/commits/{ref}/check-runs";
  const checks = await allPages(github, { route, parameters: { ...repository, ref: sha, check_name: name, filter: "all" }, items: (data) => parseAnswer(listSchema, data, route).check_runs, maxPages: MAX_PAGES });
  const [first] = checks.filter(({ app, external_id }) => external_id === key && app !== null && appIds.includes(app.id)).toSorted((a, b) => rank(appIds, a) - rank(appIds, b) || a.id - b.id);
  return first === undefined ? null : { url: first.html_url, summary: first.output.summary ?? "" };
}
