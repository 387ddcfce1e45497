/** What the demo made, read from the local GitHub and the uploaded journal; the numbers behind its output and its exit code. */
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assembleSegments, newestChain, openDirectoryReader, seedDirectory } from "../../journal/index.ts";
import { itemView, readItemJournal, totalTokens, type ItemView } from "../../report/index.ts";
import { CHECK_NAME, formatItemId, parseSegmentName, type EndingCode } from "../../record/index.ts";
import { TerminalError } from "../../shared/errors.ts";
import { nodeFileSystem } from "../../shared/node-ports.ts";
import { nodeProcesses } from "../../shared/node-processes.ts";
import type { LoggedRequest } from "./github/index.ts";
import { isPull, type Issue, type Pull } from "./github/records.ts";
import type { ItemEnd } from "./scenario/scenario.ts";
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

export interface TestRun {
  readonly passed: boolean;
  /** It could not be merged, so nothing was run. */
  readonly conflict: boolean;
  readonly output: string;
}

/** What came of one issue. */
export interface Came {
  readonly outcome: Outcome;
  readonly end: ItemEnd;
  /** At the head of its pull request; null where there is none. */
  readonly tests: TestRun | null;
}

export interface GatherOptions {
  readonly world: World;
  readonly directory: string;
  readonly nodePath: string;
  readonly issueNumber: number;
  readonly durationMs: number;
  /** Words that are looked for in the comments on the issue. */
  readonly says: readonly string[];
}

/** Gathers everything about one issue after its runs are over, and writes the request log and the journal into the world's directory. */
export async function gather(options: GatherOptions): Promise<Came> {
  const { world, directory, issueNumber } = options;
  await writeFile(join(directory, "requests.json"), JSON.stringify(world.github.requests, null, 2));
  const ours = [...world.github.state().issues.values()].filter((each) => each.repositoryId === world.repository.id);
  const issue = ours.find((each) => each.number === issueNumber);
  const own = issue !== undefined && isPull(issue) ? issue : null;
  const pull = own ?? pullOf(world, issueNumber);
  const subject: ItemEnd["subject"] = `${own === null ? "issue" : "pr"}-${issueNumber}`;
  const journal = await journalOf(world, directory, subject);
  const outcome = await outcomeOf(options, { issue, pull, journal });
  const at = (sha: string, mergeInto?: string): Promise<TestRun> => testsPass({ directory, sha, nodePath: options.nodePath, path: world.path, ...(mergeInto === undefined ? {} : { mergeInto }) });
  const before = await at(journal?.view.opening?.base.sha ?? "main");
  const isMoved = pull !== null && (await git(join(directory, "repo.git"), ["merge-base", "main", pull.pull.head.sha], world.path)) !== (await git(join(directory, "repo.git"), ["rev-parse", "main"], world.path));
  const merged = isMoved ? await at(pull.pull.head.sha, "main") : null;
  // The head last: its checkout is what is left to look at.
  const tests = pull === null ? null : await at(pull.pull.head.sha);
  const findings = journal?.view.findings ?? [];
  const said = outcome.comments.filter(({ author }) => author.endsWith("[bot]")).map(({ body }) => body);
  return {
    outcome,
    tests,
    end: {
      subject,
      endings: endingsOf(world, subject),
      mode: journal?.view.mode?.mode ?? null,
      pullRequest: pull === null ? "none" : pull.pull.merged === null ? pull.state : "merged",
      base: pull?.state === "open" ? (isMoved ? "moved" : "same") : null,
      tests: { before: colour(before), after: tests === null ? null : colour(tests), merged: tests === null ? null : merged === null ? colour(tests) : merged.conflict ? "conflict" : colour(merged) },
      findings: { made: findings.length, mended: findings.filter(({ fate }) => fate === "gone").length, redThenGreen: findings.filter(({ check }) => check?.kind === "red-then-green").length },
      ...(own === null ? {} : { review: reviewOf(world, own) }),
      says: options.says.filter((words) => said.some((body) => body.includes(words))),
    },
  };
}

/** The one review of a pull request; null where there is none, or more than one. */
function reviewOf(world: World, { id, pull: { head } }: Pull): NonNullable<ItemEnd["review"]> | null {
  const { reviews, checkRuns } = world.github.state();
  const [review, ...others] = [...reviews.values()].filter(({ issueId, body }) => issueId === id && body !== "");
  if (review === undefined || others.length > 0) return null;
  const check = [...checkRuns.values()].findLast(({ name, headSha }) => name === CHECK_NAME && headSha === head.sha);
  return { state: review.state, at: review.commitId === head.sha ? "head" : "another commit", inline: review.comments.map(({ path, line }) => `${path}:${line}`), check: check?.conclusion ?? null };
}

/** The pull request that was made for an issue. */
export const pullOf = (world: World, issueNumber: number): Pull | null =>
  [...world.github.state().issues.values()].filter(isPull).find((each) => each.repositoryId === world.repository.id && each.pull.head.ref.startsWith(`worktrain/issue-${issueNumber}-`)) ?? null;

const colour = ({ passed }: TestRun): "red" | "green" => (passed ? "green" : "red");

