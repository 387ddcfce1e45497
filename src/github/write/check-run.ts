import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { allPages } from "../read/pages.ts";
import type { Confirmed, Effect } from "./effect.ts";

/** Annotations that GitHub takes at once (REST docs, "Create a check run"). */
export const MAX_ANNOTATIONS = 50;

export interface CheckRunWish {
  readonly name: string;
  readonly headSha: string;
  /** By which it is found again. */
  readonly externalId: string;
  readonly conclusion: "success" | "failure" | "neutral";
  readonly title: string;
  /** Markdown. */
  readonly summary: string;
  /** At most `MAX_ANNOTATIONS`, on lines of the head's files. */
  readonly annotations: readonly { readonly path: string; readonly line: number; readonly message: string }[];
}

const checkRunSchema = z.object({ id: z.int(), html_url: z.string().nullable(), external_id: z.string().nullable(), app: z.object({ id: z.int() }).nullable() });
const listSchema = z.object({ check_runs: z.array(checkRunSchema) });

/** GitHub keeps at most 1,000 check runs of one name on a commit (P-check-runs). */
const MAX_PAGES = 11;

/** A finished check run on a commit; of ours with the external id there is one. @param appId ours: anybody can take the name */
export function checkRunEffect(github: GitHub, repository: Repository, { appId, ...wish }: CheckRunWish & { readonly appId: number }): Effect {
  const confirmed = ({ id, html_url: url }: z.infer<typeof checkRunSchema>): Confirmed => ({ id: String(id), url });
  return {
    key: `check-run:${wish.name}:${wish.externalId}`,
    description: `check run ${wish.name} on ${wish.headSha}`,
    async lookUp() {
      const route = "GET /repos/{owner}/{repo}/commits/{ref}/check-runs";
      const checks = await allPages(github, { route, parameters: { ...repository, ref: wish.headSha, check_name: wish.name, filter: "all" }, items: (data) => parseAnswer(listSchema, data, route).check_runs, maxPages: MAX_PAGES });
      const [ours] = checks.filter((check) => check.app?.id === appId && check.external_id === wish.externalId).toSorted((a, b) => a.id - b.id);
      return ours === undefined ? null : confirmed(ours);
    },
    async write() {
      const route = "POST /repos/{owner}/{repo}/check-runs";
      const annotations = wish.annotations.map(({ path, line, message }) => ({ path, start_line: line, end_line: line, annotation_level: "failure", message }));
      const { data } = await github.request(route, {
        ...repository,
        name: wish.name,
        head_sha: wish.headSha,
        external_id: wish.externalId,
        status: "completed",
        conclusion: wish.conclusion,
        output: { title: wish.title, summary: wish.summary, annotations },
      });
      return confirmed(parseAnswer(checkRunSchema, data, route));
    },
  };
}
