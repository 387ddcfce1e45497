/** What people do on the local GitHub, through its API, and how they see that the work on an issue has come to an end. */
import { z } from "zod";
import { TerminalError } from "../../shared/errors.ts";
import { nodeClock } from "../../shared/node-ports.ts";
import { parseStatusMarker, type StatusMarker } from "../../report/status-marker.ts";
import type { World } from "./world.ts";

const LABEL = "worktrain:ready";
/** A played run takes some ten seconds; far more means that something hangs. */
const PATIENCE_MS = 5 * 60_000;
const numberSchema = z.object({ number: z.int() });

export interface Call {
  /** Of the person who does it. */
  readonly token: string;
  readonly method: "POST" | "PUT";
  /** After the repository's own. */
  readonly path: string;
  readonly body: unknown;
}

/** A person's request to the API. @throws TerminalError when GitHub does not do it */
export async function call(world: World, { token, method, path, body }: Call): Promise<unknown> {
  const { owner, name } = world.repository;
  const response = await fetch(`${world.github.url}/repos/${owner}/${name}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", accept: "application/vnd.github+json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new TerminalError(`${method} ${path} was answered ${response.status}: ${await response.text()}`, "This is a bug in the demo; please report it.");
  return response.json();
}

/** As the maintainer; returns the issue's number. */
export async function openIssue(world: World, issue: { readonly title: string; readonly body: string }): Promise<number> {
  return numberSchema.parse(await call(world, { token: world.maintainerToken, method: "POST", path: "/issues", body: issue })).number;
}

/** As the maintainer. */
export async function labelIssue(world: World, issueNumber: number): Promise<void> {
  await call(world, { token: world.maintainerToken, method: "POST", path: `/issues/${issueNumber}/labels`, body: { labels: [LABEL] } });
}

/** Looks again and again until something is so. @param what it waits for, for when it does not come */
export async function waitUntil(world: World, what: string, isSo: () => boolean, signal: AbortSignal): Promise<void> {
  const deadline = nodeClock.monotonicMs() + PATIENCE_MS;
  while (!isSo()) {
    if (nodeClock.monotonicMs() > deadline) throw new TerminalError(`${what} did not come within five minutes.`, whatHappened(world));
    await nodeClock.sleep(100, signal);
  }
}

/** For whoever looks for the cause of what did not come. */
function whatHappened(world: World): string {
  const { runs, jobs } = world.github.state();
  const states = [...runs.values()].map(({ id, displayTitle, status, conclusion }) => {
    const ofRun = [...jobs.values()].filter(({ runId }) => runId === id).map((job) => `${job.name} ${job.conclusion ?? job.status}`);
    return `run ${id} (${displayTitle}) ${conclusion ?? status}: ${ofRun.join(", ")}`;
  });
  const lost = world.github.deliveries.filter(({ outcome }) => outcome.kind === "failed" || outcome.status >= 300).map(({ event, action, outcome }) => `${event} ${action ?? ""}: ${JSON.stringify(outcome)}`);
  return [...states, ...lost.map((each) => `lost webhook ${each}`), `What the App said: ${world.appLog().trim().slice(-1000)}`].join("\n");
}

/**
 * Waits until the issue's status comment says that it is over, and nothing runs any more.
 * @param counts whether an end is the one that is waited for
 */
export async function untilOver(world: World, issueNumber: number, signal: AbortSignal, counts: (status: StatusMarker) => boolean = () => true): Promise<void> {
  const isOver = (): boolean => {
    const marker = statusOf(world, issueNumber);
    return marker !== null && ["ended", "interrupted", "refused"].includes(marker.state) && counts(marker);
  };
  await waitUntil(world, `The end in the status comment of issue #${issueNumber}`, isOver, signal);
  await world.actions.idle();
  await world.github.settled();
}

/** What the issue's newest status comment notes; null where there is none. */
export function statusOf(world: World, issueNumber: number): StatusMarker | null {
  const { issues, comments } = world.github.state();
  const issue = [...issues.values()].find((each) => each.repositoryId === world.repository.id && each.number === issueNumber);
  return [...comments.values()].filter((comment) => comment.issueId === issue?.id).map((comment) => parseStatusMarker(comment.body)).findLast((marker) => marker !== null) ?? null;
}
