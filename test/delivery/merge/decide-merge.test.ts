/** Who merges? A table: the change that may be merged, and everything that leaves it to a person. */
import { describe, expect, test } from "vitest";
import { parseConfig, type Config } from "../../../src/config/index.ts";
import { decideMerge, mergeMark, policyDigest, readMergeMark, type MergeFacts } from "../../../src/delivery/index.ts";

const policy = (yaml: string): Config["merge"] => {
  const config = parseConfig(`merge:\n${yaml.split("\n").map((line) => `  ${line}`).join("\n")}\n`, "x");
  if (!config.ok) throw new Error(config.error[0]?.message);
  return config.value.merge;
};
const AUTO = policy("auto: true");

const GOOD: MergeFacts = {
  escalated: false,
  proof: "holds",
  reviewClean: true,
  verified: true,
  risk: "low",
  mode: "implement",
  files: [{ path: "src/sum.js", link: false }],
  lines: 3,
  leftOut: 0,
  dependencies: [],
  labels: ["worktrain:ready"],
};
const touching = (...paths: readonly string[]): Partial<MergeFacts> => ({ files: paths.map((path) => ({ path, link: false })) });

test("by default nothing is decided: merging is a person's", () => {
  expect(decideMerge(policy("auto: false"), GOOD)).toBeNull();
});

test("everything met: GitHub's auto-merge is armed, with what was met as its reasons", () => {
  expect(decideMerge(AUTO, GOOD)).toEqual({ decision: "arm", method: "squash", reasons: ["the review is clean", "the job verify is green", "risk low", "mode implement", "1 file and 3 lines changed"] });
  expect(decideMerge(policy("auto: true\ntests: ci\nmethod: rebase"), { ...GOOD, verified: false })).toMatchObject({ decision: "arm", method: "rebase", reasons: expect.arrayContaining(["GitHub waits for the branch's required checks"]) });
});

test.each<readonly [name: string, change: Partial<MergeFacts>, yaml: string, reason: RegExp]>([
  ["escalated", { escalated: true }, "auto: true", /an earlier review found something blocking/],
  ["escalated, and every condition opened", { escalated: true }, "auto: true\ntests: ci\nmaxRisk: high\nhumanOnly: { schema: [], ci: [], infrastructure: [], dependencies: none }", /blocking/],
  ["a proof that is open", { proof: "unknown" }, "auto: true", /not every line of the proof holds/],
  ["a proof that fails", { proof: "fails" }, "auto: true", /not every line of the proof holds/],
  ["a review that is not clean", { reviewClean: false }, "auto: true", /not clean/],
  ["no job verify", { verified: false }, "auto: true", /verify has not vouched/],
  ["a risk above the highest", { risk: "medium" }, "auto: true", /risk is medium, at most low/],
  ["a critical risk at any setting", { risk: "critical" }, "auto: true\nmaxRisk: high", /risk is critical/],
  ["a risk that nobody named", { risk: null }, "auto: true", /risk is not known/],
  ["a mode that is not listed", { mode: "full" }, "auto: true", /mode is full/],
  ["no mode", { mode: null }, "auto: true", /mode is not known/],
  ["too many files", touching("a", "b", "c"), "auto: true\nmaxFiles: 2", /3 files are changed, at most 2/],
  ["no file", { files: [] }, "auto: true", /0 files/],
  ["too many lines", { lines: 401 }, "auto: true", /401 lines are changed, at most 400/],
  ["lines that cannot be counted", { lines: null }, "auto: true", /cannot be counted/],
  ["something left out", { leftOut: 1 }, "auto: true", /not in the change/],
  ["a label that is missing", {}, "auto: true\nlabels: [automerge]", /does not bear the label automerge/],
  ["a symbolic link", { files: [{ path: "src/latest", link: true }] }, "auto: true", /symbolic link: src\/latest/],
  ["a dependency", { dependencies: ["it adds the dependency left-pad ^1.0.0 in package.json"] }, "auto: true", /adds the dependency left-pad/],
  ["a migration", touching("db/migrations/1.js"), "auto: true", /a database schema: db\/migrations\/1\.js/],
  ["SQL, shouted", touching("DB/Init.SQL"), "auto: true", /a database schema: DB\/Init\.SQL/],
  ["a workflow", touching(".github/workflows/ci.yml"), "auto: true", /CI: \.github\/workflows\/ci\.yml/],
  ["a workflow in other letters", touching(".GitHub/Workflows/ci.yml"), "auto: true", /CI/],
  ["a Jenkinsfile below", touching("tools/Jenkinsfile"), "auto: true", /CI/],
  ["Terraform", touching("infra/main.tf"), "auto: true", /infrastructure/],
  ["a Dockerfile", touching("services/api/Dockerfile.prod"), "auto: true", /infrastructure/],
  ["an own glob", touching("src/billing/charge.js"), "auto: true\nhumanOnly: { own: [\"src/billing/**\"] }", /merge\.humanOnly\.own: src\/billing\/charge\.js/],
  ["one bad file among good ones", touching("src/a.js", "src/b.js", "prisma/schema.prisma"), "auto: true", /schema\.prisma/],
])("%s: a person merges, with the reason", (_, change, yaml, reason) => {
  const decided = decideMerge(policy(yaml), { ...GOOD, ...change });
  expect(decided?.decision).toBe("person");
  expect(decided?.reasons.join("\n")).toMatch(reason);
});

