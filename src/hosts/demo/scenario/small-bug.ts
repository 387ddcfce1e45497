/**
 * The demo's issue and the model that works on it. The model is played: its turns are written here, but it acts through the
 * real tools on the real files, quotes what they really answered, and its reviewer judges by what it reads: a reviewer runs nothing.
 */
import type { AnswerBlock } from "../model/answer.ts";
import type { Scenario, Turn, View } from "../model/player.ts";

export const issue = {
  title: "59.7 seconds are printed as 60s",
  body: `\`formatDuration(59.7)\` gives \`60s\`. The README says that it rounds to whole seconds, so I expect \`1m\`.

There is a failing test for it in \`test/format.test.js\`.`,
};

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

const say = (thinking: string, ...blocks: readonly AnswerBlock[]): readonly AnswerBlock[] => [{ type: "thinking", thinking }, ...blocks];
const use = (name: string, input: Extract<AnswerBlock, { type: "tool_use" }>["input"]): AnswerBlock => ({ type: "tool_use", name, input });
type Context = Readonly<Record<string, string | boolean>>;
const handIn = (notes: string, context: Context): AnswerBlock => use("complete_step", { notes, artifacts: [], context: { ...context } });
const completeStep = (notes: string, contractRef?: string, value?: Record<string, unknown>): AnswerBlock =>
  use("complete_step", { notes, artifacts: contractRef === undefined ? [] : [{ contractRef, value: JSON.parse(JSON.stringify(value)) }], context: {} });

/** The end of what a tool answered, for the notes. */
const answered = (view: View, name: string): string => view.lastToolResults.findLast((result) => result.name === name)?.text.trim().slice(-600) ?? "";
const quoted = (view: View, name: string): string => `\n\n\`\`\`\n${answered(view, name)}\n\`\`\``;

const classify: readonly Turn[] = [
  say("The issue names a function and a test. I look at both.", use("grep", { pattern: "formatDuration" }), use("read", { path: FORMAT }), use("read", { path: FORMAT_TEST })),
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
  say("First the code and its tests.", use("read", { path: FORMAT }), use("read", { path: FORMAT_TEST })),
  say("Reproduce it.", use("bash", { command: "node --test" })),
  (view) =>
    say(
      "One test fails, the one of the issue; one function is wrong.",
      handIn(`\`node --test\` shows the failure. Cause: ${FORMAT} rounds the seconds after the split. I will carry a full minute over.${quoted(view, "bash")}`, {
        quick: true,
        wanted: "formatDuration(59.7) is 1m: a full minute is carried over when the seconds round up.",
      }),
    ),
  say("Carry the minute.", ...FIRST_VERSION.map((change) => use("edit", { path: FORMAT, old_string: change.old, new_string: change.new }))),
  say("Does it pass now, and is it one file?", use("bash", { command: "node --test && git status --short && git diff" })),
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
  say("Check the finding before acting on it.", use("read", { path: FORMAT }), use("read", { path: FORMAT_TEST }), use("bash", { command: TRY_AN_HOUR })),
  (view) =>
    say(
      "It holds: the same fault one unit higher.",
      completeStep(`The finding holds: the command prints \`${answered(view, "bash").split("\n")[0]}\`. The cause is that rounding comes after the split at all; rounding first mends both.`),
    ),
  say(
    "Round first, and test the hour.",
    ...SECOND_VERSION.map((change) => use("edit", { path: FORMAT, old_string: change.old, new_string: change.new })),
    use("edit", {
      path: FORMAT_TEST,
      old_string: '  assert.equal(formatDuration(59.7), "1m");\n',
      new_string: '  assert.equal(formatDuration(59.7), "1m");\n  assert.equal(formatDuration(3599.7), "1h");\n  assert.equal(formatDuration(7199.5), "2h");\n',
    }),
  ),
  say("Tests, and the reviewer's command.", use("bash", { command: `node --test && ${TRY_AN_HOUR}` })),
  (view) => say("Both hold.", completeStep(`${FORMAT} rounds before it splits; ${FORMAT_TEST} covers the hour.${quoted(view, "bash")}`)),
  say("The whole, once more.", use("bash", { command: "node --test && git status --short" })),
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
  say("What was asked, then the change and its tests. I run nothing: I trace cases by hand.", use("read", { path: FORMAT }), use("read", { path: FORMAT_TEST }), use("grep", { pattern: "formatDuration" })),
  (view) => say("The nearest case one unit higher is an hour.", completeStep(`Read ${FORMAT}, its tests and its callers. ${trace(view)} Nothing was run: that is not for a reviewer.`)),
  say("Once more, for the verdict.", use("read", { path: FORMAT })),
  (view) => verdict(view),
];

