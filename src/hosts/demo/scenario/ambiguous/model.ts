/** "Sorted" has two readings that lead to different lists: the classification says so, and nothing is built before a person has spoken. */
import type { Scenario, Turn, View } from "../../model/player.ts";
import { bash, classified, completeStep, edits, failed, filesRead, handOver, judge, lineWith, quoted, read, say, use } from "../turns.ts";

const GUESTS = "src/guests.js";
const GUESTS_TEST = "test/guests.test.js";
const CHANGE = [
  { old: "/**\n * One guest a line.\n", new: "const byName = (a, b) => a.family.localeCompare(b.family) || a.given.localeCompare(b.given);\n\n/**\n * One guest a line, sorted by family name, then by given name.\n" },
  { old: "  return guests.map(", new: "  return guests.toSorted(byName).map(" },
];
const ADD_TEST = `cat >> ${GUESTS_TEST} <<'END'

test("sorted by family name, then by given name; the given list stays as it is", () => {
  const guests = [{ given: "Zoe", family: "Adams" }, { given: "Ada", family: "Zuse" }, { given: "Ada", family: "Adams" }];
  assert.equal(printGuests(guests), "Ada Adams\\nZoe Adams\\nAda Zuse");
  assert.equal(guests[0].given, "Zoe");
});
END
node --test ${GUESTS_TEST}`;

const classify: readonly Turn[] = [
  say("Which list, and what is it made of?", use("grep", { pattern: "printGuests" }), read(GUESTS), read(GUESTS_TEST)),
  (view) => say("A guest has two names.", completeStep(`${GUESTS} prints the guests in the order they come in; ${GUESTS_TEST} says nothing of an order. A guest has ${/family/.test(filesRead(view)) ? "a given name and a family name" : "one name"}.`)),
  say(
    "By which of the two?",
    classified("The code has two names, the issue speaks of one order.", {
      taskKind: "feature",
      taskComplexity: "small",
      riskLevel: "low",
      taskMaturity: "specced",
      deduplicationKey: "guests-sorted",
      interpretation: "printGuests must print the guests sorted by family name, and those of one family by given name.",
      ambiguities: ["Sorted by family name, or by given name as the lines begin?"],
    }),
  ),
];

/** Whether the session was told how the task is understood. */
const isByFamily = (view: View): boolean => view.firstMessage.includes("sorted by family name");

const code: readonly Turn[] = [
  say("The code, its tests, and what it prints today.", read(GUESTS), read(GUESTS_TEST), bash("node --test")),
  (view) => say("In the order they come.", completeStep(`${GUESTS} keeps the order of its input; no test speaks of it. The task was understood as ${isByFamily(view) ? "by family name: I will sort a copy there" : "nothing that says by which name"}.${quoted(view, "bash")}`)),
  (view) => (isByFamily(view) ? say("The test first; it has to fail.", bash(ADD_TEST)) : say("I will not guess.", { type: "text", text: "By which name they are to be sorted I was not told." })),
  (view) => (failed(view, "bash") ? say("Red for the right reason.", ...edits(GUESTS, CHANGE), bash("node --test")) : say("It passes already?", completeStep(`The test passes without a change.${quoted(view, "bash")}`))),
  (view) => say("Green.", completeStep(`${GUESTS} sorts a copy by family name, then by given name. The new test was red before and is green now.${quoted(view, "bash")}`)),
  say("The whole.", bash("node --test && git status --short")),
  (view) => say("Two files.", completeStep(`All tests pass; two files changed.${quoted(view, "bash")}`)),
  say(
    "Hand over.",
    handOver({
      title: "Sort the guest list by family name",
      body: "Guests were printed in the order they came in. They are sorted by family name now, and by given name within a family. The list that is handed in stays as it is.",
      files: [GUESTS, GUESTS_TEST],
      tests: [`${GUESTS_TEST}: sorted by family name, then by given name; the given list stays as it is`],
      decisions: ["The family name counts, as the task was understood."],
    }),
  ),
];

const review: readonly Turn[] = [
  say("Sorted by what, and is the caller's list left alone?", read(GUESTS), read(GUESTS_TEST)),
  (view) => say("Traced.", completeStep(`Read ${GUESTS} and its tests. ${trace(view)} Nothing was run: that is not for a reviewer.`)),
  say("Once more, for the verdict.", read(GUESTS)),
  (view) =>
    say(
      "As it was understood?",
      judge(`Read the change and its test. ${trace(view)} Nothing was run.`, isSorted(view) ? [] : [{ severity: "major", summary: "The guests are not sorted by family name", findingCategory: "correctness", file: GUESTS, line: lineWith(view, "return guests"), evidence: trace(view), remediation: "Sort a copy by family name, then by given name." }]),
    ),
];

const isSorted = (view: View): boolean => /toSorted\(byName\)/.test(filesRead(view)) && /a\.family\.localeCompare\(b\.family\) \|\| a\.given/.test(filesRead(view));
const trace = (view: View): string =>
  isSorted(view) ? "Traced Zoe Adams, Ada Zuse, Ada Adams: by family Adams, Adams, Zuse, and of the two Adams Ada comes first; `toSorted` makes a copy." : "Traced Zoe Adams, Ada Zuse, Ada Adams: they come out in another order than by family name.";

export const model: Scenario = {
  repeatsInterrupted: true,
  turns: { "wr.classify-task": classify, "wr.coding-task": code, "wr.mr-review": review },
};
