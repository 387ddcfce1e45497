/** Which findings a `fix` gives to the session, from the record alone. */
import { expect, test } from "vitest";
import { foldItem } from "../../../src/engine/pipeline/index.ts";
import { askedFindings } from "../../../src/hosts/runner/agent/asked-findings.ts";
import { fingerprintOf } from "../../../src/report/fingerprint.ts";
import { classify, code, history, review } from "../../engine/item-history.ts";

const finding = (summary: string, severity: string) => ({ severity, summary, file: "src/a.js", line: 3, evidence: "seen", remediation: "mend" });
const judged = (...findings: ReturnType<typeof finding>[]) => ({ contractRef: "wr.contracts.review_verdict", value: { verdict: "minor", confidence: "high", findings, summary: "read it" } });
const [old, sum, name] = [finding("The loop never ends", "minor"), finding("The sum is off", "minor"), finding("A name is short", "nit")];
const id = (each: typeof old) => fingerprintOf(each, null);
const state = foldItem(history(classify, code, review(1, judged(old, sum)), { phase: "fix", round: 2 }, review(2, judged({ ...sum, line: 9 }, name))));
const summaries = (named: readonly string[]) => {
  const found = askedFindings(state, named);
  return found.ok ? found.value.map(({ summary, line }) => [summary, line]) : found.error;
};

test("none named: all of the last review, nits included", () => {
  expect(summaries([])).toEqual([["The sum is off", 9], ["A name is short", 3]]);
});

test("named by what the table shows: of any review, each once and as it was found last", () => {
  expect(summaries([id(sum).slice(0, 8)])).toEqual([["The sum is off", 9]]);
  expect(summaries([id(old), id(name).slice(0, 8)])).toEqual([["A name is short", 3], ["The loop never ends", 3]]);
});

test("one that there is not is refused with those that there are; no review, nothing to answer", () => {
  expect(summaries(["ffffffff"])).toMatchObject({ kind: "nothing-to-answer", fix: expect.stringContaining(id(name).slice(0, 8)) });
  expect(askedFindings(foldItem(history(classify, code)), [])).toMatchObject({ ok: false, error: { kind: "nothing-to-answer" } });
});
