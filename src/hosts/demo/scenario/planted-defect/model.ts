/** The first version forgets the half of the issue that no example shows: a quote in a quoted field is written twice. */
import type { Scenario, Turn, View } from "../../model/player.ts";
import { auditOfFunction, bash, classified, codeOrFix, completeStep, edits, failed, filesRead, handOver, judge, lineWith, oneCause, quoted, read, researchOfFunction, say, use, type Found } from "../turns.ts";

const FIELDS = "src/fields.js";
const FIELDS_TEST = "test/fields.test.js";
const LINES = "src/lines.js";
const TODAY = `node -e "import('./src/fields.js').then(({ splitFields }) => console.log(splitFields('2026-01-03,\\"Rent, January\\",-900.00')))"`;
/** Fails as long as the second half is missing. */
const REPRODUCE = "node --input-type=module -e 'import assert from \"node:assert/strict\"; import { splitFields } from \"./src/fields.js\"; assert.deepEqual(splitFields(`\"Café \"\"Ida\"\"\",-4.50`), [`Café \"Ida\"`, \"-4.50\"]);'";

const FIRST_VERSION = [
  {
    old: '  return line.split(",");\n',
    new: `  const fields = [];
  let field = "";
  let quoted = false;
  for (const character of line) {
    if (character === '"') quoted = !quoted;
    else if (character === "," && !quoted) {
      fields.push(field);
      field = "";
    } else field += character;
  }
  return [...fields, field];
`,
  },
];
const SECOND_VERSION = [
  { old: "  for (const character of line) {\n    if (character === '\"') quoted = !quoted;\n", new: "  for (let at = 0; at < line.length; at += 1) {\n    const character = line[at];\n    if (quoted && character === '\"' && line[at + 1] === '\"') {\n      field += '\"';\n      at += 1;\n    } else if (character === '\"') quoted = !quoted;\n" },
];
const FIRST_TEST = `
test("a comma in a quoted field splits nothing", () => {
  assert.deepEqual(splitFields('2026-01-03,"Rent, January",-900.00'), ["2026-01-03", "Rent, January", "-900.00"]);
});
`;
const SECOND_TEST = `
test("a quote in a quoted field is written twice", () => {
  assert.deepEqual(splitFields('"Café ""Ida""",-4.50'), ['Café "Ida"', "-4.50"]);
  assert.deepEqual(splitFields('"",""""'), ["", '"']);
});
`;
const addTest = (text: string) => use("bash", { command: `cat >> ${FIELDS_TEST} <<'END'\n${text}END\nnode --test ${FIELDS_TEST}` });

const classify: readonly Turn[] = [
  say("Who splits lines, and what tests it?", use("grep", { pattern: "splitFields" }), read(FIELDS), read(FIELDS_TEST)),
  say("One function splits, at every comma.", completeStep(`${FIELDS} splits at every comma; ${LINES} calls it. Tests: ${FIELDS_TEST}, test/lines.test.js.`)),
  say(
    "Clear and small; amounts of money hang on it.",
    classified("One function with its tests; a wrong split is a wrong booking.", {
      taskKind: "feature",
      taskComplexity: "small",
      riskLevel: "medium",
      taskMaturity: "specced",
      deduplicationKey: "quoted-fields",
      interpretation: "splitFields must take a field in double quotes as one field, commas included, without the quotes around it; two quotes in such a field stand for one.",
    }),
  ),
];

const code: readonly Turn[] = [
  say("First what happens today.", read(FIELDS), read(FIELDS_TEST), read(LINES), bash(TODAY)),
  (view) => say("It splits inside the quotes.", completeStep(`${FIELDS} splits at every comma, inside quotes too.${quoted(view, "bash")}\n\nI will walk through the characters, and add a test to ${FIELDS_TEST}; ${LINES} stays as it is.`)),
  say("The test first; it has to fail.", addTest(FIRST_TEST)),
  (view) =>
    failed(view, "bash")
      ? say("Red for the right reason. Now the change.", ...edits(FIELDS, FIRST_VERSION), bash("node --test"))
      : say("It passes already?", completeStep(`The test passes without a change.${quoted(view, "bash")}`)),
  (view) => say("Green.", completeStep(`${FIELDS} walks through the line and keeps commas in quotes. The new test was red before and is green now.${quoted(view, "bash")}`)),
  say("The whole.", bash("node --test && git status --short")),
  (view) => say("Two files.", completeStep(`All tests pass; two files changed. ${LINES} gets three fields from a line with a quoted comma now.${quoted(view, "bash")}`)),
  say(
    "Hand over.",
    handOver({
      title: "Keep commas in quoted fields",
      body: "A field in double quotes was split at its commas. It is one field now, without the quotes.",
      files: [FIELDS, FIELDS_TEST],
      tests: [`${FIELDS_TEST}: a comma in a quoted field splits nothing`],
      decisions: ["Walk through the characters instead of a regular expression."],
    }),
  ),
];

