import type { DemoScenario } from "../scenario.ts";
import { model } from "./model.ts";

export const uncertainBug: DemoScenario = {
  name: "uncertain-bug",
  shows: "A bug with two causes that fit as well. It is investigated, nothing is mended, since a fix needs a confidence of 0.8, and the issue gets a report of what is known and what would tell.",
  ends: [
    {
      subject: "issue-1",
      endings: ["reported"],
      mode: "investigate",
      pullRequest: "none",
      base: null,
      tests: { before: "green", after: null, merged: null },
      findings: { made: 0, mended: 0, redThenGreen: 0 },
      says: ["nothing was mended: a fix needs a confidence of 0.8", "confidence 0.4, severity medium", "The feed's log of one such order"],
    },
  ],
  repository: { name: "order-inbox", directory: "src/hosts/demo/scenario/uncertain-bug/repository", commit: "Orders, each once" },
  async people({ openIssue, label, untilOver }) {
    const issue = await openIssue({
      title: "Some orders arrive twice",
      body: `Since last week a handful of orders are packed twice. The feed delivers every order at least once, so two deliveries are fine, but \`take\`
should keep only one. I have seen it with A-17 on Monday and with three others since; most orders are fine.`,
    });
    await label(issue);
    await untilOver(issue);
  },
  model,
};
