import type { DemoScenario } from "../scenario.ts";
import { model } from "./model.ts";

export const refactoring: DemoScenario = {
  name: "refactoring",
  shows: "A function that stands three times is brought to one place. Before that each copy is broken on purpose, and where no test notices one is added; at the end somebody else compares what is printed.",
  ends: [{ subject: "issue-1", endings: ["ready"], mode: "refactor", pullRequest: "open", base: "same", tests: { before: "green", after: "green", merged: "green" }, findings: { made: 0, mended: 0, redThenGreen: 0 }, says: ["WorkTrain made pull request #2"] }],
  repository: { name: "till", directory: "src/hosts/demo/scenario/refactoring/repository", commit: "Papers that a shop prints" },
  async people({ openIssue, label, untilOver }) {
    const issue = await openIssue({
      title: "Print amounts in one place",
      body: "`money` stands in invoice, quote and statement. We will have a second currency, and I do not want to change three files for it. Nothing that is printed may change.",
    });
    await label(issue);
    await untilOver(issue);
  },
  model,
};
