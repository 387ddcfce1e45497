import { jsonOption, sourceOption, type Command } from "../command.ts";

export const workflows: Command = {
  name: "workflows",
  operands: "",
  summary: "Lists the workflows at hand: bundled, the team's (.worktrain/workflows), and extra sources.",
  options: {
    search: { kind: "text", value: "TEXT", help: "words that id, name, description, category or tags must hold" },
    category: { kind: "text", value: "C", help: "only this category" },
    tag: { kind: "text", value: "T", help: "only with this tag" },
    source: sourceOption,
    json: jsonOption,
  },
  async run(call, { packageRoot, workingDirectory, log }) {
    const [{ filterListings, listWorkflows, openLibrary }, { categoriesOf, tagsOf }] = await Promise.all([import("../../../library/index.ts"), import("../../../workflow/index.ts")]);
    const library = openLibrary({ packageRoot, workspace: workingDirectory, extra: call.texts("source") });
    for (const { file, line, column, message } of library.faults) log(`${file}:${line}:${column}: ${message} The file is left out.`);
    const listed = filterListings(listWorkflows(library), { query: call.text("search"), category: call.text("category"), tag: call.text("tag") });
    const width = Math.max(0, ...listed.map(({ id }) => id.length));
    const lines = listed.map(({ id, source, category, description }) => `${id.padEnd(width)}  ${source.padEnd(7)}  ${category ?? "-"}: ${description}`);
    return { exitCode: 0, text: lines.length === 0 ? "No workflow fits." : lines.join("\n"), data: { workflows: listed, categories: categoriesOf(library.catalogue), tags: tagsOf(library.catalogue), faults: library.faults } };
  },
};
