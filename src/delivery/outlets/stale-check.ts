/** Check runs of ours on a commit that is not the head any more say so. */
import { z } from "zod";
import { parseAnswer } from "../../github/parse-answer.ts";
import { allPages } from "../../github/read/index.ts";
import { hasStatus } from "../../github/request-error.ts";
import { isSuperseded, supersededCheck } from "../../github/write/index.ts";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import { ok } from "../../shared/result.ts";
import { effectKey, type StaleCheckIntent } from "../intents.ts";
import { CHECK_NAME } from "../../record/index.ts";
import { applyEffect, type Outlet, type OutletContext } from "./outlet.ts";

const listSchema = z.object({ check_runs: z.array(z.object({ id: z.int(), status: z.string(), conclusion: z.string().nullable(), app: z.object({ slug: z.string().optional() }).nullable(), output: z.object({ title: z.string().nullable() }) })) });
type Check = z.infer<typeof listSchema>["check_runs"][number];

const MAX_CHECK_PAGES = 11;

export const staleCheckOutlet: Outlet<"stale-check"> = {
  async apply(intent, context) {
    const { github, repository, runner, ticket } = context;
    let open: readonly Check[] = [];
    try {
      return await applyEffect(runner, {
        key: effectKey("stale-check", ticket.key),
        description: `check runs on ${intent.headSha}, which is superseded`,
        async lookUp() {
          open = await orNone(() => stillOpen(intent, context));
          return open.length === 0 ? { id: intent.headSha, url: null } : null;
        },
        async write() {
          for (const { id, conclusion } of open) {
            const { conclusion: closed, ...output } = supersededCheck({ conclusion, headNow: intent.supersededBy, now: `${intent.supersededBy} was reviewed after it.` });
            await github.request("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", { ...repository, check_run_id: id, status: "completed", conclusion: closed, actions: [], output });
          }
          return { id: intent.headSha, url: null };
        },
      });
    } catch (error) {
      if (!(error instanceof TerminalError || error instanceof RetryableError)) throw error;
      return ok({ id: "", url: null, adopted: false, declined: `The check run of ${intent.headSha} could not be closed: ${error.message}` });
    }
  },
};

/** A commit that a force-push dropped may be gone for good, and its check runs with it. */
async function orNone(read: () => Promise<readonly Check[]>): Promise<readonly Check[]> {
  try {
    return await read();
  } catch (error) {
    if (hasStatus(error, 404, 422)) return [];
    throw error;
  }
}

async function stillOpen({ headSha }: StaleCheckIntent, { github, repository, publisher }: OutletContext): Promise<readonly Check[]> {
  const route = "GET /repos/{owner}/{repo}/commits/{ref}/check-runs";
  const checks = await allPages(github, { route, parameters: { ...repository, ref: headSha, check_name: CHECK_NAME, filter: "all" }, items: (data) => parseAnswer(listSchema, data, route).check_runs, maxPages: MAX_CHECK_PAGES });
  return checks.filter(({ app, output }) => app?.slug === publisher.appSlug && !isSuperseded(output.title));
}
