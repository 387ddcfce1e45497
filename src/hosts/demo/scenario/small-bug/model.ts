/**
 * The model is played: its turns are written here, but it acts through the real tools on the real files, quotes what they really
 * answered, and its reviewer judges by what it reads: a reviewer runs nothing.
 */
import type { AnswerBlock } from "../../model/answer.ts";
import type { Scenario, Turn, View } from "../../model/player.ts";
import { auditOfFunction, bash, completeStep, edits, handIn, judge, lastResult, oneCause, quoted, read, researchOfFunction, say, use, type Found } from "../turns.ts";

const FORMAT = "src/format.js";
const FORMAT_TEST = "test/format.test.js";
const TRY_AN_HOUR = `node -e "import('./src/index.js').then(({ formatDuration }) => { const text = formatDuration(3599.7); console.log(text); process.exit(text === '1h' ? 0 : 1); })"`;

const SECONDS = "  const seconds = Math.round(totalSeconds % 60);\n";
const FIRST_VERSION = [
  {
    old: "  const minutes = Math.floor((totalSeconds % 3600) / 60);\n" + SECONDS,
    new:
      "  let minutes = Math.floor((totalSeconds % 3600) / 60);\n" +
      "  let seconds = Math.round(totalSeconds % 60);\n" +
      "  if (seconds === 60) {\n    seconds = 0;\n    minutes += 1;\n  }\n",
  },
];
const SECOND_VERSION = [
  { old: FIRST_VERSION[0]?.new ?? "", new: "  const minutes = Math.floor((wholeSeconds % 3600) / 60);\n  const seconds = wholeSeconds % 60;\n" },
  {
    old: "  const hours = Math.floor(totalSeconds / 3600);\n",
    new: "  // Rounded before it is split, so that a full minute or hour is carried over.\n  const wholeSeconds = Math.round(totalSeconds);\n  const hours = Math.floor(wholeSeconds / 3600);\n",
  },
];

const classify: readonly Turn[] = [
  say("The issue names a function and a test. I look at both.", use("grep", { pattern: "formatDuration" }), read(FORMAT), read(FORMAT_TEST)),
  say(
    "Seconds are rounded after the minutes were split off, so 60 is never carried.",
    completeStep(`The code is ${FORMAT}; it is covered by ${FORMAT_TEST} and test/parse.test.js. Rounding happens after the split into minutes and seconds.`),
  ),
  say(
    "One function, one small change.",
    completeStep("One function in one file, with tests beside it.", "wr.contracts.classification", {
      taskKind: "bug",
      taskComplexity: "small",
      riskLevel: "low",
      hasUi: false,
      touchesArchitecture: false,
      taskMaturity: "ready",
      deduplicationKey: "format-duration-rounds-to-sixty",
      interpretation: "formatDuration must round the whole duration to seconds before it splits it into parts, so that 59.7 is printed as 1m and no part is ever 60.",
      ambiguities: [],
    }),
  ),
];

const code: readonly Turn[] = [
  say("First the code and its tests.", read(FORMAT), read(FORMAT_TEST)),
  say("Reproduce it.", bash("node --test")),
  (view) =>
    say(
      "One test fails, the one of the issue; one function is wrong.",
      handIn(`\`node --test\` shows the failure. Cause: ${FORMAT} rounds the seconds after the split. I will carry a full minute over.${quoted(view, "bash")}`, {
        quick: true,
        wanted: "formatDuration(59.7) is 1m: a full minute is carried over when the seconds round up.",
      }),
    ),
  say("Carry the minute.", ...edits(FORMAT, FIRST_VERSION)),
  say("Does it pass now, and is it one file?", bash("node --test && git status --short && git diff")),
  (view) => say("Green.", completeStep(`${FORMAT} carries 60 seconds into the minutes. The test of the issue, red before, passes now; one file changed.${quoted(view, "bash")}`)),
  say(
    "What a reviewer needs.",
    completeStep("Handed over.", "wr.contracts.coding_handoff", {
      prTitle: "Carry a full minute when seconds round up",
      prBody: "`formatDuration` rounded the seconds after splitting off the minutes, so 59.7 seconds became `60s`. A full minute is now carried over.",
      commitSubject: "Carry a full minute when seconds round up",
      filesChanged: [FORMAT],
      testsAdded: [],
      sideEffects: [],
      keyDecisions: ["Carry the minute where the seconds are rounded."],
    }),
  ),
];

