import type { DemoScenario } from "../scenario.ts";
import { model } from "./model.ts";

export const plantedDefect: DemoScenario = {
  name: "planted-defect",
  shows: "A feature whose first version forgets half of the issue. Its tests pass; the reviewer, who did not write it, finds the half by reading, with a command that fails before the fix and passes after it.",
  ends: [{ subject: "issue-1", endings: ["ready"], mode: "implement", pullRequest: "open", base: "same", tests: { before: "green", after: "green", merged: "green" }, findings: { made: 1, mended: 1, redThenGreen: 1 }, says: ["WorkTrain made pull request #2"] }],
  repository: { name: "bank-lines", directory: "src/hosts/demo/scenario/planted-defect/repository", commit: "Lines of a bank's export" },
  async people({ openIssue, label, untilOver }) {
    const issue = await openIssue({
      title: "Read fields in quotes",
      body: `Our bank writes texts with commas in double quotes: \`2026-01-03,"Rent, January",-900.00\`. \`parseLine\` refuses that line.

Please read such a field as one, without the quotes around it. As in RFC 4180, a quote inside it is written twice: \`"Café ""Ida""",-4.50\`
begins with the field \`Café "Ida"\`.`,
    });
    await label(issue);
    await untilOver(issue);
  },
  model,
};
