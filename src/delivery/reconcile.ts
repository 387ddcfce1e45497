/**
 * What a review's findings are beside those of earlier reviews of the same pull request. Pure.
 *
 * F1. A finding that stands on the pull request is not posted again; one that a person dismissed stays dismissed, and covers no other one:
 *     in other words, in other code or worse it is told.
 * F2. Fixed is only what was not found again and whose lines have changed: a reviewer's silence alone closes nothing (attack 6), and what
 *     stays open counts, so that no check is greener than the conversations below it (I4). The reviewer's own verdict is taken back only
 *     where every finding that made it so was dismissed (I9).
 */
import type { ReviewThread } from "../github/read/index.ts";
import { isSameMark, isWorse, readFindingMark, type FindingMark } from "../record/index.ts";
import { fingerprintOf } from "../report/fingerprint.ts";
import { linesOfPatch } from "../shared/patch.ts";
import { stricter, verdictOf, type Finding, type ReviewVerdict, type Verdict } from "../workflow/index.ts";

/** A conversation that one of our findings began. */
export interface EarlierThread extends Pick<ReviewThread, "id" | "outdated" | "resolved" | "answers" | "first"> {
  /** Somebody who may write resolved it. */
  readonly dismissed: boolean;
}

export interface MarkedFinding {
  readonly finding: Finding;
  readonly mark: FindingMark;
  /** Lines of the diff that it stands on, in the new file; null where it stands on none. */
  readonly place: { readonly path: string; readonly start: number; readonly line: number } | null;
}

export interface Reconciled {
  /** Not told before. */
  readonly fresh: readonly MarkedFinding[];
  readonly repeated: readonly MarkedFinding[];
  readonly dismissed: readonly MarkedFinding[];
  readonly fixed: readonly EarlierThread[];
  /** Not found again, and their lines are the same. */
  readonly open: readonly EarlierThread[];
  /** Told in the last review itself and not looked at again. */
  readonly kept: readonly FindingMark[];
  /** By all that stands, which the reviewer's own verdict can only make stricter. */
  readonly verdict: Verdict;
}

export interface Reconciling {
  readonly verdict: ReviewVerdict;
  /** What the pull request changes, as GitHub shows it. */
  readonly files: readonly { readonly path: string; readonly patch: string | null }[];
  readonly threads: readonly EarlierThread[];
  /** Of the last review's own text; none where the whole was looked at again. */
  readonly earlierMarks: readonly FindingMark[];
}

export function reconcile({ verdict, files, threads, earlierMarks }: Reconciling): Reconciled {
  const lines = new Map(files.flatMap(({ path, patch }) => (patch === null ? [] : [[path, linesOfPatch(patch)] as const])));
  const all = verdict.findings.map((finding) => marked(finding, lines));
  const left = new Map(threads.flatMap((thread) => {
    const mark = readFindingMark(thread.first.body);
    return mark === null ? [] : [[thread, mark] as const];
  }));
  const [fresh, repeated, dismissed]: [MarkedFinding[], MarkedFinding[], MarkedFinding[]] = [[], [], []];
  const told: FindingMark[] = [];
  for (const each of all) {
    const candidates = [...left].filter(([candidate]) => !isDone(candidate));
    const [thread, mark] = candidates.find(([{ dismissed: is }, before]) => is && isCovered(each.mark, before)) ?? candidates.find(([{ dismissed: is }, before]) => !is && isToldAgain(before, each.mark)) ?? [];
    if (thread !== undefined) left.delete(thread);
    (thread === undefined ? fresh : thread.dismissed ? dismissed : repeated).push(each);
    if (mark !== undefined && thread?.dismissed === false && !isTakenUp(mark, each.mark)) told.push(mark);
  }
  const unanswered = [...left].filter(([thread]) => !thread.dismissed && !isDone(thread));
  const open = unanswered.filter(([{ outdated }]) => !outdated);
  const kept = earlierMarks.filter((mark) => !all.some((each) => isTakenUp(mark, each.mark)));
  const standing = [...[...fresh, ...repeated].map(({ finding }) => finding), ...open.map(([, mark]) => mark), ...told, ...kept];
  const madeSo = all.filter(({ finding }) => stricter(verdictBy(finding), verdict.verdict) === verdictBy(finding));
  const own = madeSo.length > 0 && madeSo.every((each) => dismissed.includes(each)) ? "clean" : verdict.verdict;
  return { fresh, repeated, dismissed, fixed: unanswered.filter(([{ outdated }]) => outdated).map(([thread]) => thread), open: open.map(([thread]) => thread), kept, verdict: stricter(own, verdictOf({ verdict: "clean", findings: standing })) };
}

const verdictBy = (finding: Finding): Verdict => verdictOf({ verdict: "clean", findings: [finding] });

/** What a person set aside is just what they read: these words on this code, and no worse. */
const isCovered = (found: FindingMark, dismissed: FindingMark): boolean => found.words === dismissed.words && found.code === dismissed.code && !isWorse(found, dismissed);

/** Whoever reads what was told knows of what is found now. */
const isToldAgain = (told: FindingMark, found: FindingMark): boolean => isSameMark(told, found) && (told.words === found.words || !isWorse(found, told));

/** What is found now stands for what was told. */
const isTakenUp = (told: FindingMark, found: FindingMark): boolean => isSameMark(told, found) && (told.words === found.words || !isWorse(told, found));

/** What the answer under a finding that is gone begins with: whoever resolved the conversation, it was no person's dismissal. */
export const FIXED_MARK = "<!-- worktrain:fixed ";

/** We said ourselves that it is gone: should it come again, it is told again. */
const isDone = ({ answers }: EarlierThread): boolean => answers.some((body) => body.startsWith(FIXED_MARK));

function marked(finding: Finding, lines: ReadonlyMap<string, ReadonlyMap<number, string>>): MarkedFinding {
  const { file, line, endLine, side, severity } = finding;
  const shown = file === undefined ? undefined : lines.get(file);
  const isOnDiff = file !== undefined && line !== undefined && side !== "LEFT" && shown?.has(line) === true;
  const end = isOnDiff && endLine !== undefined && endLine > line && isRun(shown, line, endLine) ? endLine : line;
  const code = isOnDiff && shown !== undefined ? [line - 1, line, line + 1].flatMap((at) => shown.get(at) ?? []).join("\n") : null;
  const mark = { code: code === null || code.trim() === "" ? null : fingerprintOf(finding, code), words: fingerprintOf(finding, null), severity };
  return { finding, mark, place: isOnDiff && end !== undefined ? { path: file, start: line, line: end } : null };
}

/** Whether the diff shows every line between: GitHub takes no comment over a gap. */
function isRun(shown: ReadonlyMap<number, string>, from: number, to: number): boolean {
  for (let at = from; at <= to; at += 1) if (!shown.has(at)) return false;
  return true;
}
