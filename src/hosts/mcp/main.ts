/** `worktrain mcp`: the only place of the MCP server that knows arguments and environment. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { packageRoot } from "../../shared/package-root.ts";
import type { StoredSessions } from "../../session/stored/index.ts";
import { createServer } from "./server.ts";
import { readSettings, type McpSettings } from "./settings.ts";

/** Clients wait 60 s for an answer, some only 30 s; a verification that takes longer than this is answered `waiting`. */
const ANSWER_WITHIN_MS = 15_000;

/** Serves MCP on stdin and stdout until the client closes them. @throws TerminalError when it is started with what it does not know */
export async function main(args: readonly string[]): Promise<number> {
  const settings = readSettings(args, process.env);
  const root = packageRoot(import.meta.url);
  let sessions: Promise<StoredSessions> | null = null;
  const world = { settings, packageRoot: root, workingDirectory: process.cwd(), sessions: () => (sessions ??= openSessions(settings, root)) };
  const version = versionOf(root);
  const served = serveStdio(() => createServer(world, version), { onerror: (error) => void process.stderr.write(`worktrain mcp: ${error.message}\n`) });
  await new Promise<void>((resolve) => {
    process.stdin.once("end", resolve).once("close", resolve);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve());
  });
  await served.close();
  if (sessions !== null) await (await (sessions as Promise<StoredSessions>)).close();
  return 0;
}

const versionOf = (root: string): string => String(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version);

async function openSessions(settings: McpSettings, root: string): Promise<StoredSessions> {
  const [{ createVerifier, StoredSessions: Sessions }, { nodeClock, nodeFileSystem, nodeRandom }, { nodeProcesses }] = await Promise.all([
    import("../../session/stored/index.ts"),
    import("../../shared/node-ports.ts"),
    import("../../shared/node-processes.ts"),
  ]);
  const { dataDirectory, sandbox, path } = settings;
  const helperPath = join(root, "action", "dist", "helper.js");
  const verifier = { mode: sandbox, processes: nodeProcesses, nodePath: process.execPath, helperPath, path, dataDirectory };
  return new Sessions({
    dataDirectory,
    fs: nodeFileSystem,
    clock: nodeClock,
    random: nodeRandom,
    verifier: (workspacePath) => createVerifier(verifier, workspacePath),
    answerWithinMs: ANSWER_WITHIN_MS,
  });
}
