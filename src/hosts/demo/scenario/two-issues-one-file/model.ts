/** The same worker twice, each with an issue of its own, side by side; they see nothing of each other. */
import type { Scenario, Turn, View } from "../../model/player.ts";
import { bash, classified, completeStep, edits, failed, filesRead, handIn, handOver, judge, lineWith, quoted, read, say, use } from "../turns.ts";

const HEADINGS = "src/headings.js";

/** What one of the issues comes to. */
export interface Task {
  readonly issue: { readonly title: string; readonly body: string };
  readonly name: string;
  readonly test: string;
  readonly addedTest: { readonly title: string; readonly assertion: string };
  readonly change: { readonly old: string; readonly new: string };
  readonly wanted: string;
  readonly cause: string;
  readonly handover: { readonly title: string; readonly body: string };
}

export const slugTask: Task = {
  issue: { title: "slug keeps punctuation", body: "`slug(\"What's new?\")` gives `what's-new?`. Only letters and digits belong into an address: I expect `what-s-new`." },
  name: "slug",
  test: "test/slug.test.js",
  addedTest: { title: "only letters and digits are kept", assertion: 'assert.equal(slug("What\'s new?"), "what-s-new");' },
  change: { old: '  return heading.toLowerCase().replaceAll(" ", "-");\n', new: '  return (heading.toLowerCase().match(/[\\p{L}\\p{N}]+/gu) ?? []).join("-");\n' },
  wanted: "slug keeps letters and digits only, joined by single dashes.",
  cause: "it replaces spaces and nothing else",
  handover: { title: "Keep only letters and digits in slugs", body: "`slug` replaced spaces and kept punctuation. It joins what it finds of letters and digits now." },
};

export const shortenTask: Task = {
  issue: { title: "shorten cuts emoji in two", body: "`shorten(\"😀😀😀\", 2)` gives half a character before the ellipsis. A length of 2 should be two of what I see: `😀😀…`." },
  name: "shorten",
  test: "test/shorten.test.js",
  addedTest: { title: "an emoji is one character", assertion: 'assert.equal(shorten("😀😀😀", 2), "😀😀…");' },
  change: {
    old: "  return heading.length <= length ? heading : `${heading.slice(0, length)}…`;\n",
    new: "  const characters = [...heading];\n  return characters.length <= length ? heading : `${characters.slice(0, length).join(\"\")}…`;\n",
  },
  wanted: "shorten counts and cuts by characters, so that no emoji is cut in two.",
  cause: "it counts and cuts UTF-16 units",
  handover: { title: "Shorten headings by characters", body: "`shorten` cut by UTF-16 units, through the middle of an emoji. It counts and cuts characters now." },
};

const classify = ({ name, test, wanted, cause }: Task): readonly Turn[] => [
  say("The function and its tests.", use("grep", { pattern: `function ${name}` }), read(HEADINGS), read(test)),
  (view) => say("The cause is plain.", completeStep(`${name} of ${HEADINGS}: ${cause}. Tests: ${test}. The file has ${filesRead(view).match(/export function/g)?.length ?? 0} functions; the others are not concerned.`)),
  say("One line.", classified("One function with its tests.", { taskKind: "bug", taskComplexity: "small", riskLevel: "low", taskMaturity: "ready", deduplicationKey: `headings-${name}`, interpretation: wanted })),
];

const code = ({ name, test, addedTest, change, wanted, cause, handover }: Task): readonly Turn[] => [
  say("What does it do today?", read(HEADINGS), read(test), bash("node --test")),
  (view) => say("Quick.", handIn(`${name} of ${HEADINGS}: ${cause}. All tests pass today, none covers it.${quoted(view, "bash")}`, { quick: true, wanted })),
  say("The test first; it has to fail.", bash(`cat >> ${test} <<'END'\n\ntest("${addedTest.title}", () => {\n  ${addedTest.assertion}\n});\nEND\nnode --test ${test}`)),
  (view) => (failed(view, "bash") ? say("Red for the right reason.", ...edits(HEADINGS, [change]), bash("node --test && git status --short")) : say("It passes already?", completeStep(`The test passes without a change.${quoted(view, "bash")}`))),
  (view) => say("Green.", completeStep(`${name} is mended; its new test was red before and is green now.${quoted(view, "bash")}`)),
  say("Hand over.", handOver({ ...handover, files: [HEADINGS, test], tests: [`${test}: ${addedTest.title}`] })),
];

const mended = (view: View, { change }: Task): boolean => filesRead(view).includes(change.new.trim().split("\n")[0] ?? "");

const review = (task: Task): readonly Turn[] => [
  say("What was asked, and what became of it.", read(HEADINGS), read(task.test)),
  (view) => say("Traced.", completeStep(`Read ${HEADINGS} and ${task.test}. ${mended(view, task) ? `The example of the issue gives what it asks for.` : `${task.name} still does what the issue complains of: ${task.cause}.`} Nothing was run.`)),
  say("Once more, for the verdict.", read(HEADINGS)),
  (view) =>
    say(
      "Is it mended?",
      judge(
        `Read the change to ${task.name} and its test; the other functions are as they were. Nothing was run.`,
        mended(view, task) ? [] : [{ severity: "major", summary: `${task.name} is not mended`, findingCategory: "correctness", file: HEADINGS, line: lineWith(view, `function ${task.name}`), evidence: `Read: ${task.cause}.`, remediation: task.wanted }],
      ),
    ),
];

/** The turns of the issue that a conversation is about. */
const ofIssue = (turns: (task: Task) => readonly Turn[]) => (view: View): Turn => {
  const task = [slugTask, shortenTask].find(({ issue }) => view.firstMessage.includes(issue.title));
  return (task === undefined ? undefined : turns(task)[view.turnIndex]) ?? [{ type: "text", text: "I do not know this issue." }];
};

export const model: Scenario = {
  repeatsInterrupted: true,
  turns: { "wr.classify-task": ofIssue(classify), "wr.quick-task": ofIssue(code), "wr.mr-review": ofIssue(review) },
};
