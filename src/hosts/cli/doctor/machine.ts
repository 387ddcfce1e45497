/** What this machine has to have. */
import { accessSync, constants, mkdtempSync, rmSync, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { usableDataDirectory } from "../../../shared/data-directory.ts";
import { systemErrorCode } from "../../../shared/durable-files.ts";
import { TerminalError } from "../../../shared/errors.ts";
import { openSandbox } from "../../../workspace/index.ts";
import type { CliWorld } from "../command.ts";
import { sizeWords } from "../cleanup/amounts.ts";
import { good, unknown, wrong, type Finding } from "./finding.ts";

type Machine = Pick<CliWorld, "processes" | "nodePath" | "packageRoot" | "environment">;

/** Runs what the launcher runs (package.json, devDependencies). */
const NODE_MAJOR = 24;

export async function machineFindings(world: Machine, dataDirectory: string): Promise<readonly Finding[]> {
  const programs = await Promise.all([
    program(world, { id: "node", name: world.nodePath, says: /^v(\d+)\./, least: NODE_MAJOR, cure: "Run `npm install --no-save` in WorkTrain's directory; it brings its own Node." }),
    program(world, { id: "git", name: "git", says: /git version (\d+)\.(\d+)/, least: 2, minor: 38, cure: "Install git 2.38 or later: slices of a large change are merged by what came with it." }),
    program(world, { id: "ripgrep", name: "rg", says: /ripgrep (\d+)\./, least: 11, cure: "Install it (apt-get install ripgrep); the agent's search uses it." }),
  ]);
  return [...programs, await sandbox(world), ...data(dataDirectory)];
}

interface Wanted {
  readonly id: string;
  readonly name: string;
  readonly says: RegExp;
  readonly least: number;
  /** Of that version. */
  readonly minor?: number;
  readonly cure: string;
}

async function program({ processes, environment }: Machine, { id, name, says, least, minor = 0, cure }: Wanted): Promise<Finding> {
  const done = await processes.run(name, ["--version"], { env: { PATH: environment().path }, timeoutMs: 10_000 });
  const [line = ""] = new TextDecoder().decode(done.stdout).split("\n");
  if (done.exitCode !== 0) return wrong(id, `${id} cannot be started: ${new TextDecoder().decode(done.stderr).trim().split("\n")[0] ?? ""}`, cure);
  const [, version, smaller = "0"] = says.exec(line) ?? [];
  if (version === undefined) return unknown(id, `${name} does not say its version: ${line}`, cure);
  const enough = Number(version) > least || (Number(version) === least && Number(smaller) >= minor);
  return enough ? good(id, line) : wrong(id, `${line}; ${least}${minor === 0 ? "" : `.${minor}`} or later is needed`, cure);
}

/** Asks for a real sandbox: nothing less says that commands can be confined here. */
async function sandbox({ processes, nodePath, packageRoot, environment }: Machine): Promise<Finding> {
  const workspaceDir = mkdtempSync(join(tmpdir(), "worktrain-doctor-"));
  try {
    const opened = await openSandbox({ workspaceDir, mode: "bubblewrap", processes, nodePath, helperPath: join(packageRoot, "action", "dist", "helper.js"), path: environment().path, privatePaths: [] });
    if (!opened.ok) return wrong("sandbox", opened.error.message, opened.error.fix);
    await opened.value.close();
    return good("sandbox", "bubblewrap confines commands here");
  } finally {
    rmSync(workspaceDir, { recursive: true, force: true });
  }
}

/** A task's working copy, its git objects and its journal fit in this with room. */
const LEAST_FREE_BYTES = 1_000_000_000;

function data(directory: string): readonly Finding[] {
  let nearest = directory;
  while (statSync(nearest, { throwIfNoEntry: false }) === undefined && dirname(nearest) !== nearest) nearest = dirname(nearest);
  return [writable(directory, nearest), space(nearest)];
}

function writable(directory: string, nearest: string): Finding {
  try {
    usableDataDirectory(directory);
    accessSync(nearest, constants.W_OK | constants.X_OK);
    return good("data-directory", `${directory} can be written${nearest === directory ? "" : " (it is made when it is needed)"}`);
  } catch (error) {
    if (error instanceof TerminalError) return wrong("data-directory", error.message, error.fix);
    return wrong("data-directory", `${nearest} cannot be written (${systemErrorCode(error) ?? String(error)})`, "Change its permissions, or name another directory with --data.");
  }
}

function space(place: string): Finding {
  try {
    const { bavail, bsize } = statfsSync(place);
    const free = bavail * bsize;
    return free >= LEAST_FREE_BYTES ? good("disk", `${sizeWords(free)} are free at ${place}`) : wrong("disk", `only ${sizeWords(free)} are free at ${place}`, "Free some space: `worktrain cleanup --older-than 30d` tells what may go.");
  } catch (error) {
    return unknown("disk", `the system does not tell the free space of ${place} (${systemErrorCode(error) ?? String(error)})`, "Look with `df`.");
  }
}
