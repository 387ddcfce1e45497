/** Behaviour is pinned before anything moves: each copy is broken on purpose, and where no test notices one is written first. */
import type { Scenario, Turn, View } from "../../model/player.ts";
import { bash, classified, completeStep, edits, filesRead, handIn, judge, lastResult, lineWith, oneOf, quoted, read, say, use } from "../turns.ts";

const PAPERS = ["invoice", "quote", "statement"] as const;
type Paper = (typeof PAPERS)[number];
const fileOf = (paper: Paper): string => `src/${paper}.js`;
const MONEY = "src/money.js";
const PINNED = "test/statement.test.js";

const BODY = '\nfunction money(cents) {\n  const sign = cents < 0 ? "-" : "";\n  return `${sign}${(Math.abs(cents) / 100).toFixed(2)} €`;\n}\n';
const ONE_PLACE = `/**
 * An amount as the papers print it.
 * @param {number} cents
 * @returns {string} e.g. \`-12.50 €\`
 */
export ${BODY.trimStart()}`;
const PIN = `import assert from "node:assert/strict";
import { test } from "node:test";
import { statement } from "../src/index.js";

test("payments and the balance", () => {
  assert.equal(statement([{ day: "1 May", cents: 1000 }, { day: "2 May", cents: -1005 }]), "1 May  10.00 €\\n2 May  -10.05 €\\nBalance  -0.05 €");
});
`;
/** Breaks the copy in each paper, one at a time, and says whether a test noticed. */
const BREAK_EACH = `for paper in ${PAPERS.join(" ")}; do cp src/$paper.js /tmp/kept.js; sed -i 's/toFixed(2)/toFixed(1)/' src/$paper.js; if node --test >/dev/null 2>&1; then echo "$paper: no test noticed"; else echo "$paper: a test noticed"; fi; cp /tmp/kept.js src/$paper.js; done; git status --short`;
/** The same awkward amounts through the base and through the workspace. */
const COMPARE = `rm -rf /tmp/base && mkdir /tmp/base && git archive HEAD | tar -x -C /tmp/base && cat > /tmp/try.mjs <<'END'
const { invoice, quote, statement } = await import(process.argv[2] + "/src/index.js");
for (const cents of [0, -0, 1, -1, 99, 100, 123456789, -5, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) console.log(invoice([{ text: "a", cents }]), quote({ text: "a", cents, days: 1 }), statement([{ day: "d", cents }]));
END
node /tmp/try.mjs /tmp/base > /tmp/before.txt && node /tmp/try.mjs "$PWD" > /tmp/after.txt && diff /tmp/before.txt /tmp/after.txt && echo "no difference in $(wc -l < /tmp/after.txt) lines"; grep -c 'toFixed' src/*.js`;

const unnoticed = (view: View): readonly string[] => [...lastResult(view, "bash").matchAll(/^(\w+): no test noticed$/gm)].map(([, paper = ""]) => paper);

const classify: readonly Turn[] = [
  say("Where are amounts printed?", use("grep", { pattern: "function money" }), use("glob", { pattern: "test/*.js" })),
  (view) => say("The same function three times.", completeStep(`${lastResult(view, "grep").split("\n").length} copies of money(), in ${PAPERS.map(fileOf).join(", ")}. Tests: ${lastResult(view, "glob").split("\n").join(", ")}.`)),
  say(
    "Nothing printed may change.",
    classified("One function in three files; what is printed stays.", {
      taskKind: "refactoring",
      taskComplexity: "small",
      riskLevel: "low",
      taskMaturity: "ready",
      deduplicationKey: "money-in-one-place",
      interpretation: "money() must stand in one place that invoice, quote and statement use, and none of them may print anything else than before.",
    }),
  ),
];

const slice = (paper: Paper, first: boolean): readonly Turn[] => [
  say(first ? "Extract it, and use it here." : "Use it here too.", read(fileOf(paper))),
  (view) =>
    say(
      "Move.",
      ...(first ? [use("write", { path: MONEY, content: ONE_PLACE })] : []),
      ...edits(fileOf(paper), [
        { old: BODY, new: "" },
        { old: filesRead(view).split("\n")[0] ?? "", new: `import { money } from "./money.js";\n\n${filesRead(view).split("\n")[0] ?? ""}` },
      ]),
      bash("node --test && git diff --stat"),
    ),
  (view) => say("Green.", completeStep(`${fileOf(paper)} uses ${MONEY}; its copy is gone. All tests pass.${quoted(view, "bash")}`)),
];

