/** A review's findings beside those of earlier reviews: what is told again, what is closed, and that no check is greener than what stands open. */
import { expect, test } from "vitest";
import { FIXED_MARK, reconcile, type EarlierThread, type Reconciling } from "../../src/delivery/reconcile.ts";
import { formatFindingMark, readFindingMark, readFindingMarks, type FindingMark } from "../../src/record/index.ts";

const patchAt = (start: number, line = "  return a - b;"): string => `@@ -${start},2 +${start},3 @@ fn\n export function add(a, b) {\n+${line}\n }`;
const files = (start = 1, line?: string) => [{ path: "a.js", patch: patchAt(start, line) }];
const finding = (over: object = {}) => ({ severity: "major" as const, summary: "It subtracts", findingCategory: "correctness" as const, file: "a.js", line: 2, ...over });
const verdictOf = (...findings: ReturnType<typeof finding>[]): Reconciling["verdict"] => ({ verdict: findings.some(({ severity }) => severity === "major") ? "blocking" : "clean", confidence: "high", summary: "s", findings });
const run = (over: Partial<Reconciling>) => reconcile({ verdict: verdictOf(), files: files(), threads: [], earlierMarks: [], ...over });
const markOf = (reconciling: Partial<Reconciling>): FindingMark => run(reconciling).fresh[0]?.mark ?? { code: null, words: "", severity: "nit" };
const MARK = markOf({ verdict: verdictOf(finding()) });
const thread = (over: Partial<EarlierThread> = {}, mark = MARK): EarlierThread => ({ id: "T1", outdated: false, resolved: false, dismissed: false, answers: [], first: { id: 1, body: `${formatFindingMark(mark)}\n**major**: It subtracts` }, ...over });

test("told again in other words, or on another line, it is the same finding and is not posted again", () => {
  for (const again of [
    { verdict: verdictOf(finding({ summary: "Adding gives the difference of the two" })) },
    { verdict: verdictOf(finding({ line: 42 })), files: files(41) },
    { verdict: verdictOf(finding({ line: 2 })), files: files(1, "  return a - b - 0;") },
  ]) {
    const { fresh, repeated, verdict } = run({ ...again, threads: [thread()] });
    expect([fresh.length, repeated.length, verdict]).toEqual([0, 1, "blocking"]);
  }
});

test("another fault in the same file is another finding", () => {
  const { fresh, open } = run({ verdict: verdictOf(finding({ summary: "Overflow is silent", line: 1, findingCategory: "security" })), threads: [thread()] });
  expect([fresh.length, open.length]).toEqual([1, 1]);
});

test.each([
  { why: "its lines have changed: it is fixed", thread: { outdated: true }, comes: { fixed: 1, open: 0, verdict: "clean" } },
  { why: "its lines are the same: a reviewer's silence closes nothing, and it counts (attack 6)", thread: {}, comes: { fixed: 0, open: 1, verdict: "blocking" } },
  { why: "somebody who may not write resolved it: it counts as open", thread: { resolved: true }, comes: { fixed: 0, open: 1, verdict: "blocking" } },
  { why: "somebody who may write dismissed it", thread: { resolved: true, dismissed: true }, comes: { fixed: 0, open: 0, verdict: "clean" } },
  { why: "it was closed by us before", thread: { resolved: true, answers: [`${FIXED_MARK}at=x -->`], outdated: true }, comes: { fixed: 0, open: 0, verdict: "clean" } },
] as const)("not found again, and $why", ({ thread: over, comes }) => {
  const { fixed, open, verdict } = run({ threads: [thread(over)] });
  expect({ fixed: fixed.length, open: open.length, verdict }).toEqual(comes);
});

test("what a person dismissed stays so, and blocks nothing; what we closed and comes again is told again", () => {
  const dismissed = run({ verdict: verdictOf(finding()), threads: [thread({ resolved: true, dismissed: true })] });
  expect([dismissed.fresh.length, dismissed.dismissed.length, dismissed.verdict]).toEqual([0, 1, "clean"]);
  const back = run({ verdict: verdictOf(finding()), threads: [thread({ resolved: true, answers: [`${FIXED_MARK}at=x -->`] })] });
  expect([back.fresh.length, back.verdict]).toEqual([1, "blocking"]);
});

