/**
 * The App's own decisions where there is no App: a job hears the event, acts as the App would and ends.
 *
 * I8. The event comes from the runner's file; everything that counts is asked of GitHub, as from a webhook.
 * I10. Permission is asked by API: what the job's token may do is not what the person may.
 */
import { readFileSync } from "node:fs";
import { GITHUB_ACTIONS } from "../../../delivery/names.ts";
import { withTimeout } from "../../../github/create-github.ts";
import { readRun, type RunFacts } from "../../../github/read/index.ts";
import { createSender } from "../../../github/send.ts";
import { createEffectRunner } from "../../../github/write/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { Clock, Fetch } from "../../../shared/ports.ts";
import { registerHandlers, type Delivery, type HandlerTools, type WebhookName } from "../handlers.ts";
import type { Installation } from "../app-access.ts";
import { installationClient } from "../installation-client.ts";
import { rescan } from "../reconciling/rescan.ts";
import { createEditBudget } from "../runs/edit-budget.ts";
import type { RunFollower } from "../runs/run-follower.ts";
import { createSubjectQueue } from "../subject-queue.ts";
import type { Workplace } from "../workplace.ts";
import type { JobLog } from "./job-log.ts";
import type { JobSettings } from "./settings.ts";

export interface JobPorts {
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly log: JobLog;
}

/** Events of a workflow that are handled as the webhooks of that name; all others are a reason to look through the repository. */
const HEARD: readonly string[] = ["issues", "issue_comment"];

export async function decide(settings: JobSettings, ports: JobPorts): Promise<void> {
  const installation = jobInstallation(settings, ports.fetch);
  const tools = toolsOf(settings, ports);
  const place: Workplace = { github: installationClient(installation, tools), repository: { owner: settings.owner, repo: settings.repo }, repositoryId: settings.repositoryId };
  const deliver = deliveries(tools, installation);
  if (HEARD.includes(settings.eventName)) deliver(settings.eventName, { id: `run-${settings.runId}`, payload: readEvent(settings) });
  else if (settings.endedRun === null) await rescan(place, tools);
  else {
    const run = await untilOver(place, ports, settings.endedRun);
    if (run !== null) deliver("workflow_run", { id: `run-${settings.runId}`, payload: ended(run, settings) });
  }
  await tools.queue.idle();
}

/** The token ends with the job, and there is no way to another. */
function jobInstallation({ token, apiUrl, graphqlUrl }: JobSettings, fetch: Fetch): Installation {
  const sender = createSender({ baseUrl: apiUrl, graphqlUrl, userAgent: "worktrain-intake", token: () => Promise.resolve(token), fetch: withTimeout(fetch) });
  return { ...sender, renew: () => Promise.resolve() };
}

/** Nobody stays to follow a run: its last job says when it is over. */
const UNFOLLOWED: RunFollower = { pollMs: 0, follow: () => undefined, leave: () => undefined, isOver: () => false, forget: () => undefined, idle: () => Promise.resolve(), stop: () => Promise.resolve() };

const toolsOf = ({ ticketKeyPem }: JobSettings, { clock, log }: JobPorts): HandlerTools => ({
  clock,
  log,
  queue: createSubjectQueue(log),
  follower: UNFOLLOWED,
  dashboards: new Set(),
  edits: createEditBudget(clock),
  effects: createEffectRunner({ clock }),
  // P-github-token
  author: { appId: GITHUB_ACTIONS.appId, botLogin: GITHUB_ACTIONS.botLogin },
  ticketKeyPem,
  workflow: null,
  // There is no App to be mentioned.
  slug: () => Promise.resolve(null),
});

type Heard = Pick<Delivery, "id"> & { readonly payload: object };

/** The App's handlers, with this job in the place of what receives webhooks. */
function deliveries(tools: HandlerTools, installation: Installation): (event: string, heard: Heard) => void {
  const handlers = new Map<string, ((delivery: Delivery) => void)[]>();
  registerHandlers({ on: (events, handler) => [events].flat().forEach((name: WebhookName) => handlers.set(name, [...(handlers.get(name) ?? []), handler])) }, tools);
  return (event, { id, payload }) => {
    const action = "action" in payload ? String(payload.action) : "";
    // The token is one of an installation too: that of GitHub's own App for Actions.
    for (const handle of handlers.get(`${event}.${action}`) ?? []) handle({ id, installation, payload: { ...payload, installation: { id: GITHUB_ACTIONS.appId } } });
  };
}

function readEvent({ eventPath }: JobSettings): object {
  const payload: unknown = JSON.parse(readFileSync(eventPath, "utf8"));
  if (typeof payload !== "object" || payload === null) throw new TerminalError("The runner's event file holds no event.", "Run this as a GitHub Action.");
  return payload;
}

const ended = (run: RunFacts, { repositoryId, owner, repo }: JobSettings) => ({
  action: "completed",
  workflow_run: { id: run.id, path: run.path, event: run.event, display_title: run.displayTitle, status: run.status },
  repository: { id: repositoryId, name: repo, owner: { login: owner } },
});

const LOOK_EVERY_MS = 5_000;
/** The job that says it is the run's last: what comes after it is GitHub's own ending of the run. */
const LOOKS = 60;

/** The run when it is over, or as it is after five minutes; null where there is none. */
async function untilOver({ github, repository }: Workplace, { clock }: JobPorts, runId: number): Promise<RunFacts | null> {
  for (let look = 1; ; look += 1) {
    const run = await readRun(github, repository, runId);
    if (run === null || run.status === "completed" || look === LOOKS) return run;
    await clock.sleep(LOOK_EVERY_MS);
  }
}
