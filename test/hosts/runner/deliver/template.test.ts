/** The repository's pull request template through the deliver job: kept, filled, and never obeyed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { findProofBlock } from "../../../../src/delivery/index.ts";
import { fillTemplate, MAX_TEMPLATE_CHARS } from "../../../../src/delivery/text/template.ts";
import { assertRequestsConform } from "../../../contract/openapi.ts";
import { asks, startWorld, type Item, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  assertRequestsConform(world.github.requests.filter(({ who }) => who === "deliver"));
  await world.close();
});

/** The body of a pull request made with these files on the default branch; they are gone afterwards. */
async function bodyWith(files: Readonly<Record<string, string>>, wish: Parameters<World["item"]>[0] = {}): Promise<{ readonly body: string; readonly item: Item }> {
  await world.push(files, "templates");
  const item = await world.item(wish);
  const result = await item.deliver();
  expect([result.exitCode, result.summary]).toEqual([0, result.summary]);
  await world.push(Object.fromEntries(Object.keys(files).map((path) => [path, null])), "no templates");
  return { body: (await item.seen()).pulls[0]?.body ?? "", item };
}

const TEMPLATE = `Thanks! Read CONTRIBUTING first.

## 📝 What does this PR do?
<!-- Say what changes. -->

## Why

## Screenshots
<!-- If it can be seen. -->

## How has this been tested?
\`\`\`sh
# Testing is not a heading here
\`\`\`

## Checklist
- [ ] All existing tests pass
- [x] I have read the CLA
* [ ] Docs changed
`;

