import type { DemoScenario } from "../scenario.ts";
import { model } from "./model.ts";

export const smallBug: DemoScenario = {
  name: "small-bug",
  shows: "A small bug with a failing test: the first fix passes it, the reviewer finds the same fault one unit higher, and the second fix goes to the cause.",
  ends: [{ subject: "issue-1", endings: ["ready"], mode: "quick", pullRequest: "open", base: "same", tests: { before: "red", after: "green", merged: "green" }, findings: { made: 1, mended: 1, redThenGreen: 1 }, says: ["WorkTrain made pull request #2"] }],
  repository: { name: "tidy-time", directory: "src/hosts/demo/scenario/small-bug/repository", commit: "Durations as people write them" },
  async people({ openIssue, label, untilOver }) {
    const issue = await openIssue({
      title: "59.7 seconds are printed as 60s",
      body: `\`formatDuration(59.7)\` gives \`60s\`. The README says that it rounds to whole seconds, so I expect \`1m\`.

There is a failing test for it in \`test/format.test.js\`.`,
    });
    await label(issue);
    await untilOver(issue);
  },
  model,
};
