/**
 * The text of the App's one status comment on an issue. Pure.
 * I4. It says what is so: "done" only with a pull request that is there, and every end in words with what to do next.
 */
import type { EndingCode, Phase, SegmentName } from "../record/index.ts";
import { unreachable } from "../shared/unreachable.ts";
import { ENDING_WORDS, type EndingWords } from "./ending-words.ts";
import { quote } from "./markdown.ts";
import { statusBoxes } from "./status-controls.ts";
import { formatStatusMarker, type StatusMarker } from "./status-marker.ts";

/** Where a run is, as its artifact names tell. */
export interface Progress {
  /** Phases in the order they were entered; a phase may come again after a fix. */
  readonly phases: readonly Phase[];
  readonly at: { readonly phase: Phase | "probe"; readonly step: string };
  readonly costMilliUsd: number;
  /** ISO time at which that was saved. */
  readonly asOf: string | null;
  /** How many segments the run has saved. */
  readonly segments: number;
  /** Set by the last segment of a run that came to its end. */
  readonly ending: EndingCode | null;
  /** The gate for a person that the run stopped at, and when it had saved that. */
  readonly gate: { readonly phase: Phase | "probe"; readonly name: string; readonly openedAt: string | null } | null;
  /** The deliver job showed what it would publish, and published nothing. */
  readonly staged?: true | undefined;
}

export interface PullRequestLink {
  readonly number: number;
  readonly url: string;
}

export type Onward =
  /** From `at` (ISO time) on it is tried again, for the `nth` time of at most `of` in a row. */
  | { readonly kind: "tries-again"; readonly at: string; readonly nth: number; readonly of: number }
  /** It waits for a person; `reason` ends "It is not gone on with by itself: ...". */
  | { readonly kind: "waits"; readonly reason: string };

export type StatusView =
  | { readonly kind: "starting" }
  | { readonly kind: "waiting"; readonly runUrl: string | null }
  | { readonly kind: "running"; readonly runUrl: string; readonly progress: Progress | null }
  | {
      readonly kind: "ended";
      readonly runUrl: string;
      readonly progress: Progress | null;
      readonly ending: EndingCode;
      readonly pullRequest: PullRequestLink | null;
      /** One that has the item's branch, where the deliver job stopped before all that belongs to it was published. `brokenOff`: nothing was refused. */
      readonly begun?: (PullRequestLink & { readonly brokenOff?: true }) | undefined;
      /** The deliver job, to look at when there should be a pull request and is none. */
      readonly deliverUrl: string | null;
      /** The deliver job, which tells such an end in words of its own, was lost before it did. */
      readonly unsaid?: true | undefined;
      /** The agent job never started. `refused`: GitHub ended the run without one. `skipped`: the workflow file kept it from starting. */
      readonly notBegun?: "refused" | "skipped" | undefined;
      /** Whether the App goes on by itself with what this run left; absent where it never would. */
      readonly onward?: Onward | undefined;
    }
  | { readonly kind: "refused"; readonly message: string; readonly fix: string; readonly details: readonly string[] };

/** What the segments of a run say, or null when there are none. */
export function progressOf(segments: readonly { readonly name: SegmentName; readonly createdAt: string | null }[]): Progress | null {
  const ordered = segments.toSorted((a, b) => a.name.index - b.name.index);
  const last = ordered.at(-1);
  if (last === undefined) return null;
  const phases: Phase[] = [];
  for (const { name } of ordered) {
    if (name.phase !== "probe" && name.phase !== phases.at(-1)) phases.push(name.phase);
  }
  const { phase, step, costMilliUsd, ending } = last.name;
  // Behind it there may be what the deliver job saved when it had told the question.
  const waits = ending === "awaiting-approval" ? ordered.findLast(({ name }) => name.ending === ending && isGate(name.step)) : undefined;
  const gate = waits === undefined ? null : { phase: waits.name.phase, name: waits.name.step, openedAt: waits.createdAt };
  return { phases, at: { phase, step }, costMilliUsd, asOf: last.createdAt, segments: ordered.length, ending, gate };
}

/** Whether a step in a segment's name is a gate's (`gateName`). */
export const isGate = (step: string): boolean => step.startsWith("gate-");

/** Ends a comment that came back after somebody deleted it. */
export const RECREATED_NOTE = "<sub>This comment was deleted and made again once. Delete it again and WorkTrain stays silent about this attempt.</sub>";

