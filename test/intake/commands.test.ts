import { describe, expect, it, test } from "vitest";
import fc from "../fakes/fast-check.ts";
import { COMMANDS, commandTable, formatCommand, MAX_LINE_CHARS, MAX_TEXT_CHARS, parseCommandLine, readComment, type Command, type Grammar } from "../../src/intake/index.ts";

/** The commands as they are, and the forms that further ones will have. */
const WIDE: Grammar = {
  ...COMMANDS,
  run: { does: "Starts.", operands: [{ name: "WORKFLOW", kind: "word", required: false, pattern: /^[a-z.-]+$/, form: "a workflow's id" }, { name: "GOAL", kind: "text", required: false }], flags: {} },
  review: { does: "Reviews.", operands: [], flags: { full: "everything", quick: "a look" } },
  fix: { does: "Fixes.", operands: [{ name: "FINDING", kind: "words", required: false }], flags: { again: "once more" } },
};

const kindOf = (body: string): string => {
  const read = readComment(body);
  return read.kind === "command" ? formatCommand(read.command) : read.kind === "refused" ? read.refusal.kind : "none";
};

describe("G2: what is typed", () => {
  it.each([
    ["/worktrain help", "/worktrain help"],
    ["/worktrain\tstatus  ", "/worktrain status"],
    ["/worktrain approve", "/worktrain approve"],
    ["/worktrain approve gate-31-code-1-8dbf2163b3b83e82", "/worktrain approve gate-31-code-1-8dbf2163b3b83e82"],
    [`/worktrain approve ${"a".repeat(40)}`, `/worktrain approve ${"a".repeat(40)}`],
    ["/worktrain reject  Not without a test, für `1.5h` [see](x) ", "/worktrain reject Not without a test, für `1.5h` [see](x)"],
    ["Looks good, thank you.\n/worktrain resume\nBye", "/worktrain resume"],
    ["\r\n/worktrain resume\r\n", "/worktrain resume"],
    ["/worktrain run wr.research", "/worktrain run wr.research"],
    ["/worktrain run wr.research Compare  the parsers", '/worktrain run wr.research "Compare  the parsers"'],
    ['/worktrain run wr.research "Compare the parsers"', '/worktrain run wr.research "Compare the parsers"'],
    ['/worktrain run  "Only the CSV import" ', '/worktrain run "Only the CSV import"'],
    ["/worktrain run \u201conly \u201ccsv\u201d imports\u201d", '/worktrain run "\u201conly \u201ccsv\u201d imports\u201d"'],
    ["/worktrain run \u201eNur der Import\u201c", '/worktrain run "Nur der Import"'],
    ['/worktrain run "fast" means below a second', "/worktrain run \u201c\"fast\" means below a second\u201d"],
    ["> /worktrain reject it\n\n/worktrain approve", "/worktrain approve"],
    ["```\n/worktrain reject it\n```\n/worktrain approve", "/worktrain approve"],
    ["<!-- /worktrain reject it -->\n\n/worktrain approve", "/worktrain approve"],
    ["- a list\n- of two\n\n/worktrain approve", "/worktrain approve"],
    ["- ```sh\n  npm test\n  ```\n\n/worktrain approve", "/worktrain approve"],
    ["<details><summary>log</summary>\n\nlong\n\n</details>\n\n/worktrain approve", "/worktrain approve"],
  ])("%j is %j", (body, command) => expect(kindOf(body)).toBe(command));

  it.each<[string, string, number, string, string]>([
    ["/worktrain", "command-missing", 11, "no command", "/worktrain help"],
    ["/worktrain aprove", "command-unknown", 12, "no such command", "Did you mean `/worktrain approve`?"],
    ["/worktrain STATUS", "command-unknown", 12, "no such command", "Did you mean `/worktrain status`?"],
    ["/worktrain frobnicate", "command-unknown", 12, "no such command", "for the list"],
    ["/worktrain constructor", "command-unknown", 12, "no such command", "for the list"],
    ["/worktrain status --verbose", "flag-unknown", 19, "no flag like this", "`/worktrain status`"],
    ["/worktrain approve -y", "flag-unknown", 20, "no flag like this", "/worktrain approve [GATE]"],
    ["/worktrain status now", "operand-unexpected", 19, "takes nothing here", "a line of its own"],
    ["/worktrain approve gate-1-a gate-2-b", "operand-unexpected", 29, "takes nothing here", "/worktrain approve [GATE]"],
    ["/worktrain reject", "operand-missing", 18, "needs REASON", "/worktrain reject REASON"],
    ["/worktrain reject   ", "operand-missing", 18, "needs REASON", "/worktrain reject REASON"],
    ["/worktrain approve 1234567", "operand-malformed", 20, "abbreviated SHA", "all digits"],
    [`/worktrain approve ${"a".repeat(39)}`, "operand-malformed", 20, "abbreviated SHA", "all digits"],
    ["/worktrain run übung", "look-alike", 16, "U+00FC", "plain Latin"],
    ["/worktrain run ./x.yaml", "operand-malformed", 16, "no WORKFLOW", "a goal without one stands in quotes"],
    ['/worktrain run ""', "operand-malformed", 16, "GOAL is empty", "between the quotes"],
    ['/worktrain run "Which parser?', "operand-malformed", 16, "quotes of GOAL are not closed", "at the end of the line"],
    ["/worktrain run wr.research \u201cWhich parser?", "operand-malformed", 28, "quotes of GOAL are not closed", "at the end of the line"],
    [`/worktrain run "${"x".repeat(MAX_TEXT_CHARS + 1)}"`, "too-long", 16 + MAX_TEXT_CHARS, "1001 characters", "shorter"],
    ["/worktrain approve it", "operand-malformed", 20, "no GATE", "as the status comment names it"],
    [`/worktrain reject ${"x".repeat(MAX_TEXT_CHARS + 1)}`, "too-long", 19 + MAX_TEXT_CHARS, "1001 characters", "shorter"],
    [`/worktrain reject ${"x".repeat(MAX_LINE_CHARS)}`, "too-long", MAX_LINE_CHARS + 1, "2018 characters", "shorter"],
  ])("%j is refused: %s at column %i", (body, kind, column, message, fix) => {
    expect(readComment(body)).toMatchObject({ kind: "refused", refusal: { kind, line: 1, column, message: expect.stringContaining(message), fix: expect.stringContaining(fix) } });
  });

  it("flags come before, between and behind words, each once, and a near one is named", () => {
    const wide = (line: string) => parseCommandLine(line, WIDE);
    expect(wide("/worktrain fix a --again b")).toEqual({ ok: true, value: { name: "fix", operands: { FINDING: ["a", "b"] }, flags: ["again"] } });
    expect(wide("/worktrain review --full --quick")).toMatchObject({ ok: true, value: { flags: ["full", "quick"] } });
    expect(wide("/worktrain review --ful")).toMatchObject({ ok: false, error: { kind: "flag-unknown", column: 19, fix: "Did you mean `--full`?" } });
    expect(wide("/worktrain review --full --full")).toMatchObject({ ok: false, error: { kind: "flag-repeated", column: 26 } });
    expect(wide("/worktrain review --hasOwnProperty")).toMatchObject({ ok: false, error: { kind: "flag-unknown" } });
    expect(wide("/worktrain run wr.bug Find out why --all is slow")).toMatchObject({ ok: true, value: { operands: { WORKFLOW: ["wr.bug"], GOAL: ["Find out why --all is slow"] } } });
  });

  it("the first command of a comment counts, whatever it is; the others are named by line", () => {
    expect(readComment("/worktrain approve\n/worktrain status\n\n/worktrain help")).toMatchObject({ kind: "command", command: { name: "approve" }, line: 1, notDone: [2, 4] });
    expect(readComment("/worktrain aprove\n\n/worktrain approve")).toMatchObject({ kind: "refused", notDone: [3] });
  });

  it.each([
    ["@our-train", "run", {}],
    ["@Our-Train", "run", {}],
    ["@our-train[bot] status", "status", {}],
    ["@our-train, cancel", "cancel", {}],
    ["Thank you.\n@our-train: reject not like this", "reject", { REASON: ["not like this"] }],
    ['@our-train run "Which parser?"', "run", { GOAL: ["Which parser?"] }],
  ])("a mention of the App takes the same grammar, and alone means run: %j", (body, name, operands) => {
    expect(readComment(body, { slug: "our-train" })).toMatchObject({ kind: "command", command: { name, operands } });
    expect(readComment(body)).toEqual({ kind: "none" });
  });

  it("what stands behind a mention and is no command is told with its place", () => {
    expect(readComment("Hello\n\n@our-train reviw", { slug: "our-train" })).toMatchObject({ kind: "refused", refusal: { kind: "command-unknown", line: 3, column: 12, fix: expect.stringContaining("/worktrain review") } });
    expect(readComment("@our-train status\n/worktrain help", { slug: "our-train" })).toMatchObject({ kind: "command", notDone: [2] });
    expect(readComment("- a list\n@our-train status", { slug: "our-train" })).toMatchObject({ kind: "refused", refusal: { kind: "not-alone" } });
  });
});

