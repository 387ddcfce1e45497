import { z } from "zod";
import type { GitHub, Repository } from "../client.ts";
import { parseAnswer } from "../parse-answer.ts";
import { allPages } from "../read/pages.ts";
import { canonicalJson } from "../../shared/json.ts";
import { sha256Hex } from "../../shared/hash.ts";
import { checkActions, type CheckActionName } from "./check-actions.ts";
import { lookedUp, type Confirmed, type Effect } from "./effect.ts";

/** Annotations that GitHub takes at once (REST docs, "Create a check run"). */
export const MAX_ANNOTATIONS = 50;

/** Those that we give. */
export const conclusionSchema = z.enum(["success", "failure", "neutral", "cancelled", "timed_out", "action_required"]);
export type CheckConclusion = z.infer<typeof conclusionSchema>;

export interface CheckRunWish {
  readonly name: string;
  readonly headSha: string;
  /** By which it is found again. */
  readonly externalId: string;
  /** Null: what it is about has yet to begin. */
  readonly conclusion: CheckConclusion | null;
  readonly title: string;
  /** Markdown. */
  readonly summary: string;
  /** At most `MAX_ANNOTATIONS`, on lines of the head's files. */
  readonly annotations: readonly { readonly path: string; readonly line: number; readonly message: string }[];
  /** Where its details are; default: its page on GitHub. */
  readonly detailsUrl?: string;
  readonly actions?: readonly CheckActionName[];
}

const checkRunSchema = z.object({ id: z.int(), html_url: z.string().nullable(), external_id: z.string().nullable(), app: z.object({ id: z.int() }).nullable() });
const listSchema = z.object({ check_runs: z.array(checkRunSchema) });

/** GitHub keeps at most 1,000 check runs of one name on a commit (P-check-runs). */
const MAX_PAGES = 11;

/** A check run on a commit; of ours with the external id there is one. @param appId ours: anybody can take the name */
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
        ...(wish.conclusion === null ? { status: "queued" } : { status: "completed", conclusion: wish.conclusion }),
        ...(wish.detailsUrl === undefined ? {} : { details_url: wish.detailsUrl }),
        ...(wish.actions === undefined ? {} : { actions: checkActions(wish.actions) }),
        output: { title: wish.title, summary: wish.summary, annotations },
      });
      return confirmed(parseAnswer(checkRunSchema, data, route));
    },
  };
}

export interface CheckRunChange {
  readonly status: "queued" | "in_progress" | "completed";
  /** Exactly where it is completed. */
  readonly conclusion?: CheckConclusion;
  readonly externalId?: string;
  readonly detailsUrl?: string;
  readonly title: string;
  /** Markdown. */
  readonly summary: string;
  /** Of a completed one; they replace those it had. */
  readonly actions?: readonly CheckActionName[];
}

const shownSchema = z.object({ status: z.string(), conclusion: z.string().nullable(), external_id: z.string().nullable(), output: z.object({ title: z.string().nullable(), summary: z.string().nullable() }) });

/** Changes a check run, which has just been seen to be another. GitHub lets only the App that made it do so (P-check-buttons). */
export function changeCheckEffect(github: GitHub, repository: Repository, id: number, change: CheckRunChange): Effect {
  const { status, conclusion, externalId, detailsUrl, title, summary, actions } = change;
  const place = { ...repository, check_run_id: id };
  const done: Confirmed = { id: String(id), url: null };
  const read = async (): Promise<Confirmed | null> => {
    const route = "GET /repos/{owner}/{repo}/check-runs/{check_run_id}";
    const shown = parseAnswer(shownSchema, (await github.request(route, place)).data, route);
    const same = shown.status === status && shown.conclusion === (conclusion ?? null) && shown.output.title === title && shown.output.summary === summary && (externalId === undefined || shown.external_id === externalId);
    return same ? done : null;
  };
  return {
    key: `check-run-change:${id}:${sha256Hex(canonicalJson({ ...change }))}`,
    description: `check run ${id} on ${repository.owner}/${repository.repo}`,
    lookUp: lookedUp(null, read),
    async write() {
      await github.request("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", {
        ...place,
        status,
        ...(conclusion === undefined ? {} : { conclusion }),
        ...(externalId === undefined ? {} : { external_id: externalId }),
        ...(detailsUrl === undefined ? {} : { details_url: detailsUrl }),
        output: { title, summary },
        ...(actions === undefined ? {} : { actions: checkActions(actions) }),
      });
      return done;
    },
  };
}
