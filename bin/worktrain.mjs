#!/usr/bin/env node
const { existsSync } = process.getBuiltinModule?.("node:fs") ?? (await import("node:fs"));

const [command, ...args] = process.argv.slice(2);
const bundled = command === "mcp" && !args.includes("--help") && existsSync(new URL("../dist/mcp/main.cjs", import.meta.url));
if (bundled && Number(process.versions.node.split(".")[0]) >= 24) {
  process.argv.splice(2, 1);
  await import("./mcp.mjs");
} else {
  const { run } = await import("../scripts/run.mjs");
  if (bundled) run("bin/mcp.mjs", args);
  else run("src/hosts/cli/main.ts", process.argv.slice(2));
}
