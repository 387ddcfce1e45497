/** What the demo made, read from the local GitHub and the uploaded journal; the numbers behind its output and its exit code. */
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assembleSegments, newestChain, openDirectoryReader, seedDirectory } from "../../journal/index.ts";
import { itemView, readItemJournal, totalTokens } from "../../report/index.ts";
import { formatItemId, parseSegmentName } from "../../record/index.ts";
import { nodeFileSystem } from "../../shared/node-ports.ts";
import { nodeProcesses } from "../../shared/node-processes.ts";
import type { LoggedRequest } from "./github/index.ts";
import { isPull } from "./github/records.ts";
import { SYSTEM_PATH } from "./program-path.ts";
import { git, type World } from "./world.ts";

export interface Outcome {
  readonly issue: { readonly number: number; readonly title: string; readonly url: string };
  readonly pullRequest: { readonly number: number; readonly branch: string; readonly headSha: string; readonly title: string; readonly body: string; readonly files: readonly string[] } | null;
  readonly checkRuns: readonly { readonly name: string; readonly headSha: string; readonly status: string; readonly conclusion: string | null; readonly summary: string | null }[];
  readonly comments: readonly { readonly author: string; readonly body: string }[];
  readonly sessions: readonly SessionRow[];
  /** REST requests of one label-to-pull-request, the App's live progress not counted. */
  readonly requests: { readonly app: number; readonly deliver: number };
  /** What the App asked and edited to show the run's progress, between its dispatch and the last word of the run's jobs. */
  readonly liveProgressRequests: number;
  readonly durationMs: number;
}

export interface SessionRow {
  readonly id: string;
  readonly workflow: string;
  readonly outcome: string;
  readonly turns: number;
  readonly tokens: number;
  readonly costUsd: number;
  /** The directory of the journal it stands in. */
  readonly journal: string;
}

/** Gathers everything about one issue after its run is over, and writes the request log and the journal into the world's directory. */
export async function gather(world: World, directory: string, issueNumber: number, durationMs: number): Promise<Outcome> {
  const { issues, comments, checkRuns } = world.github.state();
  const ours = [...issues.values()].filter((each) => each.repositoryId === world.repository.id);
  const issue = ours.find((each) => each.number === issueNumber);
  const pull = ours.filter(isPull).find((each) => each.pull.head.ref.startsWith(`worktrain/issue-${issueNumber}-`));
  await writeFile(join(directory, "requests.json"), JSON.stringify(world.github.requests, null, 2));
  return {
    issue: { number: issueNumber, title: issue?.title ?? "", url: `${world.github.url}/${world.repository.owner}/${world.repository.name}/issues/${issueNumber}` },
    pullRequest:
      pull === undefined
        ? null
        : {
            number: pull.number,
            branch: pull.pull.head.ref,
            headSha: pull.pull.head.sha,
            title: pull.title,
            body: pull.body ?? "",
            files: (await git(join(directory, "repo.git"), ["diff", "--name-only", pull.pull.base.sha, pull.pull.head.sha], world.path)).split("\n").filter((path) => path !== ""),
          },
    checkRuns: [...checkRuns.values()].map(({ name, headSha, status, conclusion, output }) => ({ name, headSha, status, conclusion, summary: output.summary })),
    comments: [...comments.values()].filter((comment) => comment.issueId === issue?.id).map(({ author, body }) => ({ author, body })),
    sessions: await sessionsOf(world, directory, issueNumber),
    ...countRequests(world.github.requests),
    durationMs,
  };
}

/** Puts the uploaded segments of the issue's item together, as the deliver job does, and keeps them as a directory journal. */
async function sessionsOf(world: World, directory: string, issueNumber: number): Promise<readonly SessionRow[]> {
  const segments = [...world.github.state().artifacts.values()].flatMap((artifact) => {
    const name = parseSegmentName(artifact.name);
    return name?.item.subject === `issue-${issueNumber}` ? [{ item: formatItemId(name.item), digest: artifact.digest.replace("sha256:", ""), bytes: readFileSync(artifact.bytesPath) }] : [];
  });
  const item = segments.at(-1)?.item;
  if (item === undefined) return [];
  const assembled = assembleSegments(newestChain(segments.map(({ bytes, digest }) => ({ bytes, digest }))));
  if (!assembled.ok) return [];
  const journal = join(directory, "journal", item.replaceAll("/", "."));
  await rm(journal, { recursive: true, force: true });
  await seedDirectory({ directory: journal, fs: nodeFileSystem, assembled: assembled.value });
  const view = itemView(await readItemJournal(await openDirectoryReader({ directory: journal, fs: nodeFileSystem }), item));
  return view.sessions.map((session) => ({
    id: session.sessionId,
    workflow: session.workflow?.id ?? "",
    outcome: session.outcome ?? "open",
    turns: session.turns,
    tokens: totalTokens(session.usage),
    costUsd: session.costMicroUsd / 1_000_000,
    journal,
  }));
}

/** What the App asks every few minutes, whether or not there is work (`startReconciler`). */
const LOOKING: readonly string[] = ["/app/hook/deliveries", "/app/installations", "/installation/repositories", "/graphql#LabelledIssues"];

/**
 * REST and GraphQL requests of the App and the deliver job, for this one issue. Live progress is what the App asks and writes between the dispatch and the
 * look that finds the run over: how much that is hangs on how long the run takes.
 */
function countRequests(log: readonly LoggedRequest[]): Pick<Outcome, "requests" | "liveProgressRequests"> {
  const api = log.filter(({ kind, route }) => (kind === "rest" || kind === "graphql") && !LOOKING.includes(route ?? ""));
  const by = (who: string): readonly LoggedRequest[] => api.filter((request) => request.who === who);
  const app = by("app");
  const dispatched = app.findIndex(({ route }) => route?.endsWith("/dispatches") ?? false);
  const told = app.findLastIndex(({ method, route }) => method === "PATCH" && route?.endsWith("/comments/{comment_id}") === true);
  const lastLook = app.findLastIndex(({ method, route }, index) => index < told && method === "GET" && route?.endsWith("/actions/runs/{run_id}") === true);
  const progress = dispatched < 0 ? 0 : Math.max(0, lastLook - dispatched - 1);
  return { requests: { app: app.length - progress, deliver: by("deliver").length }, liveProgressRequests: progress };
}

/** Runs the repository's tests on a fresh checkout of a commit, as anyone would who pulls it. */
export async function testsPass(options: { readonly directory: string; readonly sha: string; readonly nodePath: string; readonly path?: string }): Promise<{ readonly passed: boolean; readonly output: string }> {
  const checkout = join(options.directory, "checkout-of-pull-request");
  await rm(checkout, { recursive: true, force: true });
  await git(options.directory, ["clone", "--quiet", "--no-checkout", "--", join(options.directory, "repo.git"), checkout], options.path);
  await git(checkout, ["checkout", "--quiet", "--detach", options.sha], options.path);
  const done = await nodeProcesses.run(options.nodePath, ["--test"], { cwd: checkout, env: { PATH: options.path ?? SYSTEM_PATH }, timeoutMs: 120_000 });
  const output = new TextDecoder().decode(done.stdout);
  return { passed: done.exitCode === 0, output };
}

