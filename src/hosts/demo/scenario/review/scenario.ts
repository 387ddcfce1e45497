import type { DemoScenario } from "../scenario.ts";
import { model, pull } from "./model.ts";

export const review: DemoScenario = {
  name: "review",
  shows: "A contributor's pull request whose tests pass and whose code has a bug. Labelled, it is read and nothing of it is run; the bug is found and said on its line, and the check run on the commit is red.",
  ends: [
    {
      subject: "pr-1",
      endings: ["reviewed"],
      mode: "review-only",
      pullRequest: "open",
      base: "same",
      tests: { before: "green", after: "green", merged: "green" },
      findings: { made: 1, mended: 0, redThenGreen: 0 },
      review: { state: "COMMENTED", at: "head", inline: ["src/words.js:7"], check: "failure" },
      says: ["WorkTrain reviewed the pull request"],
    },
  ],
  repository: { name: "headings", directory: "src/hosts/demo/scenario/two-issues-one-file/repository", commit: "Small functions on headings" },
  async people({ join, openPull, label, untilOver }) {
    join("grace", "write");
    const number = await openPull("grace", pull);
    await label(number);
    await untilOver(number);
  },
  model,
};
