/** What a contributor's pull request changes, and reviewers that read it. They go by what the files say, not by what this file knows. */
import type { Scenario, Turn, View } from "../../model/player.ts";
import { completeStep, filesRead, judge, lineWith, oneCause, read, say, use, type Found } from "../turns.ts";

const WORDS = "src/words.js";
const TEST = "test/words.test.js";

export const pull = {
  title: "Count the words of a heading",
  body: "Adds `wordCount`. An empty heading has no words.",
  branch: "word-count",
  files: {
    [WORDS]: `/**
 * How many words a heading has; an empty one has none.
 * @param {string} heading
 * @returns {number}
 */
export function wordCount(heading) {
  return heading.split(" ").length;
}
`,
    [TEST]: `import assert from "node:assert/strict";
import { test } from "node:test";
import { wordCount } from "../src/words.js";

test("words are counted", () => {
  assert.equal(wordCount("A small heading"), 3);
});
`,
  },
} as const;

const BUG = 'heading.split(" ").length';
const isThere = (view: View): boolean => filesRead(view).includes(BUG);

const emptyHeading = (view: View): Found => ({
  severity: "major",
  summary: "An empty heading is counted as one word",
  findingCategory: "correctness",
  file: WORDS,
  line: lineWith(view, BUG),
  evidence: 'Read: "".split(" ") is [""], whose length is 1. The pull request and the comment above say that an empty heading has none; two spaces in a row count a word too many as well. The test has neither case.',
  remediation: 'Count what is not empty, e.g. heading.match(/\\S+/g)?.length ?? 0, and test "" and "a  b".',
});

const review: readonly Turn[] = [
  say("What was asked, and what became of it.", read(WORDS), read(TEST)),
  (view) => say("An empty heading is the neighbour of every case.", completeStep(`Read ${WORDS} and ${TEST}. ${isThere(view) ? 'Traced "": split gives one empty text, so the count is 1 and not 0; "a  b" gives 3.' : "Traced empty and doubled spaces: the count is right."} Nothing was run.`)),
  say("Once more, for the verdict.", read(WORDS)),
  (view) =>
    say(
      "Is it right for an empty heading?",
      judge(
        `Read the new function and its test; nothing else changed. Nothing was run.`,
        isThere(view) ? [emptyHeading(view)] : [],
        oneCause(view, `Read it in ${WORDS}: it is one fault, whichever question led to it.`),
      ),
    ),
];

const reviewer: readonly Turn[] = [
  say("The change and who uses it.", read(WORDS), use("grep", { pattern: "wordCount" })),
  (view) => say("Traced.", judge(`Read ${WORDS} and who uses it.`, isThere(view) ? [emptyHeading(view)] : [])),
];

export const model: Scenario = { turns: { "wr.mr-review": review, "wr.role-reviewer": reviewer } };
