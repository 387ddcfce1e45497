/**
 * Builds the Action: `action/dist/main.js` (starts fast; the job's code and the artifact client are lazy chunks) and
 * `action/dist/helper.js` (the program inside the sandbox); the workflow library goes beside them, so that the action's
 * directory is all a runner needs.
 * @param process.argv[2] where to write instead of action/dist, for the freshness test
 */
import { cp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "rolldown";

const root = join(import.meta.dirname, "..");
const out = process.argv[2] ?? join(root, "action", "dist");

// Built beside and put in place at the end: whoever starts the old bundle meanwhile finds it whole.
const fresh = `${out}.building`;
await rm(fresh, { recursive: true, force: true });
await build({
  cwd: root,
  input: { main: "src/hosts/runner/main.ts", helper: "src/workspace/helper/main.ts" },
  platform: "node",
  logLevel: "warn",
  output: {
    dir: fresh,
    format: "esm",
    minify: true,
    comments: { legal: false },
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name].js",
  },
});
await cp(join(root, "workflows"), join(fresh, "workflows"), { recursive: true });
await rm(out, { recursive: true, force: true });
await rename(fresh, out);