const fix: readonly Turn[] = [
  say("Check the finding before acting on it.", read(FORMAT), read(FORMAT_TEST), bash(TRY_AN_HOUR)),
  (view) =>
    say(
      "It holds: the same fault one unit higher.",
      completeStep(`The finding holds: the command prints \`${lastResult(view, "bash").split("\n")[0]}\`. The cause is that rounding comes after the split at all; rounding first mends both.`),
    ),
  say(
    "Round first, and test the hour.",
    ...edits(FORMAT, SECOND_VERSION),
    use("edit", {
      path: FORMAT_TEST,
      old_string: '  assert.equal(formatDuration(59.7), "1m");\n',
      new_string: '  assert.equal(formatDuration(59.7), "1m");\n  assert.equal(formatDuration(3599.7), "1h");\n  assert.equal(formatDuration(7199.5), "2h");\n',
    }),
  ),
  say("Tests, and the reviewer's command.", bash(`node --test && ${TRY_AN_HOUR}`)),
  (view) => say("Both hold.", completeStep(`${FORMAT} rounds before it splits; ${FORMAT_TEST} covers the hour.${quoted(view, "bash")}`)),
  say("The whole, once more.", bash("node --test && git status --short")),
  (view) => say("Good.", completeStep(`All tests pass; two files changed.${quoted(view, "bash")}`)),
  say(
    "Hand over.",
    completeStep("Handed over.", "wr.contracts.coding_handoff", {
      prTitle: "Round durations before splitting them",
      prBody:
        "`formatDuration` rounded only the seconds, after the minutes were split off, so 59.7 seconds became `60s`. The whole duration is now rounded first, so a full minute or hour is carried over.\n\nLook twice at: values just below an hour.",
      commitSubject: "Round durations before splitting them",
      filesChanged: [FORMAT, FORMAT_TEST],
      testsAdded: [`${FORMAT_TEST}: fractions are rounded to whole seconds (hours added)`],
      sideEffects: ["Durations that end in half a second or more may print one minute or hour more than before: that is the fix."],
      keyDecisions: ["Round once, before the split, instead of carrying in each unit."],
    }),
  ),
];

/** Which variable the hours are split off from, and whether that was rounded before. */
function readFormat(view: View): { readonly split: string; readonly roundedFirst: boolean } {
  const text = view.lastToolResults.find((result) => result.name === "read" && result.text.includes("/ 3600"))?.text ?? "";
  const split = /Math\.floor\((\w+) \/ 3600\)/.exec(text)?.[1] ?? "";
  return { split, roundedFirst: split !== "" && new RegExp(`\\b${split} = Math\\.round\\(`).test(text) };
}

const review: readonly Turn[] = [
  say("What was asked, then the change and its tests. I run nothing: I trace cases by hand.", read(FORMAT), read(FORMAT_TEST), use("grep", { pattern: "formatDuration" })),
  (view) => say("The nearest case one unit higher is an hour.", completeStep(`Read ${FORMAT}, its tests and its callers. ${trace(view)} Nothing was run: that is not for a reviewer.`)),
  say("Once more, for the verdict.", read(FORMAT)),
  (view) => verdict(view),
];

function trace(view: View): string {
  const { split, roundedFirst } = readFormat(view);
  return roundedFirst
    ? `Traced formatDuration(3599.7): ${split} is 3600 before it is split, so hours 1, minutes 0, seconds 0: \`1h\`.`
    : `Traced formatDuration(3599.7): hours and minutes are split off from ${split}, which is not rounded, so hours 0, minutes 59; the seconds round to 60, which carries to minutes 60: \`60m\`.`;
}

const anHour = (view: View): Found => ({
  severity: "major",
  summary: "A duration just below an hour is printed as 60m",
  findingCategory: "correctness",
  file: FORMAT,
  line: 10,
  evidence: trace(view),
  remediation: "Round the whole duration first, then split it; add a test for an hour.",
});

function verdict(view: View): readonly AnswerBlock[] {
  if (readFormat(view).roundedFirst) return say("It carries.", judge(`Read the change and its tests. ${trace(view)} Everything asked for is there and nothing else. Nothing was run.`, []));
  const answers = oneCause(view, `Traced it once more. ${trace(view)}`);
  return say("The same fault, one unit higher.", judge("The example of the issue is mended; the same fault is still there one unit higher. Read and traced, nothing was run.", [{ ...anHour(view), reproduce: TRY_AN_HOUR }], answers));
}

/** Three look at one change with their own questions; only who traces cases finds the hour. */
const reviewer: readonly Turn[] = [
  say("What changed, and what is around it.", read(FORMAT), read(FORMAT_TEST)),
  (view) => {
    const correctness = view.firstMessage.includes("You look at correctness");
    const finds = correctness && !readFormat(view).roundedFirst;
    const summary = correctness ? trace(view) : "Nothing on my side stands against it.";
    return say(finds ? "The same fault, one unit higher." : "Nothing.", judge(summary, finds ? [anHour(view)] : []));
  },
];

export const model: Scenario = {
  repeatsInterrupted: true,
  turns: {
    "wr.classify-task": classify,
    "wr.quick-task": code,
    "wr.coding-task": fix,
    "wr.mr-review": review,
    "wr.role-reviewer": reviewer,
    "wr.production-readiness-audit": auditOfFunction({ name: "formatDuration", file: FORMAT, tests: FORMAT_TEST, gap: "near an hour" }),
    "wr.role-researcher": researchOfFunction(FORMAT),
  },
};