test("merge.approval: nobody has approved a new commit yet, so nothing is armed, and the one reason says so", () => {
  expect(decideMerge(policy("auto: true\napproval: true"), GOOD)).toEqual({ decision: "person", reasons: [expect.stringContaining("nobody has approved this commit yet")] });
  expect(decideMerge(policy("auto: true\napproval: true"), { ...GOOD, escalated: true })?.reasons).toEqual([expect.stringContaining("blocking")]);
});

describe("the mark on the check run", () => {
  const within = (yaml: string, change: Partial<MergeFacts> = {}) => readMergeMark(`${mergeMark(policy(yaml), { ...GOOD, ...change })}\n\nThe proof.`)?.within;
  test("holds what was decided but for what people still bring: labels, an approval", () => {
    expect([within("auto: true"), within("auto: true\nlabels: [automerge]"), within("auto: true\napproval: true")]).toEqual([true, true, true]);
    expect([within("auto: true", { escalated: true }), within("auto: true", touching("db/migrations/1.js")), within("auto: true", { verified: false })]).toEqual([false, false, false]);
    expect(mergeMark(policy("auto: false"), GOOD)).toBe("");
  });
  test("names the conditions it was measured by, and not those that are asked for later", () => {
    const [first, ...same] = ["auto: true", "auto: true\nmethod: rebase", "auto: true\napproval: true", "auto: true\nlabels: [x]"].map((yaml) => policyDigest(policy(yaml)));
    expect(new Set(same)).toEqual(new Set([first]));
    for (const yaml of ["maxLines: 1000", "tests: ci", "maxRisk: high", "modes: [full]", "maxFiles: 3", "humanOnly: { ci: [] }"]) expect(policyDigest(policy(`auto: true\n${yaml}`))).not.toBe(first);
  });
  test.each(["", "The proof.", "The proof.\n<!-- worktrain:merge within policy=0123456789abcdef -->", "<!-- worktrain:merge within policy=0123456789abcdef --> x", "<!-- worktrain:merge yes policy=0123456789abcdef -->"])("is the first line alone: not %j", (summary) => expect(readMergeMark(summary)).toBeNull());
});

test("all reasons are told, not the first alone; a negated glob opens nothing", () => {
  expect(decideMerge(AUTO, { ...GOOD, escalated: true, verified: false, risk: "high" })?.reasons).toHaveLength(3);
  expect(decideMerge(policy('auto: true\nhumanOnly: { own: ["!src/**", "src/**"] }'), GOOD)?.decision).toBe("person");
});

test("a label is met in any case of its letters", () => {
  expect(decideMerge(policy("auto: true\nlabels: [AutoMerge]"), { ...GOOD, labels: ["automerge"] })?.decision).toBe("arm");
});
