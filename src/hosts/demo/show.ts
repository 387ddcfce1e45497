/** What the demo prints: the run as it goes, then what was made and where to look. */
import { join } from "node:path";
import { unreachable } from "../../shared/unreachable.ts";
import type { LocalActionsEvent } from "./actions/events.ts";
import type { Resumed } from "./kill-at.ts";
import type { Came } from "./outcome.ts";
import { isSame, type CameOfAll } from "./play-through.ts";
import type { DemoScenario, ItemEnd } from "./scenario/scenario.ts";
import { git, type World } from "./world.ts";

/** Turns what happens in the local Actions into lines for a person; folded groups stay folded, as on GitHub's page. */
export function eventLines(): (event: LocalActionsEvent) => string | null {
  const folded = new Set<string>();
  const runs = new Set<number>();
  return (event) => {
    runs.add(event.runId);
    // Which of several runs a line is of; of the first one alone everybody knows.
    const of = runs.size === 1 ? "" : ` of run ${event.runId}`;
    if (event.kind !== "log") return eventLine(event, of);
    const job = `${event.job}${of}`;
    if (event.level === "group") folded.add(job);
    const hidden = folded.has(job) || event.level === "debug" || event.text.trim() === "";
    if (event.level === "endgroup") folded.delete(job);
    return hidden ? null : `  ${job} | ${event.text}`;
  };
}

function eventLine(event: Exclude<LocalActionsEvent, { kind: "log" }>, of: string): string | null {
  switch (event.kind) {
    case "run-started":
      return `run ${event.runId} started: ${event.name}`;
    case "job-started":
      return `job ${event.job}${of} started in a fresh directory and process`;
    case "job-finished":
      return `job ${event.job}${of}: ${event.conclusion}`;
    case "run-finished":
      return `run ${event.runId}: ${event.conclusion}${event.problem === null ? "" : ` (${event.problem})`}`;
    case "run-queued":
    case "step-started":
    case "step-finished":
      return null;
    default:
      return unreachable(event);
  }
}

export interface Shown {
  readonly world: World;
  readonly directory: string;
  readonly scenario: DemoScenario;
  readonly came: CameOfAll;
  /** Set when the agent job was killed. */
  readonly resumed?: Resumed | undefined;
}

/** The closing report. */
export async function report({ world, directory, scenario, came, resumed }: Shown): Promise<string> {
  const parts: string[] = [];
  for (const each of came) parts.push(...(await issueParts(world, directory, each)));
  if (resumed !== undefined) parts.push(`${heading("Killed, and gone on with")}\n${resumedWords(resumed)}`);
  const [{ outcome }] = came;
  const sessions = came.flatMap((each) => each.outcome.sessions);
  parts.push(`${heading("Cost")}\n${sessions.map((session) => `${session.workflow}  ${session.outcome}, ${session.turns} turns, ${session.tokens.toLocaleString("en-US")} tokens, $${session.costUsd.toFixed(4)}`).join("\n")}`);
  const { app, deliver } = outcome.requests;
  parts.push(`GitHub requests: App ${app}, deliver ${came.length === 1 ? "job" : "jobs"} ${deliver} (live progress ${outcome.liveProgressRequests} more). Time: ${(outcome.durationMs / 1000).toFixed(1)} s.`);
  const journals = new Set(sessions.map(({ journal }) => journal));
  parts.push(
    `${heading("Where to look")}\n${journals.size === 0 ? "journal    (none)" : [...journals].map((journal) => `journal    ${journal}`).join("\n")}\nrepository ${join(directory, "repo.git")}\nrequests   ${join(directory, "requests.json")}\njobs       ${join(directory, "actions")}`,
  );
  parts.push(`${heading(`Scenario ${scenario.name}`)}\n${verdictLines(scenario, came).join("\n")}`);
  return parts.join("\n\n");
}

