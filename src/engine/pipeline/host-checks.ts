/**
 * What the host itself runs for an item outside of any session: the repository's tests on the base, and the commands of findings on
 * the reviewed files and on the mended ones. Which, when, and what their results mean; the coordinator runs them.
 *
 * I9. What is not known excuses nothing: failures count as older than the work only where every one of them has a name that failed before it.
 */
import type { CommandRun } from "../../record/index.ts";
import type { JsonObject } from "../../shared/json.ts";
import { reviewVerdictSchema, type Finding } from "../../workflow/index.ts";
import type { ItemAction } from "./action.ts";
import { CONTRACT, keepsFiles, SLICING, type Stage } from "./course.ts";
import { goesBy } from "./editions.ts";
import { artifactOf, type BaseTested, type FindingChecked, type ItemState } from "./state.ts";

type Exit = Pick<CommandRun, "exitCode" | "timedOut">;
/** A shell's own: the command cannot be run, or there is none of the name (POSIX). */
const NOT_RUN: ReadonlySet<number> = new Set([126, 127]);

/** The command says that something is wrong; one that was cut off, or could not be run, says nothing. */
export const isRed = ({ exitCode, timedOut }: Exit): boolean => !timedOut && exitCode !== null && exitCode !== 0 && !NOT_RUN.has(exitCode);
export const isGreen = ({ exitCode, timedOut }: Exit): boolean => !timedOut && exitCode === 0;

export const exitWords = ({ exitCode, timedOut }: Exit): string => (timedOut ? "timed out" : exitCode === null ? "ended by a signal" : `exit code ${exitCode}`);

/** What a command came to where that was red; null else. */
const redOf = ({ result }: Pick<FindingChecked, "result">): CommandRun | null => (result !== null && isRed(result) ? result : null);

/**
 * A red run beside the same command's run on the base; null where that was not red, so that the work made it so. `same`: nothing fails
 * that did not fail then; null where the names are not known.
 */
export function besideBase(base: BaseTested | null, run: Exit & { readonly command: string; readonly failing?: readonly string[] | undefined }): { readonly same: boolean | null; readonly fresh: string[] } | null {
  const red = base?.command === run.command ? redOf(base) : null;
  if (red === null || !isRed(run)) return null;
  const [before, after] = [red.failing, run.failing];
  if (before === undefined || after === undefined || after.length === 0) return { same: null, fresh: [] };
  const fresh = after.filter((name) => !before.includes(name));
  return { same: fresh.length === 0, fresh };
}

/** Before the first session whose files go on to the next, or that cuts the work into such sessions. */
export const testsBaseBefore = ({ opening, baseTested }: ItemState, stage: Stage): boolean => opening?.hostChecks === true && baseTested === null && (keepsFiles(stage.phase) || stage.workflowId === SLICING.workflowId);

/** Characters of the tests' output that a session is told. */
const OUTPUT_CHARS = 2_000;

/** What a session that changes files is told of the tests before the work. */
export function testsBefore({ baseTested }: ItemState): { readonly testsBefore?: JsonObject } {
  if (baseTested === null) return {};
  const { command, result, skipped } = baseTested;
  if (result === null) return { testsBefore: { outcome: `not run: ${skipped ?? "no reason was recorded"}` } };
  const { failing, outputTail } = result;
  const outcome = isGreen(result) ? "green before the work" : isRed(result) ? `red before the work (${exitWords(result)})` : `not known: ${exitWords(result)}`;
  const detail: JsonObject = isGreen(result) ? {} : failing === undefined ? { outputTail: outputTail.slice(-OUTPUT_CHARS).toWellFormed() } : { failing: [...failing] };
  return { testsBefore: { command, outcome, ...detail } };
}

/** Commands of findings that the host runs for one item; each is run on every version of the files. */
export const MOST_COMMANDS = 10;
const MOST_COMMAND_CHARS = 2_000;

type WithCommand = Finding & { readonly reproduce: string };

