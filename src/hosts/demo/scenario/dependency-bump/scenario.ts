import type { DemoScenario } from "../scenario.ts";
import { model } from "./model.ts";

export const dependencyBump: DemoScenario = {
  name: "dependency-bump",
  shows: "A vendored dependency goes to its next major version, with two breaking changes. The version alone turns the tests red; the calls are adapted until every answer is what it was, one that no test covered too.",
  ends: [{ subject: "issue-1", endings: ["ready"], mode: "implement", pullRequest: "open", base: "same", tests: { before: "green", after: "green", merged: "green" }, findings: { made: 0, mended: 0, redThenGreen: 0 }, says: ["WorkTrain made pull request #2"] }],
  repository: { name: "parcels", directory: "src/hosts/demo/scenario/dependency-bump/repository", commit: "Labels of parcels" },
  async people({ openIssue, label, untilOver }) {
    const issue = await openIssue({
      title: "Go to units 3",
      body: "units 2.3.0 gets no fixes any more. I have put 3.0.0 into `vendor/units-3.0.0`; please use it and remove the old one. See its CHANGELOG.md for what breaks. Labels must stay as they are.",
    });
    await label(issue);
    await untilOver(issue);
  },
  model,
};