async function issueParts(world: World, directory: string, { outcome, tests }: Came): Promise<readonly string[]> {
  const { pullRequest, issue } = outcome;
  const parts = [heading(`Issue #${issue.number}: ${issue.title}`), timeline(world, issue.number), ...outcome.comments.map((comment) => `${heading(`Comment by ${comment.author}`)}\n${comment.body}`)];
  if (pullRequest === null) return [...parts, heading("No pull request was made")];
  return [
    ...parts,
    `${heading(`Pull request #${pullRequest.number}: ${pullRequest.title}`)}\n${timeline(world, pullRequest.number)}\n\n${pullRequest.branch} at ${pullRequest.headSha}\n\n${pullRequest.body}`,
    `${heading("Diff")}\n${await git(join(directory, "repo.git"), ["diff", `${pullRequest.headSha}~1`, pullRequest.headSha], world.path)}`,
    ...outcome.checkRuns.map((check) => `${heading(`Check run ${check.name}: ${check.conclusion ?? check.status}`)}\n${check.summary ?? ""}`),
    `${heading("Tests at the head of the pull request")}\n${tests?.passed === true ? "passed" : `FAILED\n${tests?.output ?? ""}`}`,
  ];
}

function verdictLines({ ends }: DemoScenario, came: CameOfAll): readonly string[] {
  const lines = came.flatMap(({ end }, at) => {
    const wanted = ends[at];
    if (isSame(end, wanted)) return [`✔ ${endWords(end)}`];
    return [`✘ ${endWords(end)}`, `  but it must end: ${wanted === undefined ? "there is no such issue in this scenario" : endWords(wanted)}`];
  });
  const missing = ends.slice(came.length).map((end) => `✘ missing: ${endWords(end)}`);
  const good = missing.length === 0 && came.every(({ end }, at) => isSame(end, ends[at]));
  return [...lines, ...missing, good ? "It ended as it must." : "It did NOT end as it must."];
}

/** How the work on an issue ends, in a sentence. */
function endWords({ subject, endings, mode, pullRequest, base, tests, findings, review, says }: ItemEnd): string {
  const parts = [
    `${endings.length === 0 ? "no end" : endings.join(", then ")}${mode === null ? "" : ` (pipeline ${mode})`}`,
    pullRequest === "none" ? "no pull request" : `pull request ${pullRequest}${base === "moved" ? ", its base moved since" : ""}`,
    `tests ${tests.before} before${tests.after === null ? "" : `, ${tests.after} at its head, ${tests.merged === "conflict" ? "and it conflicts with main" : `${tests.merged ?? "not run"} ${pullRequest === "merged" ? "in" : "merged into"} main`}`}`,
    ...(findings.made === 0 ? [] : [`${findings.made} ${findings.made === 1 ? "finding" : "findings"} of reviews, ${findings.mended} mended, ${findings.redThenGreen} with a command that failed before the fix and passes after it`]),
    ...(review === undefined ? [] : [review === null ? "no review" : `a review (${review.state}) of ${review.at === "head" ? "its head" : review.at} with comments at ${review.inline.join(", ") || "no line"}, its check run ${review.check ?? "missing"}`]),
    ...(says.length === 0 ? [] : [`the issue says ${says.map((words) => `"${words}"`).join(", ")}`]),
  ];
  return `${subject}: ${parts.join("; ")}.`;
}

/** What `--list` prints for a person. */
export function listOf(scenarios: readonly DemoScenario[]): string {
  const entries = scenarios.map(({ name, shows, ends }, at) => [`${name}${at === 0 ? " (played when none is named)" : ""}`, `  ${shows}`, ...ends.map((end) => `  Ends: ${endWords(end)}`)].join("\n"));
  return [...entries, "Play one with `npm run demo -- --scenario NAME`."].join("\n\n");
}

const resumedWords = (resumed: Resumed): string =>
  [
    `The agent job's process was killed at event ${resumed.killedAtEvent} of its journal; ${resumed.savedEvents} of them were saved.`,
    `The App dispatched the next run by itself: ${resumed.runs} runs in all.`,
    `Repeated: ${resumed.repeatedTurns} model turns and ${resumed.repeatedToolCalls} tool calls, of which ${resumed.repeatedSavedTurns} and ${resumed.repeatedSavedToolCalls} were in a saved segment.`,
  ].join("\n");

/** What happened to an issue or pull request, edits of one comment after each other on one line. */
function timeline(world: World, number: number): string {
  const lines: { readonly text: string; times: number }[] = [];
  for (const { at, actor, text } of world.github.timeline(world.repository.id, number)) {
    const what = `${actor} ${text}`;
    const last = lines.at(-1);
    if (last?.text.endsWith(`  ${what}`) === true) last.times += 1;
    else lines.push({ text: `${at.slice(11, 19)}  ${what}`, times: 1 });
  }
  return lines.map(({ text, times }) => (times === 1 ? text : `${text} (${times} times)`)).join("\n");
}

const heading = (text: string): string => `== ${text}`;
