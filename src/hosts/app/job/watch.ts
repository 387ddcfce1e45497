/**
 * Looks, by a schedule of the repository, whether the App answers. Only the App can start work there; where it has not looked at a label for
 * longer than it ever takes, that is said on the issue, so that nobody waits in vain (G13, fault 28, I4).
 */
import { GITHUB_ACTIONS } from "../../../delivery/names.ts";
import type { GitHub, Repository } from "../../../github/client.ts";
import { createGitHub } from "../../../github/create-github.ts";
import { readBotComments } from "../../../github/read/bot-comments.ts";
import { readPermission, readRun, type LabelledIssue } from "../../../github/read/index.ts";
import { permissionVerdict } from "../../../github/trust/index.ts";
import { commentEffect, createEffectRunner, type EffectRunner } from "../../../github/write/index.ts";
import { authorise, decideRescan } from "../../../intake/index.ts";
import { parseStatusMarker, statusMarkerPrefix } from "../../../report/status-marker.ts";
import { unreachable } from "../../../shared/unreachable.ts";
import type { Clock, Fetch } from "../../../shared/ports.ts";
import { readLabelled } from "../dashboard/dashboard.ts";
import { LOOK_EVERY_MS } from "../reconciling/reconciler.ts";
import type { JobSettings } from "./settings.ts";

/** The App hears at once, or finds it in the next of its looks, which may themselves take a while. */
export const PATIENCE_MS = LOOK_EVERY_MS + 15 * 60_000;

export interface Watched {
  /** Numbers of the open issues and pull requests with the label. */
  readonly labelled: readonly number[];
  readonly unanswered: readonly number[];
}

export async function watch({ owner, repo, repositoryId, token, apiUrl, graphqlUrl }: JobSettings, { clock, fetch }: { readonly clock: Clock; readonly fetch: Fetch }): Promise<Watched> {
  const github = createGitHub({ token, baseUrl: apiUrl, graphqlUrl, userAgent: "worktrain-watch", clock, fetch });
  const repository = { owner, repo };
  const { issues, stoppedBy } = await readLabelled({ github, repository, repositoryId });
  const labelled = issues.map(({ number }) => number);
  // Somebody wants it to stand still.
  if (stoppedBy !== null) return { labelled, unanswered: [] };
  const unanswered: number[] = [];
  const effects = createEffectRunner({ clock });
  for (const issue of issues) {
    // The App starts nothing there, and nobody can be told.
    if (issue.locked) continue;
    const since = await silentSince({ github, repository }, issue, clock.nowMs());
    if (since === null) continue;
    unanswered.push(issue.number);
    await say({ github, repository }, effects, { issueNumber: issue.number, since });
  }
  return { labelled, unanswered };
}

interface Place {
  readonly github: GitHub;
  readonly repository: Repository;
}

/** ISO time since when the App should have done something and has not; null where it has nothing to do. */
async function silentSince({ github, repository }: Place, { number, labelled, pull }: LabelledIssue, nowMs: number): Promise<string | null> {
  const [status = null] = (await readBotComments(github, repository, { issueNumber: number, prefix: statusMarkerPrefix(number) })).flatMap(({ body, updatedAt }) => {
    const marker = parseStatusMarker(body);
    return marker === null ? [] : [{ ...marker, updatedAt }];
  });
  const missed = decideRescan({ status, labelled, head: pull?.fork === false ? pull.headSha : undefined }, nowMs);
  const late = (at: string): string | null => (nowMs - Date.parse(at) >= PATIENCE_MS ? at : null);
  switch (missed.kind) {
    case "nothing":
      return null;
    case "label":
      // Of a fork's pull request nobody knows any more which head the label was set for: the App leaves it alone.
      return pull?.fork === true || !(await isHeardOut({ github, repository }, missed.label.by)) ? null : late(missed.label.setAt);
    case "try-again":
      return late(status?.due ?? status?.updatedAt ?? "");
    case "start-again":
    case "push":
      return late(status?.updatedAt ?? "");
    case "look-at-run": {
      const run = await readRun(github, repository, missed.runId);
      return run?.status === "completed" && run.updatedAt !== undefined ? late(run.updatedAt) : null;
    }
    default:
      return unreachable(missed);
  }
}

/** Whether the App answers this person: it says nothing to somebody who may only read. */
const isHeardOut = async ({ github, repository }: Place, { login, id }: { readonly login: string; readonly id: number }): Promise<boolean> =>
  authorise(permissionVerdict(await readPermission(github, repository, login), id)).kind !== "silent";

/** Once for each time that it should have been heard. */
async function say({ github, repository }: Place, effects: EffectRunner, { issueNumber, since }: { readonly issueNumber: number; readonly since: string }): Promise<void> {
  const marker = `<!-- worktrain:watch issue-${issueNumber} since=${new Date(since).toISOString()} -->`;
  const body = [
    marker,
    "### WorkTrain's App does not answer",
    "",
    `It should have acted here since ${since.slice(0, 16).replace("T", " ")} UTC and has not. This comment is written by the repository's own schedule; nothing was started.`,
    "",
    "**What to do:** whoever runs the App: see that its server is up (`/healthz`) and read its log. The App looks through the repository a minute after it starts, and takes up what it has missed for up to three days; after that take the label off and set it again.",
  ].join("\n");
  await effects.apply(commentEffect({ github, repository, issueNumber, author: { appId: GITHUB_ACTIONS.appId, botLogin: GITHUB_ACTIONS.botLogin } }, { marker, body }));
}