interface Found {
  readonly issue: Issue | undefined;
  readonly pull: Pull | null;
  readonly journal: KeptJournal | null;
}

async function outcomeOf({ world, directory, issueNumber, durationMs }: GatherOptions, { issue, pull, journal }: Found): Promise<Outcome> {
  const { comments, checkRuns } = world.github.state();
  return {
    issue: { number: issueNumber, title: issue?.title ?? "", url: `${world.github.url}/${world.repository.owner}/${world.repository.name}/issues/${issueNumber}` },
    pullRequest:
      pull === null
        ? null
        : {
            number: pull.number,
            branch: pull.pull.head.ref,
            headSha: pull.pull.head.sha,
            title: pull.title,
            body: pull.body ?? "",
            files: (await git(join(directory, "repo.git"), ["diff", "--name-only", pull.pull.base.sha, pull.pull.head.sha], world.path)).split("\n").filter((path) => path !== ""),
          },
    checkRuns: [...checkRuns.values()].filter(({ headSha }) => headSha === pull?.pull.head.sha).map(({ name, headSha, status, conclusion, output }) => ({ name, headSha, status, conclusion, summary: output.summary })),
    comments: [...comments.values()].filter((comment) => comment.issueId === issue?.id).map(({ author, body }) => ({ author, body })),
    sessions: journal === null ? [] : sessionRows(journal),
    ...countRequests(world.github.requests),
    durationMs,
  };
}

/** The segments that an item's runs uploaded, oldest first. */
const segmentsOf = (world: World, subject: string) =>
  [...world.github.state().artifacts.values()].flatMap((artifact) => {
    const name = parseSegmentName(artifact.name);
    return name?.item.subject === subject ? [{ artifact, name }] : [];
  });

/** The last word of each run; none of a run that had no time for one. */
function endingsOf(world: World, subject: string): readonly EndingCode[] {
  const byRun = new Map<number, EndingCode>();
  for (const { name } of segmentsOf(world, subject)) if (name.ending !== null) byRun.set(name.runId, name.ending);
  return [...byRun.values()];
}

interface KeptJournal {
  readonly directory: string;
  readonly view: ItemView;
}

/** Puts the uploaded segments of the item together, as the deliver job does, and keeps them as a directory journal. */
async function journalOf(world: World, directory: string, subject: string): Promise<KeptJournal | null> {
  const segments = segmentsOf(world, subject).map(({ artifact, name }) => ({ item: formatItemId(name.item), digest: artifact.digest.replace("sha256:", ""), bytes: readFileSync(artifact.bytesPath) }));
  const item = segments.at(-1)?.item;
  if (item === undefined) return null;
  const assembled = assembleSegments(newestChain(segments.map(({ bytes, digest }) => ({ bytes, digest }))));
  if (!assembled.ok) return null;
  const kept = join(directory, "journal", item.replaceAll("/", "."));
  await rm(kept, { recursive: true, force: true });
  await seedDirectory({ directory: kept, fs: nodeFileSystem, assembled: assembled.value });
  return { directory: kept, view: itemView(await readItemJournal(await openDirectoryReader({ directory: kept, fs: nodeFileSystem }), item)) };
}

const sessionRows = ({ directory, view }: KeptJournal): readonly SessionRow[] =>
  view.sessions.map((session) => ({
    id: session.sessionId,
    workflow: session.workflow?.id ?? "",
    outcome: session.outcome ?? "open",
    turns: session.turns,
    tokens: totalTokens(session.usage),
    costUsd: session.costMicroUsd / 1_000_000,
    journal: directory,
  }));

/** What the App asks every few minutes, whether or not there is work (`startReconciler`). */
const LOOKING: readonly string[] = ["/app/hook/deliveries", "/app/installations", "/installation/repositories", "/graphql#LabelledIssues", "/graphql#CommentTraces"];

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

export interface TestOptions {
  readonly directory: string;
  readonly sha: string;
  readonly nodePath: string;
  readonly path?: string;
  /** A branch that the commit is merged into first. */
  readonly mergeInto?: string;
}

/** Runs the repository's tests on a fresh checkout of a commit, as anyone would who pulls it. */
export async function testsPass({ directory, sha, nodePath, path = SYSTEM_PATH, mergeInto }: TestOptions): Promise<TestRun> {
  const checkout = join(directory, "checkout-of-pull-request");
  await rm(checkout, { recursive: true, force: true });
  await git(directory, ["clone", "--quiet", "--no-checkout", "--", join(directory, "repo.git"), checkout], path);
  await git(checkout, ["checkout", "--quiet", "--detach", mergeInto === undefined ? sha : `origin/${mergeInto}`], path);
  try {
    if (mergeInto !== undefined) await git(checkout, ["merge", "--quiet", "--no-edit", sha], path);
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    return { passed: false, conflict: true, output: error.message };
  }
  const done = await nodeProcesses.run(nodePath, ["--test"], { cwd: checkout, env: { PATH: path }, timeoutMs: 120_000 });
  return { passed: done.exitCode === 0, conflict: false, output: new TextDecoder().decode(done.stdout) };
}