function trace(view: View): string {
  const { split, roundedFirst } = readFormat(view);
  return roundedFirst
    ? `Traced formatDuration(3599.7): ${split} is 3600 before it is split, so hours 1, minutes 0, seconds 0: \`1h\`.`
    : `Traced formatDuration(3599.7): hours and minutes are split off from ${split}, which is not rounded, so hours 0, minutes 59; the seconds round to 60, which carries to minutes 60: \`60m\`.`;
}

function verdict(view: View): readonly AnswerBlock[] {
  const clean = readFormat(view).roundedFirst;
  return say(
    clean ? "It carries." : "The same fault, one unit higher.",
    completeStep(clean ? "No finding." : "One finding.", "wr.contracts.review_verdict", {
      verdict: clean ? "clean" : "blocking",
      confidence: "high",
      summary: clean
        ? `Read the change and its tests. ${trace(view)} Everything asked for is there and nothing else. Nothing was run.`
        : "The example of the issue is mended; the same fault is still there one unit higher. Read and traced, nothing was run.",
      findings: clean
        ? []
        : [
            {
              severity: "major",
              summary: "A duration just below an hour is printed as 60m",
              findingCategory: "correctness",
              file: FORMAT,
              line: 10,
              evidence: trace(view),
              remediation: "Round the whole duration first, then split it; add a test for an hour.",
              reproduce: TRY_AN_HOUR,
            },
          ],
    }),
  );
}

const result = (notes: string, summary: string): AnswerBlock => completeStep(notes, "wr.contracts.coordinator_result", { outcome: "success", summary });

/** A pure function goes live: the audit has little to find, and says so with what it read. */
const audit: readonly Turn[] = [
  say("What becomes real with this?", use("read", { path: FORMAT }), use("grep", { pattern: "formatDuration" })),
  say(
    "One pure function.",
    handIn(`${FORMAT} exports formatDuration, a pure function: no stored data, no call to another system, no background work, no configuration.`, {
      surface: `formatDuration of ${FORMAT}: a pure function from seconds to a text; nothing leaves the process and nothing is stored.`,
    }),
  ),
  say("The three agree.", result("All three looked at the same function; none found a failure beside wrong text.", "No case ends badly beside a wrong text, which the review has found.")),
  say("Is there a guard that would catch it?", use("read", { path: FORMAT_TEST })),
  say("No test near an hour.", completeStep(`${FORMAT_TEST} has no case near an hour: nothing would tell. That is the review's finding; there is no other case to confirm.`)),
  say(
    "It may go live once the finding is mended.",
    completeStep("Nothing beside the review's finding.", "wr.contracts.review_verdict", {
      verdict: "clean",
      confidence: "high",
      summary: "A pure function: no data, no call, no way back needed. Beside what the review found nothing stands in the way. The fix should add a test near an hour.",
      findings: [],
    }),
  ),
];

const research: readonly Turn[] = [
  say("The place that was named.", use("read", { path: FORMAT })),
  say("Nothing but the function.", result(`Read ${FORMAT}: no call leaves the process, nothing is written, nothing has to be taken back.`, "A pure function: it can fail by returning a wrong text and in no other way.")),
];

/** Three look at one change with their own questions; only who traces cases finds the hour. */
const reviewer: readonly Turn[] = [
  say("What changed, and what is around it.", use("read", { path: FORMAT }), use("read", { path: FORMAT_TEST })),
  (view) => {
    const correctness = view.firstMessage.includes("You look at correctness");
    const finds = correctness && !readFormat(view).roundedFirst;
    const summary = correctness ? trace(view) : "Nothing on my side stands against it.";
    return say(finds ? "The same fault, one unit higher." : "Nothing.", completeStep(summary, "wr.contracts.coordinator_result", { outcome: finds ? "failed" : "success", summary, data: { findings: finds ? [{ severity: "major", file: FORMAT, line: 10 }] : [] } }));
  },
];

export const scenario: Scenario = {
  repeatsInterrupted: true,
  turns: {
    "wr.classify-task": classify,
    "wr.quick-task": code,
    "wr.coding-task": fix,
    "wr.mr-review": review,
    "wr.role-reviewer": reviewer,
    "wr.production-readiness-audit": audit,
    "wr.role-researcher": research,
  },
};