const dismissedNit = (over: object = {}) => thread({ resolved: true, dismissed: true }, markOf({ verdict: verdictOf(finding({ severity: "nit", ...over })) }));

test("a dismissal covers just what was dismissed: in other words, in other code or worse it is another finding, told and counted (I9)", () => {
  for (const again of [
    { verdict: verdictOf(finding({ severity: "critical", summary: "Anybody can call it without a password" })), threads: [dismissedNit()] },
    { verdict: verdictOf(finding({ severity: "critical" })), threads: [dismissedNit()] },
    { verdict: verdictOf(finding()), files: files(1, "  return eval(a);"), threads: [thread({ resolved: true, dismissed: true })] },
  ]) {
    const { fresh, dismissed, verdict } = run({ ...again, verdict: { ...again.verdict, verdict: "blocking" } });
    expect([fresh.length, dismissed.length, verdict]).toEqual([1, 0, "blocking"]);
  }
  expect(run({ verdict: verdictOf(finding({ severity: "nit" })), threads: [thread({ resolved: true, dismissed: true })] })).toMatchObject({ fresh: [], verdict: "clean" });
});

test("a dismissal takes back the reviewer's own verdict only where it covers every finding that made it so (I9)", () => {
  const nit = finding({ severity: "nit" });
  expect(run({ verdict: { ...verdictOf(nit), verdict: "blocking" }, threads: [dismissedNit()] })).toMatchObject({ dismissed: [{}], fresh: [], verdict: "blocking" });
  const both = verdictOf(finding(), finding({ summary: "Overflow is silent", line: 1, findingCategory: "security" }));
  expect(run({ verdict: both, threads: [thread({ resolved: true, dismissed: true })] }).verdict).toBe("blocking");
  expect(run({ verdict: verdictOf(finding(), finding({ severity: "minor", summary: "It has no test" })), threads: [thread({ resolved: true, dismissed: true })] }).verdict).toBe("minor");
});

test("worse and in other words on the lines of an open finding, it is told beside that; milder, it takes nothing back of what was told", () => {
  const worse = run({ verdict: verdictOf(finding({ severity: "critical", summary: "Anybody can call it without a password" })), threads: [thread({}, { ...MARK, severity: "nit" })] });
  expect([worse.fresh.length, worse.open.length]).toEqual([1, 1]);
  const milder = run({ verdict: verdictOf(finding({ severity: "nit", summary: "A short name" })), earlierMarks: [MARK] });
  expect([milder.kept.length, milder.verdict]).toEqual([1, "blocking"]);
  const beside = run({ verdict: verdictOf(finding({ severity: "nit", summary: "A short name" })), threads: [thread()] });
  expect([beside.fresh.length, beside.repeated.length, beside.verdict]).toEqual([0, 1, "blocking"]);
});

test("two findings of one conversation: only one of them was told", () => {
  const { fresh, repeated } = run({ verdict: verdictOf(finding(), finding({ summary: "It subtracts the wrong way round" })), threads: [thread()] });
  expect([fresh.length, repeated.length]).toEqual([1, 1]);
});

test("told in the last review's own text and not looked at again it counts; found again it is told once", () => {
  const beside = { ...MARK, code: null, severity: "major" as const };
  expect(run({ earlierMarks: [beside] })).toMatchObject({ kept: [beside], verdict: "blocking" });
  expect(run({ earlierMarks: [beside], verdict: verdictOf(finding({ line: 90 })) })).toMatchObject({ kept: [], fresh: [{ place: null }] });
});

test("a mark counts at a comment's beginning only, and is read whole or not at all", () => {
  const text = formatFindingMark(MARK);
  expect(readFindingMark(`${text}\nwords`)).toEqual(MARK);
  for (const other of [`> ${text}`, `\n${text}`, text.replace("major", "none"), text.slice(0, 40)]) expect(readFindingMark(other)).toBeNull();
  expect(readFindingMarks(`a\n${text}\nb\n${formatFindingMark({ ...MARK, code: null })}`)).toEqual([MARK, { ...MARK, code: null }]);
});
