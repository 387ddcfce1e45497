/** Commands as `worktrain` runs them, without starting a process for each: arguments in, exit code and JSON out. */
import { join } from "node:path";
import type { CliEnvironment, CliWorld } from "../../../src/hosts/cli/command.ts";
import { commands } from "../../../src/hosts/cli/commands/index.ts";
import { parseCall } from "../../../src/hosts/cli/parse-call.ts";
import { TerminalError } from "../../../src/shared/errors.ts";
import { nodeClock, nodeFileSystem, nodeRandom } from "../../../src/shared/node-ports.ts";
import { nodeProcesses } from "../../../src/shared/node-processes.ts";

export interface Ran {
  readonly exitCode: number;
  readonly text: string;
  // What is asked for in it is what each test states.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly data: any;
}

export interface Shell {
  /** @param args the command's words and its options */
  run(...args: readonly string[]): Promise<Ran>;
  /** The same, of a command that says no: its message and its cure as one line. */
  refusal(...args: readonly string[]): Promise<string>;
}

export interface ShellOptions {
  readonly data: string;
  readonly world?: Partial<CliWorld>;
  readonly environment?: Partial<CliEnvironment>;
}

export function shell({ data, world = {}, environment = {} }: ShellOptions): Shell {
  const there: CliEnvironment = {
    apiKey: "",
    model: () => ({ apiKey: "" }),
    path: process.env["PATH"] ?? "",
    github: { apiUrl: "http://127.0.0.1:9", token: "" },
    app: { id: null, privateKey: null, privateKeyPath: null, ticketKey: null },
    secrets: [],
    dataDirectory: data,
    ...environment,
  };
  const cli: CliWorld = {
    environment: () => there,
    clock: nodeClock,
    random: nodeRandom,
    fs: nodeFileSystem,
    processes: nodeProcesses,
    fetch: globalThis.fetch,
    packageRoot: join(import.meta.dirname, "..", "..", ".."),
    nodePath: process.execPath,
    workingDirectory: data,
    log: () => undefined,
    signal: new AbortController().signal,
    readStdin: () => Promise.resolve(""),
    ...world,
  };
  const run: Shell["run"] = async (...args) => {
    const command = commands.find(({ name }) => name === args.slice(0, name.split(" ").length).join(" "));
    if (command === undefined) throw new Error(`There is no command ${args[0] ?? ""}.`);
    const result = await command.run(parseCall(command, args.slice(command.name.split(" ").length)), cli);
    if (typeof result === "number") throw new Error(`${command.name} has spoken for itself.`);
    return { ...result, data: JSON.parse(JSON.stringify(result.data)) };
  };
  return {
    run,
    async refusal(...args) {
      const said = await run(...args).catch((error: unknown) => error);
      if (!(said instanceof TerminalError)) throw new Error(`${args.join(" ")} was not refused: ${said instanceof Error ? (said.stack ?? said.message) : JSON.stringify(said)}`);
      return `${said.message} ${said.fix}`;
    },
  };
}
