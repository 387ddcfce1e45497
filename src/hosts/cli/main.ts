/** `worktrain`: the only place of the CLI that knows arguments and environment. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { GITHUB_API_URL } from "../../github/client.ts";
import { closestName } from "../../shared/closest-name.ts";
import { systemErrorCode } from "../../shared/durable-files.ts";
import { defaultDataDirectory } from "../../shared/data-directory.ts";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import { nodeClock, nodeFileSystem, nodeRandom } from "../../shared/node-ports.ts";
import { nodeProcesses } from "../../shared/node-processes.ts";
import { packageRoot } from "../../shared/package-root.ts";
import type { CliEnvironment, CliWorld, Command } from "./command.ts";
import { commands } from "./commands/index.ts";
import { commandHelp, overview } from "./help.ts";
import { parseCall } from "./parse-call.ts";
import { readModel } from "./run/model-settings.ts";

/** What a system says of a place that somebody named. */
const NOT_OURS: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ENOTDIR", "EISDIR", "ELOOP", "ENAMETOOLONG"]);
/** Names that tools give to what nobody else may know; the path of a file that holds it is none. */
const SECRET_NAME = /(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|API_?KEY|_KEY|^KEY)$/i;

// Whoever reads the output may stop early (`| head`): that is no error of ours.
process.stdout.on("error", (error) => process.exit("code" in error && error.code === "EPIPE" ? 0 : 1));
process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const json = argv.includes("--json");
  try {
    return await dispatch(argv, json);
  } catch (error) {
    if (error instanceof TerminalError) return fail({ message: error.message, fix: error.fix }, json);
    if (error instanceof RetryableError) return fail({ message: error.message, fix: "Try again later: the work goes on from what is saved." }, json);
    const message = error instanceof Error ? error.message : String(error);
    const code = systemErrorCode(error);
    if (code === "ENOSPC" || code === "EDQUOT") return fail({ message: `The disk is full (${message}).`, fix: "Free some space, then do it again: what was acknowledged before is there." }, json);
    if (code !== null && NOT_OURS.has(code)) return fail({ message: `The system refused it: ${message}.`, fix: "Check the path and its permissions." }, json);
    const fix = "This may be a bug in WorkTrain; please report it with the command you ran.";
    return fail({ message, fix }, json);
  }
}

async function dispatch(argv: readonly string[], json: boolean): Promise<number> {
  const [first, second] = argv.filter((word) => word !== "--json");
  if (first === "--version") {
    const version = versionOf(packageRoot(import.meta.url));
    return say(json, { version }, version, 0);
  }
  const listed = first === undefined || asksHelp(first) ? commands : second === undefined || asksHelp(second) ? commands.filter(({ name }) => name.startsWith(`${first} `)) : [];
  if (listed.length > 0) return say(json, { commands: listed.map(({ name, summary }) => ({ name, summary })) }, overview(listed), asksHelp(second ?? first) ? 0 : 1);
  const { command, args } = findCommand(argv);
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(`${commandHelp(command)}\n`);
    return 0;
  }
  const result = await command.run(parseCall(command, args), world());
  if (typeof result === "number") return result;
  return say(json, result.data, result.text, result.exitCode);
}

function asksHelp(word: string | undefined): boolean {
  return word === "--help" || word === "-h" || word === "help";
}

function versionOf(root: string): string {
  return String(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version);
}

function say(json: boolean, data: object, words: string, exitCode: number): number {
  process.stdout.write(json ? `${JSON.stringify(data)}\n` : `${words}\n`);
  return exitCode;
}

/** The command that the first words name. */
function findCommand(argv: readonly string[]): { readonly command: Command; readonly args: readonly string[] } {
  const command = commands.find(({ name }) => name === argv.slice(0, name.split(" ").length).join(" "));
  if (command !== undefined) return { command, args: argv.slice(command.name.split(" ").length) };
  const group = commands.some(({ name }) => name.startsWith(`${argv[0]} `));
  const said = argv.slice(0, group ? 2 : 1).filter((word, index) => index === 0 || !word.startsWith("-")).join(" ");
  const names = commands.map(({ name }) => name);
  const near = closestName(argv.slice(0, 2).join(" "), names) ?? closestName(said, names);
  throw new TerminalError(`There is no command ${JSON.stringify(said)}.`, near === null ? "Run `worktrain --help` for what there is." : `Did you mean \`worktrain ${near}\`?`);
}

function world(): CliWorld {
  const abort = new AbortController();
  const interrupt = (): void => abort.abort(new TerminalError("Interrupted.", "Run the command again: what was saved is kept, and work goes on from there."));
  // Not `once`: a terminal's Ctrl-C comes twice under the launcher, and the second must not end this process before its children.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);
  // The launcher was killed without a word: nobody could stop this process any more by what they started.
  process.on("disconnect", interrupt);
  process.channel?.unref();
  return {
    environment: readEnvironment,
    clock: nodeClock,
    random: nodeRandom,
    fs: nodeFileSystem,
    processes: nodeProcesses,
    fetch: globalThis.fetch,
    packageRoot: packageRoot(import.meta.url),
    nodePath: process.execPath,
    workingDirectory: process.cwd(),
    log: (line) => process.stderr.write(`${line}\n`),
    signal: abort.signal,
    readStdin: () => text(process.stdin),
  };
}

function readEnvironment(): CliEnvironment {
  // An empty variable is one that is not set.
  const given = (name: string): string | undefined => process.env[name] || undefined;
  return {
    apiKey: given("ANTHROPIC_API_KEY") ?? "",
    model: () => readModel(given),
    path: given("PATH") ?? "",
    github: { apiUrl: given("GITHUB_API_URL") ?? GITHUB_API_URL, token: given("GITHUB_TOKEN") ?? given("GH_TOKEN") ?? "" },
    app: { id: given("APP_ID") ?? null, privateKey: given("PRIVATE_KEY") ?? null, privateKeyPath: given("PRIVATE_KEY_PATH") ?? null, ticketKey: given("WORKTRAIN_TICKET_KEY") ?? null },
    secrets: secretValues(),
    dataDirectory: defaultDataDirectory(given("XDG_DATA_HOME"), homedir()),
  };
}

function secretValues(): readonly string[] {
  return Object.entries(process.env).flatMap(([name, value]) => (value !== undefined && SECRET_NAME.test(name) && !existsSync(value) ? [value] : []));
}

function fail(error: { readonly message: string; readonly fix: string }, json: boolean): number {
  const line = (words: string): string => words.replaceAll(/\s*\n\s*/g, " ").trim();
  if (json) process.stdout.write(`${JSON.stringify({ error })}\n`);
  else process.stderr.write(`worktrain: ${line(error.message)} ${line(error.fix)}\n`);
  return 1;
}
