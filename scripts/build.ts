/**
 * Builds the Action: `action/dist/main.js` (starts fast; the job's code and the artifact client are lazy chunks),
 * `action/dist/post.js` (its post step) and `action/dist/helper.js` (the program inside the sandbox); the workflow library goes beside them, so that the action's
 * directory is all a runner needs. Then the App as a job (`action/intake/dist`), and the MCP server: `dist/mcp/main.cjs` (CommonJS, which Node starts a fifth faster), and
 * beside it the list of the shipped workflows.
 * @param process.argv[2] where to write instead of action/dist, for the freshness test; the App's job and the MCP server then go beside it, with `-intake` and `-mcp` in their names
 */
import { readFileSync } from "node:fs";
import { cp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Plugin } from "rolldown";
import { listingOf, openLibrary, type ListingIndex } from "../src/library/index.ts";
import { sha256Hex } from "../src/shared/hash.ts";
import { leaveOut, leaveOutDescriptions, ZOD } from "./left-out.ts";

const root = join(import.meta.dirname, "..");
const [, , elsewhere] = process.argv;

await bundle({
  out: elsewhere ?? join(root, "action", "dist"),
  input: { main: "src/hosts/runner/main.ts", post: "src/hosts/runner/post/main.ts", helper: "src/workspace/helper/main.ts" },
  format: "esm",
  plugins: [leaveOut(), leaveOutDescriptions()],
  finish: (out) => cp(join(root, "workflows"), join(out, "workflows"), { recursive: true }),
});
await bundle({
  out: elsewhere === undefined ? join(root, "action", "intake", "dist") : `${elsewhere}-intake`,
  input: { main: "src/hosts/app/job/main.ts" },
  format: "esm",
  plugins: [leaveOut([ZOD]), leaveOutDescriptions()],
  finish: async () => {},
});
await bundle({
  out: elsewhere === undefined ? join(root, "dist", "mcp") : `${elsewhere}-mcp`,
  input: { main: "src/hosts/mcp/main.ts" },
  format: "cjs",
  plugins: [],
  finish: (out) => writeFile(join(out, "listings.json"), `${JSON.stringify(listings(), null, 1)}\n`),
});

interface Bundle {
  readonly out: string;
  readonly input: Readonly<Record<string, string>>;
  readonly format: "esm" | "cjs";
  readonly plugins: readonly Plugin[];
  readonly finish: (out: string) => Promise<void>;
}

/** Built beside and put in place at the end: whoever starts the old bundle meanwhile finds it whole. */
async function bundle({ out, input, format, plugins, finish }: Bundle): Promise<void> {
  const extension = format === "esm" ? "js" : "cjs";
  const fresh = `${out}.building`;
  await rm(fresh, { recursive: true, force: true });
  await build({
    cwd: root,
    input,
    platform: "node",
    plugins: [...plugins],
    // For Node the package offers CommonJS only, of which nothing can be left out.
    resolve: { alias: { yaml: join(root, "node_modules", "yaml", "browser", "dist", "index.js") } },
    logLevel: "warn",
    output: {
      dir: fresh,
      format,
      minify: true,
      // Nothing shakes this tree again, so what is said to a bundler is dead weight.
      comments: { legal: false, annotation: false, jsdoc: false },
      entryFileNames: `[name].${extension}`,
      chunkFileNames: `chunks/[name].${extension}`,
    },
  });
  await finish(fresh);
  await rm(out, { recursive: true, force: true });
  await rename(fresh, out);
}

/** The shipped workflows by the digest of their text. @throws when one does not compile */
function listings(): ListingIndex {
  const { catalogue, faults } = openLibrary({ packageRoot: root, workspace: null, extra: [] });
  const [fault] = faults;
  if (fault !== undefined) throw new Error(`${fault.file}:${fault.line}: ${fault.message}`);
  const entries = [...catalogue.workflows.values()].map((entry) => {
    const { source: _source, file, ...listing } = listingOf(entry, "bundled");
    return [sha256Hex(readFileSync(file, "utf8")), listing] as const;
  });
  return Object.fromEntries(entries.toSorted(([, a], [, b]) => (a.id < b.id ? -1 : 1)));
}