const fix: readonly Turn[] = [
  say("The reviewer's own command.", read(FIELDS), bash(REPRODUCE)),
  (view) =>
    failed(view, "bash")
      ? say("It fails: the finding holds.", completeStep(`The finding holds, its command fails:${quoted(view, "bash")}\n\nTwo quotes open and close, and both are lost. One more case in the loop mends it.`))
      : say("It passes: the finding does not hold.", completeStep(`The command of the finding passes:${quoted(view, "bash")}`)),
  say("The test first.", addTest(SECOND_TEST)),
  (view) =>
    failed(view, "bash")
      ? say("Red for the right reason. Now the case.", ...edits(FIELDS, SECOND_VERSION), bash("node --test"))
      : say("It passes already?", completeStep(`The test passes without a change.${quoted(view, "bash")}`)),
  (view) => say("Green.", completeStep(`${FIELDS} takes two quotes in a quoted field for one; ${FIELDS_TEST} covers it.${quoted(view, "bash")}`)),
  say("The whole, and the reviewer's command once more.", bash(`${REPRODUCE} && node --test && git status --short`)),
  (view) => say("All green.", completeStep(`The command of the finding passes now, and so do all tests.${quoted(view, "bash")}`)),
  say(
    "Hand over.",
    handOver({
      title: "Read fields in quotes",
      body: "A field in double quotes was split at its commas, and its quotes stayed in the text. It is one field now, without the quotes around it; two quotes in it stand for one.\n\nLook twice at: quotes that begin in the middle of a field.",
      files: [FIELDS, FIELDS_TEST],
      tests: [`${FIELDS_TEST}: a comma in a quoted field splits nothing`, `${FIELDS_TEST}: a quote in a quoted field is written twice`],
      sideEffects: ["A quote that is not doubled is no part of the text any more."],
      decisions: ["Walk through the characters instead of a regular expression."],
    }),
  ),
];

const takesDoubled = (view: View): boolean => /line\[at \+ 1\] === '"'/.test(filesRead(view));
const trace = (view: View): string =>
  takesDoubled(view)
    ? 'Traced `"Café ""Ida""",-4.50`: inside the quotes two quotes give one and the field goes on, so `Café "Ida"` and `-4.50`.'
    : 'Traced `"Café ""Ida""",-4.50`: each quote of a pair only turns `quoted` off and on again and neither is kept, so the first field is `Café Ida`.';

const lostQuote = (view: View): Found => ({
  severity: "major",
  summary: "A quote in a quoted field is lost",
  findingCategory: "correctness",
  file: FIELDS,
  line: lineWith(view, "quoted = !quoted"),
  evidence: trace(view),
  remediation: "Inside quotes take two quotes for one; add a test with the issue's second example.",
});

const review: readonly Turn[] = [
  say("The issue asks for two things: commas, and quotes written twice. I run nothing and trace both.", read(FIELDS), read(FIELDS_TEST), read(LINES)),
  (view) => say("Commas are kept. And quotes?", completeStep(`Read ${FIELDS}, its tests and its caller. ${trace(view)} Nothing was run: that is not for a reviewer.`)),
  say("Once more, for the verdict.", read(FIELDS)),
  (view) =>
    takesDoubled(view)
      ? say("Both are there.", judge(`Read the change and its tests. ${trace(view)} Both halves of the issue are there and nothing else. Nothing was run.`, []))
      : say(
          "One half is missing.",
          judge(
            "Commas in quotes are kept; the other half of the issue, quotes written twice, is missing. Read and traced, nothing was run.",
            [{ ...lostQuote(view), reproduce: REPRODUCE }],
            oneCause(view, "Traced it once more with the file before me: both quotes of a pair are lost."),
          ),
        ),
];

/** One of several who look at the change, each with questions of their own; only who traces cases finds the half. */
const reviewer: readonly Turn[] = [
  say("What changed, and what is around it.", read(FIELDS), read(FIELDS_TEST)),
  (view) => {
    const traces = view.firstMessage.includes("You look at correctness");
    const finds = traces && !takesDoubled(view);
    return say(finds ? "One half is missing." : "Nothing.", judge(traces ? trace(view) : "Nothing on my side stands against it.", finds ? [lostQuote(view)] : []));
  },
];

export const model: Scenario = {
  repeatsInterrupted: true,
  turns: {
    "wr.classify-task": classify,
    "wr.coding-task": codeOrFix(code, fix),
    "wr.mr-review": review,
    "wr.role-reviewer": reviewer,
    "wr.production-readiness-audit": auditOfFunction({ name: "splitFields", file: FIELDS, tests: FIELDS_TEST, gap: "with a quote in a field" }),
    "wr.role-researcher": researchOfFunction(FIELDS),
  },
};
