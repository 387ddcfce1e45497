import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { hasStatus } from "../request-error.ts";
import { allPages } from "./pages.ts";

const listSchema = z.object({
  check_runs: z.array(
    z.object({
      id: z.int(),
      name: z.string(),
      status: z.string(),
      conclusion: z.string().nullable(),
      html_url: z.string().nullish(),
      app: z.object({ slug: z.string().optional() }).nullish(),
      output: z.object({ title: z.string().nullish(), summary: z.string().nullish(), text: z.string().nullish(), annotations_count: z.int() }),
    }),
  ),
});
const annotationsSchema = z.array(z.object({ path: z.string(), start_line: z.int(), annotation_level: z.string().nullable(), title: z.string().nullish(), message: z.string().nullable() }));

export interface CheckRunShown {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly url: string;
  /** It stands for a job of GitHub Actions, which has its id. */
  readonly job: boolean;
  /** Title, summary and text that its maker wrote; empty where there are none. */
  readonly said: string;
  readonly annotations: number;
}

export interface AnnotationShown {
  readonly path: string;
  readonly line: number;
  readonly level: string;
  readonly message: string;
}

/** A thousand check runs on one commit (REST docs: the list is limited to the 1,000 most recent check suites). */
const MAX_PAGES = 10;

/** The newest check run of each name and App on a commit. */
export function readCheckRuns(github: GitHub, repository: Repository, sha: string): Promise<readonly CheckRunShown[]> {
  const route = "GET /repos/{owner}/{repo}/commits/{ref}/check-runs";
  return allPages(github, {
    route,
    parameters: { ...repository, ref: sha, filter: "latest" },
    items: (data) =>
      parseAnswer(listSchema, data, route).check_runs.map(({ id, name, status, conclusion, html_url: url, app, output }) => ({
        id,
        name,
        status,
        conclusion,
        url: url ?? "",
        job: app?.slug === "github-actions",
        said: [output.title, output.summary, output.text].filter((part) => (part ?? "") !== "").join("\n\n"),
        annotations: output.annotations_count,
      })),
    maxPages: MAX_PAGES,
  });
}

/** The first annotations of a check run, a page of them. */
export async function readAnnotations(github: GitHub, repository: Repository, { checkRunId, first }: { readonly checkRunId: number; readonly first: number }): Promise<readonly AnnotationShown[]> {
  const route = "GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations";
  const { data } = await github.request(route, { ...repository, check_run_id: checkRunId, per_page: first });
  return parseAnswer(annotationsSchema, data, route).map(({ path, start_line: line, annotation_level: level, title, message }) => ({ path, line, level: level ?? "notice", message: [title, message].filter((part) => (part ?? "") !== "").join(": ") }));
}

const ownSchema = z.object({
  id: z.int(),
  name: z.string(),
  head_sha: z.string(),
  external_id: z.string().nullable(),
  details_url: z.string().nullish(),
  html_url: z.string().nullish(),
  status: z.string(),
  conclusion: z.string().nullable(),
  app: z.object({ id: z.int() }).nullable(),
  output: z.object({ title: z.string().nullish(), summary: z.string().nullish() }),
});

/** A check run of our App. */
export interface OwnCheckRun {
  readonly id: number;
  readonly name: string;
  readonly headSha: string;
  readonly externalId: string;
  readonly detailsUrl: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly title: string;
}

const toOwn = ({ id, name, head_sha: headSha, external_id: externalId, details_url: detailsUrl, status, conclusion, output }: z.infer<typeof ownSchema>): OwnCheckRun => ({ id, name, headSha, externalId: externalId ?? "", detailsUrl: detailsUrl ?? "", status, conclusion, title: output.title ?? "" });

/** One check run; null when it is gone or another App made it. */
export async function readOwnCheckRun(github: GitHub, repository: Repository, { id, appId }: { readonly id: number; readonly appId: number }): Promise<OwnCheckRun | null> {
  const route = "GET /repos/{owner}/{repo}/check-runs/{check_run_id}";
  try {
    const check = parseAnswer(ownSchema, (await github.request(route, { ...repository, check_run_id: id })).data, route);
    return check.app?.id === appId ? toOwn(check) : null;
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

const LIST = "GET /repos/{owner}/{repo}/commits/{ref}/check-runs";

/** All on a commit, also those that a newer one of the same name hides. Of more than 1,000 with one name GitHub itself prunes (P-check-runs). */
const allOn = (github: GitHub, repository: Repository, { sha, ...filter }: { readonly sha: string; readonly app_id?: number; readonly check_name?: string }): Promise<readonly z.infer<typeof ownSchema>[]> =>
  allPages(github, { route: LIST, parameters: { ...repository, ref: sha, ...filter, filter: "all" }, items: (data) => parseAnswer(z.object({ check_runs: z.array(ownSchema) }), data, LIST).check_runs, maxPages: MAX_PAGES + 1 });

/** Every check run of our App on a commit, newest first; none where the commit is gone. */
export async function readOwnCheckRuns(github: GitHub, repository: Repository, { sha, appId }: { readonly sha: string; readonly appId: number }): Promise<readonly OwnCheckRun[]> {
  try {
    const checks = await allOn(github, repository, { sha, app_id: appId });
    return checks.filter(({ app }) => app?.id === appId).map(toOwn).toSorted((a, b) => b.id - a.id);
  } catch (error) {
    if (hasStatus(error, 404, 422)) return [];
    throw error;
  }
}

export interface DeliveredCheck {
  readonly url: string | null;
  /** Markdown, with what it hides. */
  readonly summary: string;
}

/** The check run that the deliver job made on its commit; of several with one key the first stays, of several accounts the first named one's. @param appIds whose it may be: anybody can take the name */
export async function readDeliveredCheck(github: GitHub, repository: Repository, { sha, name, key, appIds }: { readonly sha: string; readonly name: string; readonly key: string; readonly appIds: readonly number[] }): Promise<DeliveredCheck | null> {
  const rank = ({ app }: z.infer<typeof ownSchema>): number => appIds.indexOf(app?.id ?? -1);
  const [first] = (await allOn(github, repository, { sha, check_name: name })).filter((check) => check.external_id === key && rank(check) >= 0).toSorted((a, b) => rank(a) - rank(b) || a.id - b.id);
  return first === undefined ? null : { url: first.html_url ?? null, summary: first.output.summary ?? "" };
}

/** Of a check that is over: its commit is not as it should be. `action_required` waits for a person, and the rest says nothing against the commit. */
export const isRedCheck = ({ conclusion }: Pick<CheckRunShown, "conclusion">): boolean => conclusion === "failure" || conclusion === "timed_out";
