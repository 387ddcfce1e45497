import { z } from "zod";
import type { Principal } from "../principal.ts";
import type { CheckRun } from "../records.ts";
import { failure, json, notFound, pageOf, unprocessable, type Reply } from "../reply.ts";
import { answer, numberParam, repositoryRoute, type InRepository, type Route, type Transition } from "../route.ts";
import { happen, known, select, type State } from "../state.ts";
import { createCheckRun, updateCheckRun } from "../transitions/checks.ts";
import { checkRunJson } from "../views/checks.ts";
import { apiUrl } from "../views/repository.ts";

const WRITE = { permission: "checks", level: "write", role: "write" } as const;
const READ = { permission: "checks", level: "read", role: "read" } as const;
const CHECK_RUN = "/repos/{owner}/{repo}/check-runs/{check_run_id}";

// Limits of GitHub's REST description: create and update a check run.
const MAX_TEXT_CHARS = 65_535;
const MAX_ANNOTATIONS = 50;
const MAX_MESSAGE_BYTES = 64 * 1024;
const MAX_ANNOTATION_TITLE_CHARS = 255;
const MAX_ACTIONS = 3;
const MAX_ACTION_CHARS = { label: 20, description: 40, identifier: 20 };

const annotation = z.object({
  path: z.string().min(1),
  start_line: z.int(),
  end_line: z.int(),
  start_column: z.int().optional(),
  end_column: z.int().optional(),
  annotation_level: z.enum(["notice", "warning", "failure"]),
  message: z.string().refine((text) => Buffer.byteLength(text) <= MAX_MESSAGE_BYTES, `is longer than ${MAX_MESSAGE_BYTES} bytes`),
  title: z.string().max(MAX_ANNOTATION_TITLE_CHARS).optional(),
  raw_details: z.string().optional(),
});

const CONCLUSIONS = ["action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out"] as const;

const checkFields = {
  details_url: z.string().optional(),
  external_id: z.string().optional(),
  status: z.enum(["queued", "in_progress", "completed", "waiting", "requested", "pending"]).optional(),
  started_at: z.iso.datetime({ offset: true }).optional(),
  conclusion: z.enum(CONCLUSIONS).optional(),
  completed_at: z.iso.datetime({ offset: true }).optional(),
  output: z
    .object({
      title: z.string().optional(),
      summary: z.string().max(MAX_TEXT_CHARS),
      text: z.string().max(MAX_TEXT_CHARS).optional(),
      annotations: z.array(annotation).max(MAX_ANNOTATIONS).optional(),
    })
    .optional(),
  actions: z
    .array(
      z.object({
        label: z.string().max(MAX_ACTION_CHARS.label),
        description: z.string().max(MAX_ACTION_CHARS.description),
        identifier: z.string().max(MAX_ACTION_CHARS.identifier),
      }),
    )
    .max(MAX_ACTIONS)
    .optional(),
};
const createBody = z.object({ ...checkFields, name: z.string().min(1), head_sha: z.string() });
const updateBody = z.object({ ...checkFields, name: z.string().min(1).optional() });

/** Only Apps make check runs; the slug of the one that asks, or null for a person. */
const appSlugOf = (principal: Principal): string | null =>
  principal.kind === "installation" || principal.kind === "job" ? principal.login.replace("[bot]", "") : null;

function inconsistent(body: z.infer<typeof updateBody>, stored: CheckRun | null): Reply | null {
  if (body.status === "completed" && body.conclusion === undefined && (stored?.conclusion ?? null) === null)
    return unprocessable('Invalid request.\n\n"conclusion" wasn\'t supplied.');
  if (body.output !== undefined && body.output.title === undefined && stored === null)
    return unprocessable('Invalid request.\n\n"title" wasn\'t supplied.');
  return null;
}

const createRun = repositoryRoute({
  method: "POST",
  template: "/repos/{owner}/{repo}/check-runs",
  access: WRITE,
  body: createBody,
  async handle({ act, base, body, git, principal }) {
    const appSlug = appSlugOf(principal);
    if (appSlug === null) return answer(failure(403, "You must authenticate via a GitHub App."));
    const refusal = inconsistent(body, null);
    if (refusal !== null) return answer(refusal);
    if ((await git.inspect(body.head_sha))?.type !== "commit") return answer(unprocessable(`No commit found for SHA: ${body.head_sha}`));
    return (state) => {
      const made = createCheckRun(state, act, { ...body, headSha: body.head_sha, appSlug });
      return { state: made.state, reply: json(checkRunJson({ state: made.state, base }, made.run), 201) };
    };
  },
});

