/** `worktrain mcp`: the only place of the MCP server that knows arguments and environment. */
// oxlint-disable-next-line import/no-unassigned-import -- it has to run before the schemas below are made
import "./interpreted-schemas.ts";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import type { ListingIndex } from "../../library/index.ts";
import { TerminalError } from "../../shared/errors.ts";
import { packageRoot } from "../../shared/package-root.ts";
import type { StoredSessions } from "../../session/stored/index.ts";
import { createServer } from "./server.ts";
import { readSettings, type McpSettings } from "./settings.ts";
import type { McpWorld } from "./world.ts";

/** Clients wait 60 s for an answer, some only 30 s; a verification that takes longer than this is answered `waiting`. */
const ANSWER_WITHIN_MS = 15_000;

/** Serves MCP on stdin and stdout until the client closes them. @returns the exit code */
export async function main(args: readonly string[]): Promise<number> {
  try {
    await serve(readSettings(args, process.env));
    return 0;
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    process.stderr.write(`worktrain: ${error.message} ${error.fix}\n`);
    return 1;
  }
}

async function serve(settings: McpSettings): Promise<void> {
  const root = packageRoot(import.meta.url);
  const opened: { sessions: Promise<StoredSessions> | null } = { sessions: null };
  const world: McpWorld = {
    settings,
    packageRoot: root,
    workingDirectory: process.cwd(),
    listingIndex: readListingIndex,
    sessions: () => (opened.sessions ??= openSessions(settings, root)),
  };
  const version = versionOf(root);
  const served = serveStdio(() => createServer(world, version), { onerror: (error) => void process.stderr.write(`worktrain mcp: ${error.message}\n`) });
  await new Promise<void>((resolve) => {
    process.stdin.once("end", resolve).once("close", resolve);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve());
  });
  await served.close();
  await (await opened.sessions)?.close();
}

/** Written beside the bundle by `scripts/build.ts`. */
function readListingIndex(): ListingIndex | null {
  const path = new URL("listings.json", import.meta.url);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : null;
}

const versionOf = (root: string): string => String(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version);

async function openSessions(settings: McpSettings, root: string): Promise<StoredSessions> {
  const [{ planFinder }, { taskReader }, { createVerifier, StoredSessions: Sessions }, { nodeClock, nodeFileSystem, nodeRandom }, { nodeProcesses }, { createRedactor }] = await Promise.all([
    import("../../library/index.ts"),
    import("../../github/read/task-reader.ts"),
    import("../../session/stored/index.ts"),
    import("../../shared/node-ports.ts"),
    import("../../shared/node-processes.ts"),
    import("../../shared/redact.ts"),
  ]);
  const { dataDirectory, sandbox, path, github } = settings;
  const helperPath = join(root, "action", "dist", "helper.js");
  const verifier = { mode: sandbox, processes: nodeProcesses, nodePath: process.execPath, helperPath, path, dataDirectory };
  return new Sessions({
    dataDirectory,
    fs: nodeFileSystem,
    clock: nodeClock,
    random: nodeRandom,
    verifier: (workspacePath) => createVerifier(verifier, workspacePath),
    findPlan: planFinder(root, settings.sources),
    readTask: taskReader({ fetch: globalThis.fetch, ...github }),
    redact: createRedactor([github.token]),
    answerWithinMs: ANSWER_WITHIN_MS,
  });
}
