/** Rows of the proof on what the host ran itself: the tests before the work, and the commands of findings before the fix and after it. */
import { exitWords, isGreen, isRed, type besideBase } from "../engine/pipeline/index.ts";
import type { ItemView } from "./item-view.ts";
import { code, counted, plain } from "./markdown.ts";
import type { ProofRow } from "./proof-row.ts";
import type { VerificationView } from "./session-view.ts";

/** That the tests were looked at before the work, and what they were. Items of before there was such a look have no row. */
export function baseRows({ baseTested }: Pick<ItemView, "baseTested">): readonly ProofRow[] {
  if (baseTested === null) return [];
  const { command, result, skipped } = baseTested;
  const check = "The tests were run before the work";
  if (command === null || result === null) return [{ gate: "base", check, result: "unknown", detail: `not run: ${plain(skipped ?? "no reason was recorded")}`, attestedBy: "agent job" }];
  const said = isGreen(result) ? "passed" : isRed(result) ? `was **red before the work**: ${exitWords(result)}, ${failingWords(result.failing)}` : `said nothing: ${exitWords(result)}`;
  return [{ gate: "base", check, result: isGreen(result) || isRed(result) ? "holds" : "unknown", detail: `${code(command)} ${said}${inSandbox(result.sandbox)}`, attestedBy: "agent job" }];
}

/** Names of failing tests that one line holds. */
const MOST_NAMED = 5;

function failingWords(failing: readonly string[] | undefined): string {
  if (failing === undefined) return "which tests is not known";
  const more = failing.length > MOST_NAMED ? ` and ${failing.length - MOST_NAMED} more` : "";
  return `${counted(failing.length, "failing test")}: ${failing.slice(0, MOST_NAMED).map((name) => code(short(name, 120))).join(", ")}${more}`;
}

/** How a red run stands beside the one before the work; nothing where that was not red. */
export function besideWords(beside: ReturnType<typeof besideBase>, { failing }: Pick<VerificationView, "failing">): string {
  if (beside === null) return "";
  if (beside.same === null) return "; red before the work and after it, **which tests is not known**";
  return beside.same ? `; **red before the work and after it**, nothing fails that did not fail before: ${failingWords(failing)}` : `; red before the work, and **these did not fail then**: ${failingWords(beside.fresh)}`;
}

/** Findings whose command showed the fault. One that showed nothing proves nothing: it stands in the table of findings alone. */
export function findingRows({ findings }: Pick<ItemView, "findings">): readonly ProofRow[] {
  const byCommand = new Map(findings.toReversed().map((finding) => [finding.reproduce, finding]));
  return [...byCommand.values()].toReversed().flatMap(({ summary, reproduce = "", check }) => {
    if (check === undefined || (check.kind !== "red-then-green" && check.kind !== "still-red" && check.kind !== "unknown-after")) return [];
    const { kind, before } = check;
    const after = check.after === null ? "was not run after it" : kind === "red-then-green" ? `passes after (${check.after})` : `**does not pass after** (${plain(check.after)})`;
    const result = kind === "red-then-green" ? "holds" : kind === "still-red" ? "fails" : "unknown";
    return [{ gate: "finding", check: `The finding "${plain(short(summary, 200))}" is mended`, result, detail: `its command ${code(short(reproduce, 300))} failed before the fix (${before}) and ${after}, run by the host${inSandbox(check.sandbox)}`, attestedBy: "agent job" }];
  });
}

export const inSandbox = (sandbox: VerificationView["sandbox"]): string => (sandbox === "bubblewrap" ? ", in the sandbox" : ", **without a full sandbox**");

const short = (text: string, limit: number): string => (text.length <= limit ? text : `${text.slice(0, limit - 1).toWellFormed()}…`);