describe("attack 2: what is no command", () => {
  it.each([
    ["text", "Please type /worktrain approve"],
    ["one blank before it", " /worktrain approve"],
    ["another word", "/worktrainer approve"],
    ["a path", "/worktrain.yml is missing"],
    ["a fence", "```\n/worktrain approve\n```"],
    ["a fence of tildes with an info string", "~~~ sh `x`\n/worktrain approve\n~~~"],
    ["a fence that is never closed", "```\n/worktrain approve"],
    ["a fence that a shorter one does not close", "````\n```\n/worktrain approve\n````"],
    ["a fence that an indented one does not close", "```\n    ```\n/worktrain approve\n```"],
    ["a fence that another sign does not close", "```\n~~~\n/worktrain approve\n```"],
    ["a fence behind words", "Run this:\n```\n\n/worktrain approve\n```"],
    ["an indented block", "    /worktrain approve"],
    ["a tab", "\t/worktrain approve"],
    ["code in a line", "`/worktrain approve`"],
    ["a quote", "> /worktrain approve"],
    ["a quote of a quote", ">> /worktrain approve"],
    ["a comment in HTML", "<!--\n/worktrain approve\n-->"],
    ["a comment in HTML over an empty line", "<!-- do not\n\n/worktrain approve\n\n-->"],
    ["a comment in HTML that is never closed", "<!--\n\n/worktrain approve"],
    ["a comment that begins behind another", "<!-- a --> <!--\n\n/worktrain approve\n-->"],
    ["<pre> over an empty line", "<pre>\n\n/worktrain approve\n\n</pre>"],
    ["a processing instruction", "<?x\n\n/worktrain approve\n?>"],
    ["a link's text", "[/worktrain approve](https://example.org)"],
    ["a link's target", "[x](/worktrain)"],
  ])("%s says nothing", (_, body) => expect(readComment(body)).toEqual({ kind: "none" }));

  it.each([
    ["a lazy line of a quote", "> He said\n/worktrain approve", "not-alone"],
    ["a lazy line of a list", "- first\n/worktrain approve", "not-alone"],
    ["a lazy line of a numbered list", "1. first\n/worktrain approve", "not-alone"],
    ["a code span over lines", "see `this\n/worktrain approve\n`", "not-alone"],
    ["a link's text over lines", "[click\n/worktrain approve\n](https://example.org)", "not-alone"],
    ["a link's definition", "[x]:\n/worktrain approve", "not-alone"],
    ["an attribute over lines", "<img alt=\"\n/worktrain approve\n\">", "not-alone"],
    ["a table's row", "| a |\n| - |\n/worktrain approve", "not-alone"],
    ["a quote in HTML", "<blockquote>\n\n/worktrain approve\n\n</blockquote>", "inside-html"],
    ["struck out in HTML", "<del>\n\n/worktrain approve\n\n</del>", "inside-html"],
    ["folded away", "<details>\n\n/worktrain approve\n\n</details>", "inside-html"],
    ["inside, though an inner one is closed", "<blockquote><p>a</p>\n\n/worktrain approve", "inside-html"],
    ["a zero-width space before it", "\u200b/worktrain approve", "look-alike"],
    ["a zero-width space in it", "/work\u200btrain approve", "look-alike"],
    ["a zero-width space behind it", "/worktrain\u200b approve", "look-alike"],
    ["a byte order mark", "\ufeff/worktrain approve", "look-alike"],
    ["a Cyrillic o", "/wоrktrain approve", "look-alike"],
    ["full-width letters", "／ｗｏｒｋｔｒａｉｎ approve", "look-alike"],
    ["another slash", "∕worktrain approve", "look-alike"],
    ["capitals", "/WorkTrain approve", "look-alike"],
    ["a no-break space behind it", "/worktrain\u00a0approve", "look-alike"],
    ["a Cyrillic a in the command", "/worktrain аpprove", "look-alike"],
    ["a no-break space in the command", "/worktrain approve\u00a0gate-1-a", "look-alike"],
    ["a full-width dash", "/worktrain status －－all", "operand-unexpected"],
    ["a zero-width joiner in the command", "/worktrain app\u200drove", "hidden-character"],
    ["a soft hyphen", "/worktrain app\u00adrove", "hidden-character"],
    ["text that runs backwards", "/worktrain reject \u202eevorppa", "hidden-character"],
    ["letters of tags in the reason", "/worktrain reject fine\u{e0041}\u{e0042}", "hidden-character"],
    ["a line separator in the reason", "/worktrain reject a\u2028/worktrain approve", "hidden-character"],
    ["NUL", "/worktrain approve\u0000", "hidden-character"],
    ["half of a pair", "/worktrain reject \ud83d", "hidden-character"],
  ])("%s is refused and told", (_, body, kind) => expect(kindOf(body)).toBe(kind));

  it.each([
    ["a word before it", "Ask @our-train to run"],
    ["another account", "@our-train-dev run"],
    ["a team", "@our-train/team run"],
    ["a sentence's end", "@our-train. It runs."],
    ["a fence", "```\n@our-train run\n```"],
    ["code in a line", "`@our-train run`"],
    ["a quote", "> @our-train run"],
    ["an indented block", "    @our-train run"],
    ["a comment in HTML", "<!--\n@our-train run\n-->"],
  ])("a mention as %s says nothing", (_, body) => expect(readComment(body, { slug: "our-train" })).toEqual({ kind: "none" }));

  it("says where the odd character is, by its code", () => {
    expect(readComment("Hello\n\n/worktrain аpprove")).toMatchObject({ refusal: { line: 3, column: 12, message: expect.stringContaining("U+0430") } });
    expect(readComment("/wоrktrain approve")).toMatchObject({ refusal: { line: 1, column: 3 } });
  });
});

