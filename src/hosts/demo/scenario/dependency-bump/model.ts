/**
 * A major version with two breaking changes. The tests show one of them at each call; that a unit nobody knows throws in a function
 * without a test for it is found by going through the changelog call by call.
 */
import type { Scenario, Turn, View } from "../../model/player.ts";
import { bash, classified, completeStep, edits, failed, filesRead, handOver, judge, lastResult, lineWith, quoted, read, say, use } from "../turns.ts";

const OLD = "vendor/units-2.3.0";
const NEW = "vendor/units-3.0.0";
const CHANGELOG = `${NEW}/CHANGELOG.md`;
const PARCEL = "src/parcel.js";
const PARCEL_TEST = "test/parcel.test.js";
const UNKNOWN = `node -e "import('./src/parcel.js').then(({ weightLabel, isHeavy }) => console.log(weightLabel(5, 'stone'), isHeavy(5, 'stone')))"`;

const MAPPED = [{ old: `./${OLD}/index.js`, new: `./${NEW}/index.js` }];
const ADAPTED = [
  {
    old: "/**\n * A weight as the label",
    new: '/** Kilograms; NaN for a unit that nobody knows. */\nfunction kilogramsOf(value, unit) {\n  try {\n    return convert({ value, unit }, "kg").value;\n  } catch (error) {\n    if (error instanceof RangeError) return Number.NaN;\n    throw error;\n  }\n}\n\n/**\n * A weight as the label',
  },
  { old: '  const kilograms = convert(value, unit, "kg");\n', new: "  const kilograms = kilogramsOf(value, unit);\n" },
  { old: '  return convert(value, unit, "kg") > 25;\n', new: "  return kilogramsOf(value, unit) > 25;\n" },
];
const ADD_TEST = `cat >> ${PARCEL_TEST} <<'END'

test("of a unit that nobody knows nothing is said to be heavy", () => {
  assert.equal(isHeavy(500, "stone"), false);
});
END
node --test`;

const classify: readonly Turn[] = [
  say("Who uses it, and what breaks?", use("grep", { pattern: "#units" }), read(CHANGELOG), read(PARCEL)),
  (view) => say("One file calls it.", completeStep(`${PARCEL} calls convert ${filesRead(view).match(/= convert\(|return convert\(/g)?.length ?? 0} times; the changelog names ${filesRead(view).match(/^- Breaking/gm)?.length ?? 0} breaking changes. Tests: ${PARCEL_TEST}.`)),
  say(
    "A major version behind one file.",
    classified("One file uses it; the labels stay as they are.", {
      taskKind: "chore",
      taskComplexity: "small",
      riskLevel: "medium",
      taskMaturity: "ready",
      deduplicationKey: "units-3",
      interpretation: "units 3.0.0 must be used in place of 2.3.0, which goes; every label and every answer of this package stays what it is.",
    }),
  ),
];

const code: readonly Turn[] = [
  say("What it does today, also for what nobody tests.", read(CHANGELOG), read(PARCEL), read(PARCEL_TEST), bash(`node --test && ${UNKNOWN}`)),
  (view) =>
    say(
      "Both calls meet both changes.",
      completeStep(`All tests pass today. Of an unknown unit today:\n\n\`\`\`\n${lastResult(view, "bash").trim().split("\n").at(-1) ?? ""}\n\`\`\`\n\nconvert takes and gives an object now, and throws where it gave NaN; ${PARCEL} relies on NaN in two functions, of which one has no test for it. I will map #units to the new one, adapt ${PARCEL} in one place, and remove ${OLD}.`),
    ),
  say("Only the version, to see what the tests notice.", ...edits("package.json", MAPPED), bash("node --test")),
  (view) =>
    failed(view, "bash")
      ? say("Red, as the changelog says. Now the calls, and the test that was missing.", ...edits(PARCEL, ADAPTED), bash(`rm -r ${OLD}; ${ADD_TEST}`))
      : say("Nothing noticed?", completeStep(`The tests pass with the new version and unchanged calls.${quoted(view, "bash")}`)),
  (view) => say("Green.", completeStep(`#units is ${NEW}; ${PARCEL} turns the RangeError into what it relied on, in one place. With the version alone the tests were red; they are green now.${quoted(view, "bash")}`)),
  say("The whole, and the case of before.", bash(`node --test && ${UNKNOWN} && grep -rn "units-2" --include=*.js --include=*.json --include=*.md . ; git status --short`)),
  (view) => say("The same answers as before.", completeStep(`All tests pass, an unknown unit gives what it gave before, and nothing names the old version any more.${quoted(view, "bash")}`)),
  say(
    "Hand over.",
    handOver({
      title: "Use units 3",
      body: "units 2.3.0 gets no fixes any more. `#units` is 3.0.0 now and 2.3.0 is gone. `convert` takes and gives an object, and throws for a unit it does not know; both are dealt with in one function, so every label stays what it was.\n\nLook twice at: `isHeavy` of an unknown unit, which no test covered.",
      files: ["package.json", PARCEL, PARCEL_TEST, `${OLD}/index.js`, `${OLD}/package.json`],
      tests: [`${PARCEL_TEST}: of a unit that nobody knows nothing is said to be heavy`],
      sideEffects: ["Tonnes (`t`) are known now; they were not."],
      decisions: ["The RangeError is turned back into NaN at one place, since both callers rely on it."],
    }),
  ),
];

interface Dealt {
  readonly what: string;
  readonly isDone: boolean;
}
/** Each breaking change of the changelog, and whether every call is past it. */
function dealtWith(view: View): readonly Dealt[] {
  const text = view.toolResults.flatMap(({ name, text: shown }) => (name === "read" ? [shown.replaceAll(/^ *\d+\t/gm, "")] : [])).join("\n");
  return [
    { what: "convert takes and gives an object", isDone: !/convert\(value, unit/.test(text) && text.includes("convert({ value, unit }") },
    { what: "an unknown unit throws", isDone: text.includes("instanceof RangeError") && (text.match(/kilogramsOf\(value, unit\)/g)?.length ?? 0) >= 3 },
    { what: "#units is the new version", isDone: text.includes(`./${NEW}/index.js`) },
  ];
}
const said = (view: View): string => dealtWith(view).map(({ what, isDone }) => `${what}: ${isDone ? "dealt with at every call" : "NOT dealt with"}`).join("; ");

const review: readonly Turn[] = [
  say("The changelog, line by line, against each call.", read(CHANGELOG), read(PARCEL), read(PARCEL_TEST), read("package.json"), use("grep", { pattern: "units-2" })),
  (view) => say("Held against each other.", completeStep(`Read the changelog and every call. ${said(view)}. Nothing was run.`)),
  (view) =>
    say(
      "Is anything left?",
      judge(
        `Read the changelog, ${PARCEL}, its tests and package.json. ${said(view)}. The vendored code itself was not reviewed. Nothing was run.`,
        dealtWith(view)
          .filter(({ isDone }) => !isDone)
          .map(({ what }) => ({ severity: "major", summary: `A breaking change of units 3 is not dealt with: ${what}`, findingCategory: "correctness", file: PARCEL, line: lineWith(view, "convert("), evidence: said(view), remediation: "Adapt every call, and test it." }) as const),
      ),
    ),
];

export const model: Scenario = {
  repeatsInterrupted: true,
  turns: { "wr.classify-task": classify, "wr.coding-task": code, "wr.mr-review": review },
};
