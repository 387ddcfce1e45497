/** Writes what the documentation takes from the code: `node scripts/generate-docs.mjs` (Node 24). Tests compare. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { configJsonSchema, configTable } from "../src/config/index.ts";
import { commands } from "../src/hosts/cli/commands/index.ts";
import { commandsMarkdown } from "../src/hosts/cli/help.ts";
import { listWorkflows, openLibrary, workflowsTable } from "../src/library/index.ts";
import { workflowJsonSchema } from "../src/workflow/file-schema.ts";
import { lintRulesTable } from "../src/workflow/lint/index.ts";

const docs = new URL("../docs/", import.meta.url);

/** Replaces what stands between `<!-- generated:NAME -->` and `<!-- /generated -->`. */
function replaceGenerated(file, name, content) {
  const page = new URL(file, docs);
  const text = readFileSync(page, "utf8");
  const pattern = new RegExp(`(<!-- generated:${name} -->\n)[\\s\\S]*?(<!-- /generated -->)`);
  if (!pattern.test(text)) throw new Error(`docs/${file} has no place generated:${name}.`);
  writeFileSync(page, text.replace(pattern, (_, start, end) => `${start}${content}\n${end}`));
}

writeFileSync(new URL("worktrain.schema.json", docs), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
writeFileSync(new URL("workflow.schema.json", docs), `${JSON.stringify(workflowJsonSchema(), null, 2)}\n`);
replaceGenerated("configuration.md", "config", configTable());
replaceGenerated("authoring-workflows.md", "lint-rules", lintRulesTable());
replaceGenerated("authoring-workflows.md", "shipped-workflows", workflowsTable(listWorkflows(openLibrary({ packageRoot: fileURLToPath(new URL("../", import.meta.url)), workspace: null, extra: [] }))));
replaceGenerated("commands.md", "commands", commandsMarkdown(commands));