/** Findings above a nit whose command the host runs, the first of each command, in the order in which they were made. */
function withCommand({ opening, sessions }: ItemState): readonly WithCommand[] {
  if (opening?.hostChecks !== true) return [];
  const found = new Map<string, WithCommand>();
  for (const session of sessions) {
    if ((session.phase !== "review" && session.phase !== "audit") || session.result?.outcome !== "completed") continue;
    for (const finding of reviewVerdictSchema.safeParse(artifactOf(session, CONTRACT.reviewVerdict)).data?.findings ?? []) {
      const { reproduce } = finding;
      if (reproduce === undefined || finding.severity === "nit" || reproduce.trim() === "" || reproduce.length > MOST_COMMAND_CHARS) continue;
      if (!found.has(reproduce) && found.size < MOST_COMMANDS) found.set(reproduce, { ...finding, reproduce });
    }
  }
  return [...found.values()];
}

const on = (checked: readonly FindingChecked[], command: string, tree: string): FindingChecked | undefined => checked.findLast((each) => each.command === command && each.tree === tree);

/** The next command to be run on the files that a review looked at, before they are mended; null when each was. */
export function checkBeforeFix(state: ItemState, round: number, open: readonly Finding[]): ItemAction | null {
  const { snapshot, checked } = state;
  if (snapshot === null) return null;
  const commands = new Set(open.flatMap(({ reproduce }) => reproduce ?? []));
  const due = withCommand(state).find(({ reproduce }) => commands.has(reproduce) && on(checked, reproduce, snapshot.tree) === undefined);
  return due === undefined ? null : { kind: "check-finding", round, command: due.reproduce, snapshot };
}

/** The next command to be run on the mended files: each that was ever red, so that a later fix is held to the earlier ones too. */
export function checkAfterFix(state: ItemState, round: number): ItemAction | null {
  const { snapshot, checked } = state;
  if (snapshot === null) return null;
  const due = withCommand(state).find(({ reproduce }) => checked.some((each) => each.command === reproduce && redOf(each) !== null) && on(checked, reproduce, snapshot.tree) === undefined);
  return due === undefined ? null : { kind: "check-finding", round, command: due.reproduce, snapshot };
}

/**
 * Findings whose command was red before a fix and is red on the files of this round: open, whatever the round's review says. One that says
 * the same needs no second voice, unless it calls it a nit, which would stop nothing.
 */
export function notMended(state: ItemState, round: number, found: readonly Finding[]): readonly Finding[] {
  const { snapshot, checked } = state;
  if (snapshot === null) return [];
  const stops = ({ severity }: Finding): boolean => severity !== "nit" || !goesBy(3, state.opening?.pipeline);
  return withCommand(state).flatMap((finding) => {
    if (found.some((each) => each.reproduce === finding.reproduce && stops(each))) return [];
    const [before] = checked.flatMap((each) => (each.command === finding.reproduce && each.round < round ? (redOf(each) ?? []) : []));
    const last = on(checked, finding.reproduce, snapshot.tree);
    const now = last === undefined ? null : redOf(last);
    if (before === undefined || now === null) return [];
    const evidence = `The host ran \`${finding.reproduce}\`: ${exitWords(before)} before the fix, ${exitWords(now)} after it. The end of its output:\n${now.outputTail.slice(-OUTPUT_CHARS).toWellFormed()}`;
    return [{ ...finding, summary: `Not mended: ${finding.summary}`, evidence }];
  });
}

/** The finding as a fix is told of it: with what the host saw of its command. */
export function withCheck<T extends Finding & JsonObject>(state: ItemState, finding: T): T {
  const { reproduce } = finding;
  if (reproduce === undefined || state.snapshot === null || state.opening?.hostChecks !== true) return finding;
  const check = on(state.checked, reproduce, state.snapshot.tree);
  return { ...finding, hostCheck: checkWords(check) };
}

function checkWords(check: FindingChecked | undefined): string {
  if (check === undefined || check.result === null) return `Its command was not run by the host: ${check?.skipped ?? `it runs at most ${MOST_COMMANDS} for an item, those of findings above a nit, of at most ${MOST_COMMAND_CHARS} characters`}.`;
  if (isRed(check.result)) return `The host ran its command on this version: ${exitWords(check.result)}, so the fault is there. It is run again after the fix and has to exit 0 then.`;
  if (isGreen(check.result)) return "The host ran its command on this version and it passed (exit code 0): the finding is not reproduced. Its evidence has to carry it; look closely before anything is changed for it.";
  return `The host ran its command on this version and it said nothing of the fault: ${exitWords(check.result)}.`;
}