function onCheckRun(exchange: InRepository, then: (state: State, run: CheckRun) => ReturnType<Transition>): Transition {
  return (state) => {
    const run = state.checkRuns.get(numberParam(exchange.params, "check_run_id") ?? -1);
    return run === undefined || run.repositoryId !== exchange.repository.id ? { state, reply: notFound() } : then(state, run);
  };
}

const updateRun = repositoryRoute({
  method: "PATCH",
  template: CHECK_RUN,
  access: WRITE,
  body: updateBody,
  handle: (exchange) =>
    onCheckRun(exchange, (state, run) => {
      const appSlug = appSlugOf(exchange.principal);
      if (appSlug === null) return { state, reply: failure(403, "You must authenticate via a GitHub App.") };
      if (appSlug !== run.appSlug)
        return { state, reply: failure(403, `Invalid app_id \`${appSlug}\` - check run can only be modified by the GitHub App that created it.`) };
      const refusal = inconsistent(exchange.body, run);
      if (refusal !== null) return { state, reply: refusal };
      const next = updateCheckRun(state, exchange.act, run.id, exchange.body);
      return { state: next, reply: json(checkRunJson({ state: next, base: exchange.base }, known(next.checkRuns, run.id, "check run"))) };
    }),
});

/** As the button Re-run does; GitHub tells the App that made the check run. */
const rerequestRun = repositoryRoute({
  method: "POST",
  template: `${CHECK_RUN}/rerequest`,
  access: WRITE,
  handle: (exchange) => onCheckRun(exchange, (state, run) => ({ state: happen(state, exchange.act, { kind: "check_run", action: "rerequested", checkRunId: run.id }), reply: json({}, 201) })),
});

/** As Re-run all does. */
const rerequestSuite = repositoryRoute({
  method: "POST",
  template: "/repos/{owner}/{repo}/check-suites/{check_suite_id}/rerequest",
  access: WRITE,
  handle: (exchange) => (state) => {
    const suite = state.checkSuites.get(numberParam(exchange.params, "check_suite_id") ?? -1);
    if (suite === undefined || suite.repositoryId !== exchange.repository.id) return { state, reply: notFound() };
    return { state: happen(state, exchange.act, { kind: "check_suite", action: "rerequested", suiteId: suite.id }), reply: json({}, 201) };
  },
});

const getRun = repositoryRoute({
  method: "GET",
  template: CHECK_RUN,
  access: READ,
  handle: (exchange) => onCheckRun(exchange, (state, run) => ({ state, reply: json(checkRunJson({ state, base: exchange.base }, run)) })),
});

const listAnnotations = repositoryRoute({
  method: "GET",
  template: `${CHECK_RUN}/annotations`,
  access: READ,
  handle: (exchange) =>
    onCheckRun(exchange, (state, run) => {
      const page = pageOf(exchange.url, run.annotations);
      const blob = (path: string): string => `${apiUrl({ state, base: exchange.base }, exchange.repository)}/blob/${run.headSha}/${path}`;
      const items = page.items.map((item) => ({
        start_column: null,
        end_column: null,
        title: null,
        raw_details: null,
        ...item,
        blob_href: blob(item.path),
      }));
      return { state, reply: json(items, 200, page.headers) };
    }),
});

const listForRef = repositoryRoute({
  method: "GET",
  template: "/repos/{owner}/{repo}/commits/{ref}/check-runs",
  access: READ,
  async handle({ repository, base, params, url, git }) {
    const ref = params["ref"] ?? "";
    const sha = await git.commitOf(ref);
    if (sha === null) return answer(unprocessable(`No commit found for SHA: ${ref}`));
    return answer((state) => {
      const { searchParams: query } = url;
      const found = select(state.checkRuns, (run) => run.repositoryId === repository.id && run.headSha === sha)
        .filter((run) => (query.get("check_name") ?? run.name) === run.name && (query.get("status") ?? run.status) === run.status)
        .map((run) => checkRunJson({ state, base }, run))
        .filter((run) => (query.get("app_id") ?? String(run.app.id)) === String(run.app.id))
        .toReversed();
      // `latest` (the default) shows the newest of each name and App.
      const latest = found.filter((run, index) => found.findIndex((other) => other.name === run.name && other.app.id === run.app.id) === index);
      const shown = query.get("filter") === "all" ? found : latest;
      const page = pageOf(url, shown);
      return json({ total_count: shown.length, check_runs: page.items }, 200, page.headers);
    });
  },
});

export const checkRoutes: readonly Route[] = [createRun, updateRun, rerequestRun, rerequestSuite, getRun, listAnnotations, listForRef];
