/**
 * What a comment is told of an item's record: why it went the way it went, how each step was decided, whether the record holds. Pure.
 *
 * I8. Text of the record goes through `markdown.ts`; each answer is bounded.
 */
import type { ItemJournal } from "./item-journal.ts";
import type { ItemView } from "./item-view.ts";
import { code, counted, cut, plain, plainWithCode, quote, table } from "./markdown.ts";
import type { Replayed } from "./replay.ts";
import { nameOf, stepPath, type PathStep } from "./step-path.ts";
import { NO_TITLES, type StepTitles } from "./step-titles.ts";

/** A comment has room for 65,536 (P-comment-size). */
const MAX_CHARS = 30_000;
const MAX_WORDS_CHARS = 2_000;
const CUT = "*Cut here; the run's artifacts have the rest.*";

const bounded = (parts: readonly string[]): string => cut(parts.filter((part) => part !== "").join("\n\n"), MAX_CHARS, CUT);

/** Why it went the way it went: its pipeline, each session's reason and outcome, and how it ended. */
export function whyAnswer(view: ItemView): string {
  const sessions = view.sessions.map(({ phase, round, workflow, why, outcome, reason }) => [
    `${phase}${round > 1 ? ` ${round}` : ""}`,
    code(workflow?.id ?? "?"),
    plainWithCode(why ?? ""),
    `${outcome ?? "open"}${reason === null ? "" : `: ${plainWithCode(reason.message)}`}`,
  ]);
  return bounded([
    "### Why it went this way",
    view.mode === null ? "" : `It goes through the pipeline ${code(view.mode.mode)}${view.mode.why.length === 0 ? "." : `:\n${view.mode.why.map((each) => `- ${plainWithCode(each)}`).join("\n")}`}`,
    view.answer === null ? "" : `How the task was understood was ${view.answer.verdict} by ${plain(view.answer.by)}.`,
    sessions.length === 0 ? "No session has begun." : cut(table(["phase", "workflow", "why", "what came of it"], sessions), MAX_CHARS / 2, CUT),
    view.escalated ? "A review found something blocking on the way, so a person merges what comes of it." : "",
    ending(view),
  ]);
}

function ending({ ended }: ItemView): string {
  if (ended === null) return "It has not ended.";
  if (ended.reason === null) return `It ended with ${code(ended.ending)}.`;
  return `It ended with ${code(ended.ending)}:\n\n${quote(cut(ended.reason.message, MAX_WORDS_CHARS, "(cut)"))}\n\n**What to do:** ${plainWithCode(ended.reason.fix)}`;
}

/** Every step of the item's sessions with what decided it; with `step` all about that one. */
export function explainAnswer({ sessions }: ItemJournal, step: string | null, titles: StepTitles = NO_TITLES): string {
  const paths = [...sessions].map(([sessionId, events]) => ({ sessionId, path: stepPath(events, titles).filter(({ stepId }) => step === null || stepId === step) }));
  const shown = paths.filter(({ path }) => path.length > 0);
  if (shown.length === 0) return step === null ? "No step of it was decided yet." : `No session of it has come to a step ${code(step)}. \`/worktrain explain\` lists those there are.`;
  const blocks = shown.map(({ sessionId, path }) => `#### Session ${code(sessionId)}\n\n${step === null ? stepTable(path) : path.map(oneStep).join("\n\n")}`);
  return bounded([step === null ? "### How each step was decided" : `### Step ${code(step)}`, ...blocks.map((block) => cut(block, MAX_CHARS / 2, CUT))]);
}

const stepTable = (path: readonly PathStep[]): string =>
  table(["step", "what came of it", "what decided it"], path.map((step) => [code(step.stepId), `${step.state}${step.attempts > 1 ? ` after ${step.attempts} attempts` : ""}`, plainWithCode(step.why)]));

function oneStep(step: PathStep): string {
  const lines = [
    `${plain(nameOf(step))}: **${step.state}**, ${counted(step.attempts, "attempt")}, ${counted(step.turns, "turn")}${step.loops.length === 0 ? "" : `, in ${step.loops.map(plain).join(" in ")}`}`,
    ...(step.why === "" ? [] : [`- decided by: ${plainWithCode(step.why)}`]),
    ...step.blockers.map((blocker) => `- not taken: ${plainWithCode(cut(blocker, MAX_WORDS_CHARS, "(cut)"))}`),
    ...step.gates.map(({ question, answer }) => `- gate: ${plainWithCode(cut(question, MAX_WORDS_CHARS, "(cut)"))} ${answer === null ? "(not answered)" : plainWithCode(answer)}`),
  ];
  return lines.join("\n");
}

export interface VerifiedRecord {
  readonly lines: number;
  readonly artifacts: number;
  readonly runs: readonly number[];
  readonly streams: readonly (Replayed & { readonly stream: string })[];
}

/** What of a record was checked, and what each decision came to when it was made again. */
export function verifyAnswer({ lines, artifacts, runs, streams }: VerifiedRecord): string {
  const otherwise = streams.flatMap(({ differences }) => differences.filter(({ wordsOnly }) => !wordsOnly));
  const decided = streams.reduce((sum, { recomputed }) => sum + recomputed, 0);
  const told = otherwise.slice(0, 20).map(({ stream, seq, found, expected }) => `- ${code(stream)} line ${seq}: ${code(found.kind)} stands there, ${"refused" in expected ? `and ${plainWithCode(expected.refused)}` : `${code(expected.kind)} is decided now`}`);
  return bounded([
    otherwise.length === 0 ? "### The record holds" : "### The record holds, and decisions come out otherwise",
    [
      `- ${counted(artifacts, "artifact")} of ${counted(runs.length, "run")} (${runs.join(", ")}), each with the digest GitHub states, of this repository's own runs of this workflow`,
      `- ${counted(lines, "line")} in ${counted(streams.length, "stream")}; every hash of the chain and every blob agrees`,
      `- ${counted(decided, "decision")} made again from it: ${otherwise.length === 0 ? "all come out the same" : `${otherwise.length} come out otherwise`}`,
    ].join("\n"),
    told.join("\n"),
    otherwise.length === 0 ? "What the model said, what tools did and what people answered comes from outside and cannot be made again." : "Another version of WorkTrain may have decided them. Compare the version of the Action in the workflow file.",
  ]);
}
