import { z } from "zod";
import { parseAnswer } from "../../github/parse-answer.ts";
import { allPages } from "../../github/read/index.ts";
import { checkActions, lookedUp, type Confirmed } from "../../github/write/index.ts";
import { err } from "../../shared/result.ts";
import { CHECK_NAME, readTrailers } from "../../record/index.ts";
import { GITHUB_ACTIONS } from "../names.ts";
import { effectKey, type CheckAnnotation } from "../intents.ts";
import { applyEffect, type Outlet, type OutletContext } from "./outlet.ts";

const checkRunSchema = z.object({
  id: z.int(),
  html_url: z.string().nullable(),
  external_id: z.string().nullable(),
  details_url: z.string().nullish(),
  status: z.string(),
  app: z.object({ slug: z.string().optional() }).nullable(),
});
const listSchema = z.object({ check_runs: z.array(checkRunSchema) });

const countSchema = z.object({ output: z.object({ annotations_count: z.int() }) });

/** REST docs, "Create a check run": at most 50 in one request; more are appended by updates. */
const ANNOTATION_BATCH = 50;

/** A commit of ours carries a handful; more than 1,000 of one name GitHub itself prunes (P-check-runs). */
const MAX_CHECK_PAGES = 11;

/** The check run on the delivered commit, found again by `external_id`; only our App's counts (attack 17). */
export const checkRunOutlet: Outlet<"check-run"> = {
  async apply(intent, context) {
    const head = intent.headSha === undefined ? context.applied.get("branch") : { id: intent.headSha, adopted: true };
    if (head === undefined) return err({ kind: "no-commit", message: "There is no commit of ours to put a check run on.", fix: "Please report this with the run's log." });
    const { github, repository, runner, ticket } = context;
    const { conclusion, detailsUrl, title, summary, text, annotations = [], actions = [] } = intent;
    // GitHub lets one run only create the pull request: who found it made by another leaves that one the time to go on (fault 22).
    let begun: number | null = null;
    const key = intent.headSha === undefined ? keyOf(head.id, context) : ticket.key;
    const contested = context.applied.get("pull-request")?.adopted ?? false;
    const made = await applyEffect(runner, {
      key: effectKey("check-run", ticket.key),
      description: `check run ${CHECK_NAME} on ${head.id}`,
      contested,
      // A commit that this very job made and put on the branch has no check run yet.
      lookUp: lookedUp(head.adopted ? undefined : null, async () => {
        const ours = await findOurs(context, { sha: head.id, key });
        // The App made it when the review began, or a run that broke off then; the verdict is given in it.
        begun = ours !== null && (ours.status !== "completed" || (key !== ticket.key && ours.details_url !== detailsUrl)) ? ours.id : null;
        return ours === null || begun !== null ? null : confirmed(ours);
      }),
      async write() {
        const said = {
          ...repository,
          status: "completed",
          conclusion,
          details_url: detailsUrl,
          output: { title, summary, text, ...(annotations.length === 0 ? {} : { annotations: annotations.slice(0, ANNOTATION_BATCH).map(asSent) }) },
          // Of GitHub Actions' own check runs nobody would tell us that a button was pressed.
          ...(context.publisher.appSlug === GITHUB_ACTIONS.appSlug ? {} : { actions: checkActions(actions) }),
        };
        const route = begun === null ? "POST /repos/{owner}/{repo}/check-runs" : "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}";
        const { data } = await github.request(route, begun === null ? { ...said, name: CHECK_NAME, head_sha: head.id, external_id: key } : { ...said, check_run_id: begun });
        return confirmed(parseAnswer(checkRunSchema, data, route));
      },
    });
    if (made.ok && annotations.length > ANNOTATION_BATCH) await addAnnotations(context, { id: made.value.id, title, summary, annotations });
    return made;
  },
};

/** GitHub appends those of each request, so what is there is a first part of them: a run that was cut off is gone on with where it stopped. */
async function addAnnotations({ github, repository }: OutletContext, { id, title, summary, annotations }: { readonly id: string; readonly title: string; readonly summary: string; readonly annotations: readonly CheckAnnotation[] }): Promise<void> {
  const place = { ...repository, check_run_id: Number(id) };
  const route = "GET /repos/{owner}/{repo}/check-runs/{check_run_id}";
  const { output } = parseAnswer(countSchema, (await github.request(route, place)).data, route);
  for (let at = output.annotations_count; at < annotations.length; at += ANNOTATION_BATCH) {
    await github.request("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", { ...place, output: { title, summary, annotations: annotations.slice(at, at + ANNOTATION_BATCH).map(asSent) } });
  }
}

const asSent = ({ path, startLine, endLine, level, title, message }: CheckAnnotation) => ({ path, start_line: startLine, end_line: endLine, annotation_level: level, title, message });

const confirmed = (check: z.infer<typeof checkRunSchema>): Confirmed => ({ id: String(check.id), url: check.html_url });

/**
 * The key that the commit bears, by which the App finds its check run: an earlier run of the item may have made the commit and broken off
 * before the rest (fault 56).
 */
function keyOf(sha: string, { state: { branch }, ticket }: OutletContext): string {
  const trailers = branch?.sha === sha ? readTrailers(branch.message) : null;
  return trailers?.item === ticket.item ? trailers.key : ticket.key;
}

async function findOurs({ github, repository, publisher }: OutletContext, { sha, key }: { readonly sha: string; readonly key: string }): Promise<z.infer<typeof checkRunSchema> | null> {
  const route = "GET /repos/{owner}/{repo}/commits/{ref}/check-runs";
  const checks = await allPages(github, {
    route,
    parameters: { ...repository, ref: sha, check_name: CHECK_NAME, filter: "all" },
    items: (data) => parseAnswer(listSchema, data, route).check_runs,
    maxPages: MAX_CHECK_PAGES,
  });
  const [ours] = checks.filter((check) => check.external_id === key && check.app?.slug === publisher.appSlug).toSorted((a, b) => a.id - b.id);
  return ours ?? null;
}