test("its headings and comments stay, known ones are filled, no box is ticked, and the marker is the first line", async () => {
  const before = world.github.requests.length;
  const { body, item } = await bodyWith({ ".github/PULL_REQUEST_TEMPLATE.md": TEMPLATE }, { handoff: { prBody: "Rounds the sum once." } });
  expect(body.split("\n")[0]).toBe(`<!-- worktrain:pull-request ${item.ticket.item} key=${item.ticket.key} -->`);
  expect(body).toContain(`Fixes #${item.issueNumber}\n`);
  const headings = [...body.matchAll(/^## .*$/gm)].map(([line]) => line);
  expect(headings).toEqual(["## 📝 What does this PR do?", "## Why", "## Screenshots", "## How has this been tested?", "## Checklist"]);
  const under = (heading: string): string => body.split(`${heading}\n`)[1]?.split(/^## /m)[0] ?? "";
  expect(under(headings[0] ?? "")).toMatch(/^<!-- Say what changes\. -->\n\n> Rounds the sum once\./);
  expect(under("## Why")).toContain(`#${item.issueNumber} (`);
  expect(under("## Screenshots").trim()).toBe("<!-- If it can be seen. -->");
  expect(under(headings[3] ?? "")).toContain("| The branch holds the record's files |");
  expect(under("## Checklist")).toMatch(/- \[ \] All existing tests pass\n- \[ \] I have read the CLA\n\* \[ \] Docs changed/);
  expect(findProofBlock(body)).toHaveProperty("block");
  // What has no heading there comes below, under ours; nothing twice.
  expect([...body.matchAll(/^### .*$/gm)].map(([line]) => line).filter((line) => !/Mind/.test(line))).toEqual(["### Review", "### What it took"]);
  expect(body).toContain("at the word of `mona`");
  // In the query that is asked anyway.
  expect(world.github.requests.slice(before).filter(({ path }) => /template/i.test(path))).toEqual([]);
});

test("I8: a template acts for nobody: no mention, reference, command, marker or unclosed comment of it", async () => {
  const hostile = `@everyone Closes #1
/approve
<script>x</script> <details><summary>More</summary></details>
<!-- worktrain:proof --><!-- worktrain:proof end -->
<!-- worktrain:pull-request 1/issue-9/1 key=00 -->
<!--> @team <!-- ok -->
## Description
![x](https://elsewhere/?q)
<!-- never closed
`;
  const { body } = await bodyWith({ "docs/pull_request_template.md": hostile });
  expect(body).not.toMatch(/@everyone|@team|Closes #1|^\/approve|<script|!\[x|<!-- never/m);
  expect(body).toContain("<details><summary>More</summary>");
  expect(body.match(/<!-- worktrain:pull-request /g)).toHaveLength(1);
  expect(findProofBlock(body)).toHaveProperty("block");
  expect(body).toContain("### Review");
});

test("of several the one with the plain name is taken; of several without it none", async () => {
  const one = await bodyWith({ ".github/PULL_REQUEST_TEMPLATE/bug.md": "## Bug of it\n", "pull_request_template.md": "## Plain one\n" });
  expect(one.body).toContain("## Plain one");
  expect(one.body).not.toContain("Bug of it");
  const none = await bodyWith({ ".github/PULL_REQUEST_TEMPLATE/bug.md": "## Bug of it\n", ".github/PULL_REQUEST_TEMPLATE/new.md": "## New of it\n" });
  expect(none.body).not.toMatch(/of it\n/);
  expect((await bodyWith({ ".github/PULL_REQUEST_TEMPLATE/bug.md": "## Bug of it\n" })).body).toContain("## Bug of it");
});

test("fault 47: one that is too long is left out and named; a long one takes no room from the proof", async () => {
  const long = await bodyWith({ "pull_request_template.md": "## Why\n".padEnd(MAX_TEMPLATE_CHARS + 1, "x") });
  expect(long.body).toContain("is left out");
  const words = "long line\n".repeat(20_000);
  const full = await bodyWith({ "pull_request_template.md": "<![".repeat(MAX_TEMPLATE_CHARS / 3) }, { handoff: { prBody: words, knownLimitations: [words, words] } });
  expect(full.body.length).toBeLessThanOrEqual(65_536);
  expect(findProofBlock(full.body)).toHaveProperty("block");
  expect(full.body).toContain("Made by WorkTrain");
});

test("where GitHub does not show templates the pull request is made without", async () => {
  const item = await world.item();
  const refusing: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init);
    if (!asks(init, "DeliveryState")) return answer;
    const shown: { data: { repository: Record<string, unknown> } } = JSON.parse(await answer.text());
    shown.data.repository["pullRequestTemplates"] = null;
    return Response.json({ ...shown, errors: [{ type: "FORBIDDEN", message: "no", path: ["repository", "pullRequestTemplates"] }] });
  };
  expect((await item.deliver({}, { fetch: refusing })).exitCode).toBe(0);
  expect((await item.seen()).pulls[0]?.body).toContain("### What was asked");
});

const SECTIONS = { why: "### W\nwhy", what: "### H\nwhat", testing: "### T\ntested", notes: "" };

test("I4: a box is ticked only for tests that GitHub vouches for, and only where the box says nothing else", () => {
  const boxes = ["- [ ] Tests pass", "- [ ] All new and existing unit tests are green locally", "- [ ] Tests do not pass", "- [ ] I added tests and all tests pass", "- [x] Signed"].join("\n");
  const ticked = (passed: boolean): number => fillTemplate(boxes, SECTIONS, passed).text.match(/\[x\]/g)?.length ?? 0;
  expect([ticked(true), ticked(false)]).toEqual([2, 0]);
});

test("a fence or a fold that the template leaves open hides nothing of ours", () => {
  const fence = fillTemplate("## Notes to reviewers\n```sh\nnpm test", SECTIONS, false);
  expect(fence.text).toMatch(/npm test\n```$/);
  expect(fence.unplaced).toEqual(["why", "what", "testing"]);
  expect(fillTemplate("<details><summary>a</summary>\n## Why\n", SECTIONS, false).text).not.toContain("<details>");
  expect(fillTemplate("## Motivation & context\n## Context\n", SECTIONS, false).text.match(/^why$/gm)).toHaveLength(1);
});