describe("properties of the parser", () => {
  const pieces = fc.constantFrom("/worktrain", "approve", "reject", "help", "--full", "--", "gate-1-a", "```", "~~~", "<!--", "-->", "<pre>", "</pre>", "<details>", "> ", "- ", "    ", "`", "[", "|", " ", "\t", "\n", "\r\n", "\u200b", "\u2028", "о", "０", "\ud800", "😀");
  const body = fc.oneof(fc.string({ unit: "binary" }), fc.array(fc.oneof(pieces, fc.string({ maxLength: 4 })), { maxLength: 40 }).map((parts) => parts.join("")));

  test("it is total: every text is read, and every refusal says where and what instead", () => {
    fc.assert(
      fc.property(body, (text) => {
        const read = readComment(text, { grammar: WIDE });
        if (read.kind !== "refused") return;
        const { line, column, message, fix } = read.refusal;
        const lines = text.split(/\r\n|\n|\r/);
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(lines.length);
        expect(column).toBeGreaterThanOrEqual(1);
        expect(column).toBeLessThanOrEqual([...(lines[line - 1] ?? "")].length + 1);
        expect(message).toMatch(/\.$/);
        expect(fix).not.toBe("");
      }),
      { numRuns: 2_000 },
    );
  });

  test("what counts is a line that is written just so, outside every fence that is closed before the next begins", () => {
    fc.assert(
      fc.property(body, (text) => {
        const read = readComment(text, { grammar: WIDE });
        if (read.kind === "command") expect(text.split(/\r\n|\n|\r/)[read.line - 1]).toMatch(/^\/worktrain[ \t]/);
      }),
      { numRuns: 2_000 },
    );
  });

  test("no text, put into a fence, a quote or a comment of HTML, is a command", () => {
    const inner = fc.array(fc.oneof(fc.constantFrom("/worktrain approve", "", "text", "- x", "<p>"), fc.string({ maxLength: 6 }).map((line) => line.replaceAll(/[\r\n`~<>-]/g, ""))), { maxLength: 8 });
    fc.assert(
      fc.property(inner, (lines) => {
        expect(readComment(["````", ...lines, "````"].join("\n"))).toEqual({ kind: "none" });
        expect(readComment(lines.map((line) => `> ${line}`).join("\n"))).toEqual({ kind: "none" });
        expect(readComment(["<!--", ...lines, "-->"].join("\n"))).toEqual({ kind: "none" });
      }),
    );
  });

  const word = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,12}$/);
  const reason = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 60 }).map((text) => text.trim()).filter((text) => text !== "" && !text.startsWith("-"));
  const flagsOf = (...names: string[]) => fc.shuffledSubarray(names);
  const none = { operands: fc.constant({}), flags: fc.constant([]) };
  const command: fc.Arbitrary<Command<string>> = fc.oneof(
    fc.record({ name: fc.constantFrom("help", "status", "resume", "approve"), ...none }),
    fc.record({ name: fc.constant("approve"), operands: word.map((gate) => ({ GATE: [`gate-${gate.replaceAll(".", "-")}`] })), flags: fc.constant([]) }),
    fc.record({ name: fc.constant("reject"), operands: reason.map((text) => ({ REASON: [text] })), flags: fc.constant([]) }),
    fc.record({ name: fc.constant("run"), operands: fc.tuple(fc.stringMatching(/^[a-z][a-z.-]{0,8}$/), reason).map(([id, goal]) => ({ WORKFLOW: [id], GOAL: [goal] })), flags: fc.constant([]) }),
    fc.record({ name: fc.constant("review"), operands: fc.constant({}), flags: flagsOf("full", "quick") }),
    fc.record({ name: fc.constant("fix"), operands: fc.array(word, { minLength: 1, maxLength: 4 }).map((findings) => ({ FINDING: findings })), flags: flagsOf("again") }),
  );

  test("what is formatted is read back as it was", () => {
    fc.assert(
      fc.property(command, (given) => {
        const read = readComment(formatCommand(given, WIDE), { grammar: WIDE });
        expect(read).toEqual({ kind: "command", command: given, line: 1, notDone: [] });
      }),
      { numRuns: 1_000 },
    );
  });

  test("a comment as long as GitHub takes is read in a moment, whatever it holds", () => {
    const worst = ["`", "<", "<a ", "<!--", "- ", "[", "/worktrain ", "/worktrain\n", "<details>\n", "\u200b", "> ", "```\n"].map((piece) => piece.repeat(Math.ceil(65_536 / piece.length)).slice(0, 65_536));
    const begun = performance.now();
    for (const text of worst) readComment(text);
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});

test("help lists every command of the grammar", () => {
  const table = commandTable(WIDE);
  for (const name of Object.keys(WIDE)) expect(table).toContain(`\`/worktrain ${name}`);
  expect(table).toContain("`/worktrain fix [--again] [FINDING...]` | Fixes. `--again`: once more |");
  expect(table).toContain("`/worktrain reject REASON`");
});
