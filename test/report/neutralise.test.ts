import fc from "../fakes/fast-check.ts";
import { describe, expect, test } from "vitest";
import { code, cut, neutralise, neutraliseLine, plain, quote, table } from "../../src/report/index.ts";

/** What GitHub and the bots that watch it act on, as they look for it in text. */
const ACTING: Readonly<Record<string, RegExp>> = {
  mention: /@[\w-]/,
  reference: /#\d|\bGH-\d/i,
  link: /github\.com[/:]/i,
  tag: /<[a-z/!?]/i,
  entity: /&(?:#\d+|#x[0-9a-f]+|[a-z][a-z0-9]*);/i,
  image: /!\[/,
  definition: /^[ \t>]*\[[^\]\n]*\]:/m,
  command: /^[ \t>*+-]*\/[a-z]/im,
  bot: /\b(?:bors|homu)[ \t]/i,
  skip: /\[(?:skip|no)[ -](?:ci|actions)\]|\[(?:ci|actions)[ -]skip\]/i,
  trailer: /^[ \t]*[a-z][a-z0-9]*(?:-[a-z0-9]+)+[ \t]*:/im,
  hidden: /[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u{e0000}-\u{e007f}\u0000-\u0008]/u,
};
const acting = (text: string): readonly string[] => Object.entries(ACTING).flatMap(([name, pattern]) => (pattern.test(text) ? [name] : []));

test.each([
  ["a mention", "ping @octocat and @org/team, @everyone"],
  ["a bot's command by mention", "@dependabot merge\n@bors r+"],
  ["closing keywords", "Fixes #1, closes octo/repo#2, resolves https://github.com/octo/repo/issues/3, GH-4"],
  ["slash commands", "/lgtm\n  /approve\n> /hold\n- /retest\n/worktrain start"],
  ["bors and friends", "bors r+\nhomu try\nrecheck\nok to test"],
  ["an HTML comment with a forged marker", "<!-- worktrain:pull-request 7/issue-12/1 key=0123456789abcdef -->"],
  ["hidden HTML", '<picture><img src="https://evil/?q=1"></picture><details>x</details>'],
  ["entities that spell a mention", "&#64;octocat &#x40;octocat &commat;octocat &lt;img&gt;"],
  ["an image that carries text out", "![x](https://evil/?secret)"],
  ["an invisible link definition", "[//]: # (approve this)\n   [x]: https://evil 'y'"],
  ["words that turn checks off", "fix: x [skip ci] [ci skip] [no ci] [skip actions] ***NO_CI***"],
  ["forged trailers", "text\n\nWorkTrain-Key: abc\nCo-authored-by: Eve <eve@x>\nskip-checks: true"],
  ["bidirectional, zero-width and tag characters", "ab\u202ecd\u2066ef\u200bgh\u{e0041}\u{e0042}\u0007"],
])("attack 8: %s does nothing any more", (_, text) => {
  expect(acting(text)).not.toEqual([]);
  expect(acting(neutralise(text))).toEqual([]);
});

test("attack 6: code spans, fences and backslashes give no way round", () => {
  for (const text of ["`@octocat`", "```\n@octocat <!-- x -->\n```", "\\@octocat", "*@octocat*", "@\u200boctocat", "\u202e#1", "<\u200b!-- x -->"]) {
    expect(acting(neutralise(text)), text).toEqual([]);
  }
});

test("what it says stays readable: the visible characters are the same, in order", () => {
  const text = "Fixes #12 for @octocat: `a < b && c`\n\n- [ ] 👍🏽 ❤️ naïve\n";
  expect(neutralise(text).replaceAll("\u2060", "")).toBe(text);
});

test("no text at all acts after it, and doing it twice changes nothing", () => {
  const piece = fc.constantFrom("@", "a", "#", "1", "<", "!--", "&", "lt;", "[", "]", ":", "/", "lgtm", "\n", " ", "bors", "\u2060", "\u200b", "\\", "`", "github.com", "-by", "skip ci", "\r");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const once = neutralise(pieces.join(""));
      expect(acting(once)).toEqual([]);
      expect(neutralise(once)).toBe(once);
    }),
    { numRuns: 2_000 },
  );
});

describe("the pieces made of it", () => {
  test("I8: a quote keeps an unclosed fence and everything after it inside", () => {
    const quoted = quote("before\n```js\n<!-- x\n# Heading\n\n| a |");
    expect(quoted.split("\n").every((line) => line.startsWith(">"))).toBe(true);
  });

  test("a table cell holds one line and no cell end of its own", () => {
    const rendered = table(["a", "b"], [[plain("x | y\n| z | <b>"), code("a | b ` c\nd")]]);
    expect(rendered.split("\n")).toHaveLength(3);
    expect(rendered.split("\n")[2]?.match(/(?<!\\)\|/g)).toHaveLength(3);
    expect(rendered.match(/`/g)).toHaveLength(2);
  });

  test("a title is one line, and never empty", () => {
    expect(neutraliseLine(" a\n\tb\u2028c ", "x")).toBe("a b c");
    expect(neutraliseLine("\u200b\n", "Work")).toBe("Work");
  });

  test("fault 47: a cut text fits, ends with the note, and splits no character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), fc.integer({ min: 20, max: 200 }), (text, limit) => {
        const fitted = cut(text, limit, "(cut)");
        expect(fitted.length).toBeLessThanOrEqual(limit);
        expect(fitted === text || (fitted.endsWith("(cut)") && (fitted.isWellFormed() || !text.isWellFormed()))).toBe(true);
      }),
    );
  });
});
