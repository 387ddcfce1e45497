import { homedir } from "node:os";
import { parseArgs } from "node:util";
import { defaultDataDirectory, usableDataDirectory } from "../../shared/data-directory.ts";
import { GITHUB_API_URL } from "../../github/client.ts";
import { TerminalError } from "../../shared/errors.ts";

export interface McpSettings {
  readonly dataDirectory: string;
  readonly sandbox: "bubblewrap" | "weak";
  /** Extra workflow folders. */
  readonly sources: readonly string[];
  /** PATH of verification commands. */
  readonly path: string;
  /** Where addresses of issues are read. */
  readonly github: { readonly apiUrl: string; readonly token: string };
}

/** Reads what `worktrain mcp` was started with. @throws TerminalError on an unknown flag or value */
export function readSettings(args: readonly string[], environment: Readonly<Record<string, string | undefined>>): McpSettings {
  const { data, sandbox = "bubblewrap", source = [] } = parse(args);
  if (sandbox !== "bubblewrap" && sandbox !== "weak") throw new TerminalError(`--sandbox ${sandbox} is unknown.`, "Use bubblewrap or weak.");
  return { dataDirectory: usableDataDirectory(data ?? defaultDataDirectory(environment["XDG_DATA_HOME"], homedir())), sandbox, sources: source, path: environment["PATH"] ?? "", github: githubSettings(environment) };
}

/** An empty variable is one that is not set. */
const githubSettings = (environment: Readonly<Record<string, string | undefined>>): McpSettings["github"] => ({
  apiUrl: environment["GITHUB_API_URL"] || GITHUB_API_URL,
  token: environment["GITHUB_TOKEN"] || environment["GH_TOKEN"] || "",
});

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({ args: [...args], options: { data: { type: "string" }, sandbox: { type: "string" }, source: { type: "string", multiple: true } } });
    return values;
  } catch (error) {
    throw new TerminalError(error instanceof Error ? error.message : String(error), "Run `worktrain mcp --help` for what there is.");
  }
}
