/** `worktrain`: the only place of the CLI that knows arguments and environment. */
import { parseArgs } from "node:util";
import { z } from "zod";
import { nodeClock, nodeFileSystem, nodeRandom } from "../../shared/node-ports.ts";
import { nodeProcesses } from "../../shared/node-processes.ts";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import { packageRoot } from "../../shared/package-root.ts";
import { runLocally, type LocalRun } from "./run.ts";

const USAGE = `Usage: worktrain run --goal TEXT --workspace DIR [--data DIR] [--sandbox bubblewrap|weak] [--json]

Works on a task in a copy of the git clone DIR: classifies it, codes, reviews, fixes; leaves the result as a local branch.
DIR itself is not touched but for that branch; uncommitted changes are not taken along.

  --goal TEXT      what to do; the first line is the title
  --workspace DIR  a git clone with at least one commit
  --data DIR       where journals and working copies go (default: $XDG_DATA_HOME/worktrain or ~/.local/share/worktrain)
  --sandbox MODE   weak lets the agent's commands run without a sandbox; the record then says so
  --json           prints the result as one JSON object

Environment: ANTHROPIC_API_KEY (required), ANTHROPIC_BASE_URL.`;

const environmentSchema = z.object({
  ANTHROPIC_API_KEY: z.string().default(""),
  ANTHROPIC_BASE_URL: z.url().optional(),
  XDG_DATA_HOME: z.string().optional(),
  HOME: z.string().default(""),
  PATH: z.string().default(""),
});

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const json = argv.includes("--json");
  try {
    return await dispatch(argv, json);
  } catch (error) {
    if (error instanceof TerminalError) return fail({ message: error.message, fix: error.fix }, json);
    if (error instanceof RetryableError) return fail({ message: error.message, fix: "Try again later: the work goes on from what is saved." }, json);
    const message = error instanceof Error ? error.message : String(error);
    return fail({ message, fix: "This may be a bug in WorkTrain; please report it with the command you ran." }, json);
  }
}

async function dispatch(argv: readonly string[], json: boolean): Promise<number> {
  const [command, ...rest] = argv;
  if (command === undefined || command === "--help" || command === "-h" || command === "help" || rest.includes("--help")) {
    process.stdout.write(`${USAGE}\n`);
    return command === undefined ? 2 : 0;
  }
  if (command !== "run") throw new TerminalError(`There is no command ${JSON.stringify(command)}.`, "Run `worktrain --help` for what there is.");
  const parsed = parseRun(rest);
  const abort = new AbortController();
  // Not `once`: a terminal's Ctrl-C comes twice under the launcher, and the second must not end this process before its children.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => abort.abort(new Error("Interrupted.")));
  const result = await runLocally(parsed, {
    clock: nodeClock,
    random: nodeRandom,
    fs: nodeFileSystem,
    processes: nodeProcesses,
    fetch: globalThis.fetch,
    packageRoot: packageRoot(import.meta.url),
    nodePath: process.execPath,
    log: (line) => process.stderr.write(`${line}\n`),
    signal: abort.signal,
  });
  process.stdout.write(json ? `${JSON.stringify(result.data)}\n` : `${result.text}\n`);
  return result.exitCode;
}

function parseRun(args: readonly string[]): LocalRun {
  const { values } = parseOptions(args);
  const environment = readEnvironment();
  if (values.goal === undefined || values.goal.trim() === "") throw new TerminalError("`worktrain run` needs --goal.", 'Say what to do: --goal "..."');
  if (values.workspace === undefined) throw new TerminalError("`worktrain run` needs --workspace.", "Name a git clone: --workspace DIR");
  const sandbox = z.enum(["bubblewrap", "weak"]).safeParse(values.sandbox);
  if (!sandbox.success) throw new TerminalError(`--sandbox ${values.sandbox} is unknown.`, "Use bubblewrap or weak.");
  if (environment.ANTHROPIC_API_KEY === "") throw new TerminalError("ANTHROPIC_API_KEY is not set.", "Set it to a key of the Anthropic API.");
  const home = environment.XDG_DATA_HOME ?? `${environment.HOME}/.local/share`;
  return {
    goal: values.goal,
    workspace: values.workspace,
    dataDirectory: values.data ?? `${home}/worktrain`,
    sandbox: sandbox.data,
    apiKey: environment.ANTHROPIC_API_KEY,
    modelUrl: environment.ANTHROPIC_BASE_URL ?? null,
    path: environment.PATH,
  };
}

function readEnvironment(): z.infer<typeof environmentSchema> {
  const parsed = environmentSchema.safeParse(process.env);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new TerminalError(`The variable ${issue?.path.join(".") ?? ""} is wrong: ${issue?.message ?? ""}.`, "Correct it or unset it.");
}

function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        goal: { type: "string" },
        workspace: { type: "string" },
        data: { type: "string" },
        sandbox: { type: "string", default: "bubblewrap" },
        json: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new TerminalError(error instanceof Error ? error.message : String(error), "Run `worktrain --help` for what there is.");
  }
}

function fail(error: { readonly message: string; readonly fix: string }, json: boolean): number {
  if (json) process.stdout.write(`${JSON.stringify({ error })}\n`);
  else process.stderr.write(`worktrain: ${error.message} ${error.fix}\n`);
  return 1;
}
