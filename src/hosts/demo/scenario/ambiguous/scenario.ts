import type { DemoScenario } from "../scenario.ts";
import { model } from "./model.ts";

export const ambiguous: DemoScenario = {
  name: "ambiguous",
  shows: "An issue with two readings. WorkTrain says how it understands it and asks; somebody who may not approve is not obeyed; after `/worktrain approve` by the maintainer it goes on and delivers.",
  ends: [
    {
      subject: "issue-1",
      endings: ["awaiting-approval", "ready"],
      mode: "implement",
      pullRequest: "open",
      base: "same",
      tests: { before: "green", after: "green", merged: "green" },
      findings: { made: 0, mended: 0, redThenGreen: 0 },
      says: ["Is this what is meant?", "Sorted by family name, or by given name as the lines begin?", "WorkTrain made pull request #2"],
    },
  ],
  repository: { name: "guest-list", directory: "src/hosts/demo/scenario/ambiguous/repository", commit: "Lists of guests" },
  async people({ join, openIssue, label, comment, untilReaction, untilOver }) {
    join("grace", "triage");
    const issue = await openIssue({ title: "Print the guests sorted", body: "The host finds nobody on a long list. Please print it sorted by name." });
    await label(issue);
    await untilOver(issue);
    await untilReaction(await comment("grace", issue, "/worktrain approve"), "confused");
    await comment("ada", issue, "/worktrain approve");
    await untilOver(issue);
  },
  model,
};
