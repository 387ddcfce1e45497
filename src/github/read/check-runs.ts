import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { allPages } from "./pages.ts";

const listSchema = z.object({
  check_runs: z.array(
    z.object({
      id: z.int(),
      name: z.string(),
      status: z.string(),
      conclusion: z.string().nullable(),
      html_url: z.string().nullish(),
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
      parseAnswer(listSchema, data, route).check_runs.map(({ id, name, status, conclusion, html_url: url, output }) => ({
        id,
        name,
        status,
        conclusion,
        url: url ?? "",
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

/** Of a check that is over: its commit is not as it should be. `action_required` waits for a person, and the rest says nothing against the commit. */
export const isRedCheck = ({ conclusion }: Pick<CheckRunShown, "conclusion">): boolean => conclusion === "failure" || conclusion === "timed_out";
