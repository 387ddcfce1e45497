import type { DemoScenario } from "../scenario.ts";
import { model } from "./model.ts";

export const largeIssue: DemoScenario = {
  name: "large-issue",
  shows: "An issue that is too large for one change. Its pitch lies in the repository and is taken; WorkTrain proposes how to cut it and asks; after `/worktrain approve` the sub-issues are made and linked, without a label, and nothing is built.",
  ends: [
    {
      subject: "issue-1",
      endings: ["awaiting-approval", "decomposed"],
      mode: "full",
      pullRequest: "none",
      base: null,
      tests: { before: "green", after: null, merged: null },
      findings: { made: 0, mended: 0, redThenGreen: 0 },
      says: ["Invoices show VAT by the customer's country", "3. #4 (after #2, #3)", "cut the work into sub-issues"],
    },
  ],
  repository: { name: "invoices", directory: "src/hosts/demo/scenario/large-issue/repository", commit: "The sum of an invoice" },
  async people({ openIssue, label, comment, untilOver }) {
    const issue = await openIssue({ title: "Invoices that can be sent", body: "Invoices are written by hand. They need VAT by country, a discount on the whole, and a form that can be sent." });
    await label(issue);
    await untilOver(issue);
    await comment("ada", issue, "/worktrain approve");
    await untilOver(issue);
  },
  model,
};
