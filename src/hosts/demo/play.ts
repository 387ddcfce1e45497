/** What the people of the demo do: open an issue, label it, and wait until the issue tells the end. */
import { z } from "zod";
import { TerminalError } from "../../shared/errors.ts";
import { nodeClock } from "../../shared/node-ports.ts";
import { parseStatusMarker } from "../../report/status-marker.ts";
import type { World } from "./world.ts";

const LABEL = "worktrain:ready";
/** A played run takes some ten seconds; far more means that something hangs. */
const PATIENCE_MS = 5 * 60_000;
const numberSchema = z.object({ number: z.int() });

export async function openIssue(world: World, issue: { readonly title: string; readonly body: string }): Promise<number> {
  return numberSchema.parse(await asMaintainer(world, "/issues", issue)).number;
}

export async function labelIssue(world: World, issueNumber: number): Promise<void> {
  await asMaintainer(world, `/issues/${issueNumber}/labels`, { labels: [LABEL] });
}

async function asMaintainer(world: World, path: string, body: unknown): Promise<unknown> {
  const { owner, name } = world.repository;
  const response = await fetch(`${world.github.url}/repos/${owner}/${name}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${world.maintainerToken}`, "content-type": "application/json", accept: "application/vnd.github+json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new TerminalError(`POST ${path} was answered ${response.status}: ${await response.text()}`, "This is a bug in the demo; please report it.");
  return response.json();
}

/** Waits until the issue's status comment says that it is over, and nothing runs any more. */
export async function untilOver(world: World, issueNumber: number, signal: AbortSignal): Promise<void> {
  const deadline = nodeClock.monotonicMs() + PATIENCE_MS;
  while (!isOver(world, issueNumber)) {
    if (nodeClock.monotonicMs() > deadline) throw new TerminalError("The issue's status comment did not come to an end within five minutes.", `What the App said: ${world.appLog().trim().slice(-1000)}`);
    await nodeClock.sleep(100, signal);
  }
  await world.actions.idle();
  await world.github.settled();
}

function isOver(world: World, issueNumber: number): boolean {
  const { issues, comments } = world.github.state();
  const issue = [...issues.values()].find((each) => each.repositoryId === world.repository.id && each.number === issueNumber);
  const markers = [...comments.values()].filter((comment) => comment.issueId === issue?.id).map((comment) => parseStatusMarker(comment.body));
  return markers.some((marker) => marker !== null && ["ended", "interrupted", "refused"].includes(marker.state));
}