const refactor: readonly Turn[] = [
  say("What is hard today?", ...PAPERS.map((paper) => read(fileOf(paper)))),
  (view) =>
    say(
      "A change in three places.",
      handIn(`\`money\` stands ${filesRead(view).match(/function money/g)?.length ?? 0} times. Public are invoice, quote and statement.`, {
        aim: "Another currency is one change in one file, where it is one in each of three today. It is enough when toFixed stands in one file.",
      }),
    ),
  say("What is red already, and would a test notice?", bash("node --test"), bash(BREAK_EACH)),
  (view) =>
    unnoticed(view).includes("statement")
      ? say(`Nothing notices in ${unnoticed(view).join(", ")}. A test first.`, use("write", { path: PINNED, content: PIN }), bash(BREAK_EACH))
      : say("All are noticed.", bash(BREAK_EACH)),
  (view) => say(unnoticed(view).length === 0 ? "Now each is noticed." : "Not all are noticed.", completeStep(`Each copy broken on purpose, and what noticed:${quoted(view, "bash")}\n\n${PINNED} is new: no test covered statement.`)),
  say(
    "One paper a slice.",
    handIn("Three slices, each green.", { slices: PAPERS.map((paper, at) => ({ change: at === 0 ? `Extract money to ${MONEY} and use it in ${paper}` : `Use ${MONEY} in ${paper}`, files: at === 0 ? [MONEY, fileOf(paper)] : [fileOf(paper)] })) }),
  ),
  ...PAPERS.flatMap((paper, at) => slice(paper, at === 0)),
  say("The same awkward amounts through both.", bash(COMPARE)),
  (view) => say("Can a caller tell?", completeStep(`The same amounts through the base and the workspace, and where toFixed stands now:${quoted(view, "bash")}`)),
  say(
    "Hand over.",
    completeStep("Handed over.", "wr.contracts.coding_handoff", {
      prTitle: "Print amounts in one place",
      prBody: "Another currency had to be changed in three files. `money` stands in one file now. Before that, each copy was broken on purpose; for `statement` no test noticed, so one was added first. The same awkward amounts through before and after print the same.",
      commitSubject: "Print amounts in one place",
      filesChanged: [MONEY, ...PAPERS.map(fileOf), PINNED],
      testsAdded: [`${PINNED}: payments and the balance`],
      sideEffects: [],
      knownLimitations: ["An amount that is no number is printed as `NaN €`, as before."],
    }),
  ),
];

const sameEverywhere = (view: View): boolean => PAPERS.every((paper) => view.toolResults.some(({ text }) => text.includes("./money.js") && text.includes(`function ${paper}`)));

/** Who compares reads; the outputs stand in what was handed over. */
const audit: readonly Turn[] = [
  say("The code itself, not what is said of it.", read(MONEY), ...PAPERS.map((paper) => read(fileOf(paper))), read(PINNED)),
  (view) => {
    const good = sameEverywhere(view) && view.firstMessage.includes("no difference in");
    return say(
      "Does each paper print by the one function, and was that compared?",
      completeStep("Judged.", "wr.contracts.gate_verdict", {
        verdict: good ? "approved" : "rejected",
        confidence: 0.9,
        rationale: good ? "Each paper imports the one function, which is the old one; the outputs that were compared do not differ; no test was weakened, one was added." : "A paper still has its own copy, or the outputs were not compared.",
      }),
    );
  },
];

const review: readonly Turn[] = [
  say("Three papers, one function; does any print otherwise?", read(MONEY), ...PAPERS.map((paper) => read(fileOf(paper)))),
  (view) => say("Read.", completeStep(`Read all four files. ${said(view)} Nothing was run.`)),
  say("Are tests weakened?", read(PINNED), read("test/invoice.test.js"), read("test/quote.test.js")),
  (view) => say("Only one was added.", judge(`Read the change and all tests. ${said(view)} ${PINNED} is new and covers what nothing covered. Nothing was run.`, sameEverywhere(view) ? [] : [{ severity: "major", summary: "A paper still prints amounts by its own copy", findingCategory: "architecture", file: fileOf("statement"), line: lineWith(view, "function money"), evidence: said(view), remediation: `Import money from ${MONEY}.` }])),
];
const said = (view: View): string => (sameEverywhere(view) ? "Each paper imports money, whose body is that of the copies, letter for letter." : "Not every paper imports money.");

export const model: Scenario = {
  repeatsInterrupted: true,
  turns: {
    "wr.classify-task": classify,
    "wr.refactoring": oneOf((view) => (view.firstMessage.includes("## What was handed over") ? audit : refactor)),
    "wr.mr-review": review,
  },
};