/** The whole comment, marker first. @param boxes whether who writes it hears of a tick */
export function statusComment(marker: StatusMarker, view: StatusView, { boxes = true }: { readonly boxes?: boolean } = {}): string {
  const note = marker.recreated ? [RECREATED_NOTE] : [];
  return [formatStatusMarker(marker), ...paragraphs(marker, view), ...(boxes ? statusBoxes(marker, view) : []), ...note].join("\n\n");
}

/** The same for a check run: its title, and its summary in Markdown. */
export function statusOutput(marker: StatusMarker, view: StatusView): { readonly title: string; readonly summary: string } {
  const [headline = "", ...rest] = paragraphs(marker, view);
  return { title: headline.replace(/^#+ /, ""), summary: rest.join("\n\n") };
}

function paragraphs(marker: StatusMarker, view: StatusView): readonly string[] {
  const working = `### WorkTrain is working on this (attempt ${marker.attempt})`;
  const asked = [...(marker.command === undefined ? [] : [askedIn(marker)]), ...wished(marker)];
  const said = marker.followUp === undefined ? undefined : SAID_OF_DELIVERY[marker.followUp.because];
  const followed = said === undefined ? asked : [...asked, `It goes on with what it delivered: ${said}.`];
  const again = marker.auto === undefined && marker.tries === undefined ? followed : [`${before(marker)} ${savedBefore(marker)}`];
  const asLabelled = marker.head === undefined ? `It works on the text as it was when the ${marker.command === undefined ? "label was set" : "command was written"}; later edits count for the next attempt.` : `It reviews the commit \`${marker.head.slice(0, 12)}\`; what is pushed later is not part of it.`;
  switch (view.kind) {
    case "starting":
      return [working, "Starting a run.", ...again, asLabelled];
    case "waiting":
      return [working, view.runUrl === null ? "A run is dispatched; its link follows." : `[The run](${view.runUrl}) waits for a runner.`, ...cancelling(marker), ...again, asLabelled];
    case "running":
      return [working, ...checklist(view.progress, { done: false, isReview: marker.head !== undefined }), `${link("The run", view.runUrl)}${cost(view.progress)}`, ...unsaved(marker), ...cancelling(marker), ...again, asLabelled];
    case "ended":
      return ended(marker, view);
    case "refused":
      return ["### WorkTrain did not start", quote(view.message), ...(view.details.length === 0 ? [] : [quote(view.details.join("\n"))]), `**What to do:** ${view.fix}`, ...waitsAsBefore(marker)];
    default:
      return unreachable(view);
  }
}

/** A refusal takes nothing away from what was interrupted. */
const waitsAsBefore = ({ state, due }: StatusMarker): readonly string[] =>
  state === "interrupted" ? [`What was begun before it is left as it was: ${due === undefined ? "the next run goes on from what is saved" : `it is tried again by itself from ${minute(due)} on`}.`] : [];

const SAID_OF_DELIVERY = { ci: "checks fail on it", review: "changes were requested", comments: "something was asked for in a conversation", conflict: "it conflicts with the base branch as that is by now", asked: undefined };

function askedIn({ by, continuation }: StatusMarker): string {
  const who = by === undefined || by === null ? "" : `\`${by.login}\` asked `;
  if (continuation === 0) return who === "" ? "A comment asked for it." : `${who}for it in a comment.`;
  return `It goes on from what was saved${who === "" ? "" : `, as ${who}in a comment`}.`;
}

/** What was asked for beside the issue's text, as it was understood. */
function wished({ wish }: StatusMarker): readonly string[] {
  const workflow = wish?.workflow === undefined ? [] : [`It runs the workflow \`${wish.workflow.replaceAll(/[^A-Za-z0-9_.-]/g, "")}\` instead of the pipeline.`];
  return wish?.goal === undefined ? workflow : [...workflow, "What was added to the issue's text:", quote(wish.goal)];
}

const cancelling = ({ cancel }: StatusMarker): readonly string[] => (cancel === undefined ? [] : [`**It is being cancelled**, as was asked at ${minute(cancel)}. What was done is saved first.`]);

/** Why there is a run that nobody asked for. */
function before({ auto, tries }: StatusMarker): string {
  if (tries === undefined) return "The run before this one was lost, ran out of time or was not the first to deliver.";
  if (auto === undefined) return `The run before this one could not reach the model. This is try ${tries} in a row to go on.`;
  return "The run before this one was lost, ran out of time, was not the first to deliver or could not reach the model.";
}

const savedBefore = ({ kept }: StatusMarker): string => `It goes on from what was saved${kept === undefined ? "." : ` up to ${minute(kept)}; what was done after that is done again.`}`;

/** Whether there is anything newer than what is saved, only the run knows. */
const unsaved = ({ stale }: StatusMarker): readonly string[] =>
  stale === undefined ? [] : [`**Unsaved since ${minute(stale)}:** nothing newer is stored, though the run is at work. If it was lost now, what it has done since then would be done again. Its log says whether an upload fails.`];

/** The summary is the agent job's. */
const unsaid = (view: Extract<StatusView, { kind: "ended" }>): readonly string[] =>
  view.unsaid === true ? [`There is more that its deliver job was to say in a comment of its own, and did not: it broke off. The summary of ${link("the run", view.runUrl)} has it.`] : [];

/** What was done after the last save of a run that ended without a word is not there for the next one. */
const lostAfter = ({ ending, progress }: Extract<StatusView, { kind: "ended" }>): readonly string[] =>
  ending !== "lost" || progress === null || progress.asOf === null ? [] : [`It was saved up to ${minute(progress.asOf)}; what it did after that is done again by the run that goes on with it.`];

const minute = (at: string): string => `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;

function ended(marker: StatusMarker, view: Extract<StatusView, { kind: "ended" }>): readonly string[] {
  const words = ENDING_WORDS[view.ending];
  const foot = `${link("The run", view.runUrl)}${cost(view.progress)} · attempt ${marker.attempt}`;
  if (view.progress?.staged === true) return [...tried(view, words), foot];
  if (view.notBegun !== undefined) return ["### WorkTrain's run was blocked before it began", NOT_BEGUN[view.notBegun], ...toDo(view, `see on the page of ${link("the run", view.runUrl)} what was refused. ${UNBLOCK}`), foot];
  if (view.ending !== "ready") {
    const leftover = view.pullRequest === null ? [] : [`Pull request ${link(`#${view.pullRequest.number}`, view.pullRequest.url)} has its branch.`];
    const next = view.ending === "lost" && view.progress === null ? NOTHING_SAVED : `${words.next}${whereToClick(view)}`;
    return [`### WorkTrain ${words.headline}`, words.meaning, ...unsaid(view), ...lostAfter(view), ...gateWords(view), ...leftover, ...toDo(view, next), foot];
  }
  if (view.pullRequest === null) {
    return [
      "### WorkTrain did the work, but delivering it failed",
      savedOnly(marker, view),
      ...toDo(view, `see why in ${link("the deliver job", view.deliverUrl ?? view.runUrl)}. Mend the cause, then write \`/worktrain resume\` in a new comment, or remove the label and add it again: the saved ${marker.head === undefined ? "change" : "review"} is delivered then.`),
      foot,
    ];
  }
  return [`### WorkTrain made pull request #${view.pullRequest.number}`, ...checklist(view.progress, { done: true, isReview: false }), `**What to do:** review ${link(`#${view.pullRequest.number}`, view.pullRequest.url)}.`, foot];
}

/** Where what was made is, that is not published or not all of it. */
function savedOnly({ head, followUp }: StatusMarker, { begun }: Extract<StatusView, { kind: "ended" }>): string {
  if (head !== undefined) return "The review is saved in the run's artifacts; it is not posted, or not all that belongs to it.";
  if (begun !== undefined) return `The change is saved in the run's artifacts. Pull request ${link(`#${begun.number}`, begun.url)} has its branch; not all that belongs to it is published.`;
  return followUp === undefined ? "The change is saved in the run's artifacts; there is no pull request." : `The change is saved in the run's artifacts; it is not on pull request #${followUp.pullNumber}.`;
}

/** The repository's page where a secret of an environment is set; nothing for other endings. */
const whereToClick = ({ ending, runUrl }: Extract<StatusView, { kind: "ended" }>): string =>
  ending === "no-key" || ending === "key-rejected" ? ` The secret is set under ${link("Settings, Environments", runUrl.replace(/\/actions\/runs\/.*$/, "/settings/environments"))}: choose \`worktrain-agent\` (make it where it is not there, limited to the default branch), Environment secrets, Add.` : "";

/** Only its log can say so, since it saves nothing. */
const NOTHING_SAVED =
  "see the end of the log of job `agent` in the run, which says why; nothing was saved. On the first run that is most often a set-up step or the runner; later on artifact storage that is full. Then write `/worktrain resume` in a new comment, or remove the label and add it again.";

const NOT_BEGUN: Readonly<Record<NonNullable<Extract<StatusView, { kind: "ended" }>["notBegun"]>, string>> = {
  refused: "GitHub ended the run without starting its job `agent`, so the run did nothing. Most often the Actions policy of the repository or organisation does not allow an action that the workflow file uses, or the file is not valid.",
  skipped: "The job `agent` was skipped, so the run did nothing: an `if`, or a job that it needs, kept it from starting.",
};
const UNBLOCK = "Mend that under Settings > Actions > General or in `.github/workflows/worktrain.yml`, then write `/worktrain resume` in a new comment, or remove the label and add it again: a new run is started then.";

/** Whatever came of the work, nothing of it is on GitHub (I4). */
function tried(view: Extract<StatusView, { kind: "ended" }>, { headline, next }: EndingWords): readonly string[] {
  const deliver = "take the input `staged` out of the workflow file on the default branch. Then write `/worktrain resume` in a new comment, or remove the label and add it again: what is saved is delivered.";
  return [
    "### WorkTrain published nothing: the delivery was a trial",
    `It ${headline}. The deliver job ran with \`staged\`, so nothing of that is on GitHub: no change, no review, no comment. ${link(view.deliverUrl === null ? "The run" : "That job", view.deliverUrl ?? view.runUrl)} shows what would be published, or why it would be refused.`,
    ...gateWords(view),
    ...toDo(view, view.progress?.gate === null ? deliver : next),
  ];
}

function toDo({ onward }: Extract<StatusView, { kind: "ended" }>, next: string): readonly string[] {
  switch (onward?.kind) {
    case undefined:
      return [`**What to do:** ${next}`];
    case "waits":
      return [`It is not gone on with by itself: ${onward.reason}.`, `**What to do:** ${next}`];
    case "tries-again":
      return [`**What to do:** nothing. It is tried again by itself after ${minute(onward.at)} (try ${onward.nth} of ${onward.of}), unless it is taken back before: by taking the label off, or by \`/worktrain cancel\`. To go on sooner, write \`/worktrain resume\` in a new comment.`];
    default:
      return unreachable(onward);
  }
}

/** An answer that names the gate can be taken for no other. */
function gateWords({ progress }: Extract<StatusView, { kind: "ended" }>): readonly string[] {
  const gate = progress?.gate?.name;
  return gate === undefined ? [] : [`It waits at \`${gate}\`; \`/worktrain approve ${gate}\` opens that gate and no other.`];
}

const PHASE_NAMES: Readonly<Record<Phase, string>> = {
  classify: "Classify",
  discover: "Discover",
  shape: "Shape",
  code: "Code",
  review: "Review",
  fix: "Fix",
  deliver: "Deliver",
  investigate: "Investigate",
  design: "Design",
  audit: "Audit",
  decompose: "Decompose",
  retrospect: "Look back",
};
/** What a person may expect to come; the rest shows when it happens. */
const EXPECTED: readonly Phase[] = ["classify", "code", "review", "deliver"];
/** The same where somebody's pull request is reviewed: nothing is classified or coded. */
const EXPECTED_OF_REVIEW: readonly Phase[] = ["review", "deliver"];

/** Whoever is at one of these has classified the task, in an earlier run where this one does not say so. */
const AFTER_CLASSIFY: ReadonlySet<Phase> = new Set(["discover", "shape", "decompose", "design", "investigate", "code", "fix", "audit"]);

/** One line a phase: done, at work, to come. Plain signs and no task list: boxes on GitHub can be ticked. */
function checklist(progress: Progress | null, { done, isReview }: { readonly done: boolean; readonly isReview: boolean }): readonly string[] {
  const seen = progress?.phases ?? [];
  const entered: readonly Phase[] = !seen.includes("classify") && seen.some((phase) => AFTER_CLASSIFY.has(phase)) ? ["classify", ...seen] : seen;
  const lines = entered.map((phase, index) => {
    const current = !done && index === entered.length - 1;
    return current ? `- ● **${PHASE_NAMES[phase]}**, step \`${progress?.at.step ?? ""}\`` : `- ✔ ${PHASE_NAMES[phase]}`;
  });
  const expected = isReview ? EXPECTED_OF_REVIEW : EXPECTED;
  // What comes before was done by an earlier run, where this one does not say so.
  const reached = Math.max(-1, ...entered.map((phase) => expected.indexOf(phase)));
  const toCome = expected.slice(reached + 1).map((phase) => `- ${done ? "✔" : "○"} ${PHASE_NAMES[phase]}`);
  return [[...lines, ...(done ? toCome.filter((line) => line.endsWith(PHASE_NAMES.deliver)) : toCome)].join("\n")];
}

function cost(progress: Progress | null): string {
  if (progress === null) return "";
  const asOf = progress.asOf === null ? "" : ` as of ${minute(progress.asOf)}`;
  return ` · cost $${(progress.costMilliUsd / 1_000).toFixed(progress.costMilliUsd >= 1_000 ? 2 : 3)}${asOf}`;
}

const link = (text: string, url: string): string => `[${text}](${url})`;
