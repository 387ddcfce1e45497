/** Writes what the documentation takes from the code: `node scripts/generate-docs.mjs` (Node 24). A test compares. */
import { readFileSync, writeFileSync } from "node:fs";
import { configJsonSchema, configTable } from "../src/config/index.ts";
import { workflowJsonSchema } from "../src/workflow/file-schema.ts";

const docs = new URL("../docs/", import.meta.url);

/** Replaces what stands between `<!-- generated:NAME -->` and `<!-- /generated -->`. */
function replaceGenerated(text, name, content) {
  const pattern = new RegExp(`(<!-- generated:${name} -->\n)[\\s\\S]*?(\n<!-- /generated -->)`);
  if (!pattern.test(text)) throw new Error(`docs/configuration.md has no place generated:${name}.`);
  return text.replace(pattern, (_, start, end) => start + content + end);
}

writeFileSync(new URL("worktrain.schema.json", docs), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
writeFileSync(new URL("workflow.schema.json", docs), `${JSON.stringify(workflowJsonSchema(), null, 2)}\n`);
const page = new URL("configuration.md", docs);
writeFileSync(page, replaceGenerated(readFileSync(page, "utf8"), "config", configTable()));
