/** A pull request under review that is pushed to: App, agent and deliver on the local GitHub, push by push. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { playThrough } from "../../src/hosts/demo/play-through.ts";
import { statusOf, waitUntil } from "../../src/hosts/demo/play.ts";
import { pull } from "../../src/hosts/demo/scenario/review/model.ts";
import { review } from "../../src/hosts/demo/scenario/review/scenario.ts";
import type { DemoScenario } from "../../src/hosts/demo/scenario/scenario.ts";
import { git } from "../../src/hosts/demo/world.ts";
import { nodeClock } from "../../src/shared/node-ports.ts";
import { assertRequestsConform } from "../contract/openapi.ts";
import { startDemoWorld } from "../fakes/demo-world.ts";

const WORDS = "src/words.js";
const SHIFTED = `// Headings are plain text.\n\n${pull.files[WORDS]}`;
const FIXED = SHIFTED.replace('heading.split(" ").length', "heading.match(/\\S+/g)?.length ?? 0");

test("a push is reviewed from what was reviewed on; a known finding is not told twice, and one whose line is mended is answered and resolved", async () => {
  const world = await startDemoWorld(review.model, review);
  const signal = new AbortController().signal;
  const checkout = join(world.directory, "checkout-of-grace");
  const run = (...args: readonly string[]): Promise<string> => git(checkout, args, world.path);
  const push = async (text: string, attempt: number, ...how: readonly string[]): Promise<void> => {
    await writeFile(join(checkout, WORDS), text);
    await run("commit", "--quiet", "--all", "--author=grace <grace@example.com>", "--message", `Attempt ${attempt}`, ...how);
    await run("push", "--quiet", "--force", "origin", "word-count");
    await waitUntil(world, `Review ${attempt}`, () => statusOf(world, 1)?.attempt === attempt && statusOf(world, 1)?.state === "ended", signal);
    await world.actions.idle();
    await world.github.settled();
  };
  const pushed: DemoScenario = {
    ...review,
    async people(people) {
      await review.people(people);
      await push(SHIFTED, 2);
      // The same commit once more with another content: a force-push that drops the reviewed one.
      await push(FIXED, 3, "--amend");
    },
  };
  try {
    await playThrough({ world, directory: world.directory, scenario: pushed, nodePath: process.execPath, started: nodeClock.monotonicMs(), say: () => undefined, signal });
    assertRequestsConform(world.github.requests);
    const { reviews, resolvedThreads, checkRuns, runs } = world.github.state();
    const verdicts = [...checkRuns.values()].filter(({ name }) => name === "WorkTrain");
    const said = [...reviews.values()].filter(({ body }) => body !== "");
    expect(said.map(({ comments }) => comments.length)).toEqual([1, 0, 0]);
    const [first, second, third] = said;
    expect(first?.comments).toMatchObject([{ path: WORDS, line: 7 }]);
    expect(second?.body).toContain(`new since \`${first?.commitId}\``);
    expect(second?.body).toContain("1 found again, which stand where they were told");
    expect(third?.body).toContain("1 earlier finding not found any more");
    expect(third?.body).toContain("**No finding.**");
    const answers = [...reviews.values()].flatMap(({ comments }) => comments.filter(({ inReplyTo }) => inReplyTo !== null));
    expect(answers).toMatchObject([{ inReplyTo: first?.comments[0]?.id, body: expect.stringContaining(String(third?.commitId)) }]);
    expect([...resolvedThreads]).toEqual([[first?.comments[0]?.id, "github-actions[bot]"]]);
    expect(verdicts.map(({ headSha, conclusion, output }) => [headSha, conclusion, output.title?.startsWith("Superseded by ")])).toEqual([
      [first?.commitId, "failure", true],
      [second?.commitId, "failure", true],
      [third?.commitId, "success", false],
    ]);
    expect(verdicts.map(({ annotations }) => annotations.map(({ path, start_line: line, annotation_level: level }) => [path, line, level]))).toEqual([[[WORDS, 7, "failure"]], [[WORDS, 9, "failure"]], []]);
    // The App's own of each, which tells where the verdict is.
    expect([...checkRuns.values()].filter(({ name }) => name !== "WorkTrain").map(({ name, appSlug, headSha, conclusion }) => [name, appSlug, headSha, conclusion])).toEqual(said.map(({ commitId }) => ["WorkTrain progress", "worktrain", commitId, "neutral"]));
    expect([...runs.values()].map(({ inputs }) => inputs["item"]?.split("/").slice(1).join("/"))).toEqual(["pr-1/1", "pr-1/2", "pr-1/3"]);
  } finally {
    await world.close();
  }
}, 300_000);
