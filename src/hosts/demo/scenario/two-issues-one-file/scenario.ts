import type { DemoScenario, ItemEnd } from "../scenario.ts";
import { model, shortenTask, slugTask } from "./model.ts";

const delivered: Omit<ItemEnd, "subject" | "pullRequest" | "base"> = {
  endings: ["ready"],
  mode: "quick",
  tests: { before: "green", after: "green", merged: "green" },
  findings: { made: 0, mended: 0, redThenGreen: 0 },
  says: ["WorkTrain made pull request #"],
};

export const twoIssuesOneFile: DemoScenario = {
  name: "two-issues-one-file",
  shows: "Two issues labelled at once that change the same file. Each gets a run and a pull request of its own; one is merged, and the other, whose base has moved, still merges with nothing of either lost.",
  ends: [
    { subject: "issue-1", pullRequest: "merged", base: null, ...delivered },
    { subject: "issue-2", pullRequest: "open", base: "moved", ...delivered },
  ],
  repository: { name: "headings", directory: "src/hosts/demo/scenario/two-issues-one-file/repository", commit: "Small functions on headings" },
  async people({ openIssue, label, untilOver, merge }) {
    const slug = await openIssue(slugTask.issue);
    const shorten = await openIssue(shortenTask.issue);
    await Promise.all([label(slug), label(shorten)]);
    await Promise.all([untilOver(slug), untilOver(shorten)]);
    await merge(slug);
  },
  model,
};
