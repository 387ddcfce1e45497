import type { Annotation, CheckAction, CheckRun } from "../records.ts";
import { happen, known, put, select, takeId, type Act, type State } from "../state.ts";

export interface CheckWish {
  readonly name?: string | undefined;
  readonly details_url?: string | undefined;
  readonly external_id?: string | undefined;
  readonly status?: string | undefined;
  readonly started_at?: string | undefined;
  readonly conclusion?: string | undefined;
  readonly completed_at?: string | undefined;
  readonly output?:
    | {
        readonly title?: string | undefined;
        readonly summary: string;
        readonly text?: string | undefined;
        readonly annotations?: readonly Annotation[] | undefined;
      }
    | undefined;
  readonly actions?: readonly CheckAction[] | undefined;
}

export function createCheckRun(
  state: State,
  act: Act,
  wish: CheckWish & { readonly name: string; readonly headSha: string; readonly appSlug: string },
) {
  const suite = ensureSuite(state, act, wish.appSlug, wish.headSha);
  const taken = takeId(suite.state);
  const fresh: CheckRun = {
    id: taken.id,
    repositoryId: act.repositoryId,
    suiteId: suite.id,
    appSlug: wish.appSlug,
    name: wish.name,
    headSha: wish.headSha,
    externalId: "",
    detailsUrl: null,
    status: "queued",
    conclusion: null,
    startedAt: act.at,
    completedAt: null,
    output: { title: null, summary: null, text: null },
    annotations: [],
    actions: [],
  };
  const run = changed(fresh, wish, act.at);
  let next: State = { ...taken.state, checkRuns: put(taken.state.checkRuns, run.id, run) };
  next = happen(next, act, { kind: "check_run", action: "created", checkRunId: run.id });
  if (run.status === "completed") next = happen(next, act, { kind: "check_run", action: "completed", checkRunId: run.id });
  return { state: next, run };
}

export function updateCheckRun(state: State, act: Act, id: number, wish: CheckWish): State {
  const before = known(state.checkRuns, id, "check run");
  const run = changed(before, wish, act.at);
  const next: State = { ...state, checkRuns: put(state.checkRuns, id, run) };
  return run.status === "completed" && before.status !== "completed"
    ? happen(next, act, { kind: "check_run", action: "completed", checkRunId: id })
    : next;
}

/** A conclusion completes the run; annotations are appended, the rest is replaced. */
function changed(run: CheckRun, wish: CheckWish, at: string): CheckRun {
  const status = wish.conclusion !== undefined ? "completed" : (wish.status ?? run.status);
  const conclusion = status === "completed" ? (wish.conclusion ?? run.conclusion) : null;
  const output = wish.output;
  return {
    ...run,
    name: wish.name ?? run.name,
    detailsUrl: wish.details_url ?? run.detailsUrl,
    externalId: wish.external_id ?? run.externalId,
    status,
    conclusion,
    startedAt: wish.started_at ?? run.startedAt,
    completedAt: conclusion === null ? null : (wish.completed_at ?? run.completedAt ?? at),
    output:
      output === undefined ? run.output : { title: output.title ?? run.output.title, summary: output.summary, text: output.text ?? run.output.text },
    annotations: [...run.annotations, ...(output?.annotations ?? [])],
    actions: wish.actions ?? run.actions,
  };
}

/** One suite per App and commit. */
function ensureSuite(state: State, act: Act, appSlug: string, headSha: string): { readonly state: State; readonly id: number } {
  const there = select(
    state.checkSuites,
    (suite) => suite.repositoryId === act.repositoryId && suite.appSlug === appSlug && suite.headSha === headSha,
  )[0];
  if (there !== undefined) return { state, id: there.id };
  const taken = takeId(state);
  const suite = { id: taken.id, repositoryId: act.repositoryId, appSlug, headSha, createdAt: act.at };
  return { state: { ...taken.state, checkSuites: put(taken.state.checkSuites, suite.id, suite) }, id: suite.id };
}

/** Somebody presses a button on GitHub's page; there is no request for it. @throws Error where the page shows no such button */
export function pressButton(state: State, act: Act, { checkRunId, identifier }: { readonly checkRunId: number; readonly identifier: string }): State {
  const run = known(state.checkRuns, checkRunId, "check run");
  if (run.status !== "completed" || !run.actions.some((action) => action.identifier === identifier)) throw new Error(`Check run ${checkRunId} shows no button ${identifier}.`);
  return happen(state, act, { kind: "check_run", action: "requested_action", checkRunId, identifier });
}
