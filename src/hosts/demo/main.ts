/** `npm run demo -- [--scenario NAME] [--json] [--keep DIR] [--kill-at N]`: the whole loop in a box. The only place of the demo that knows the environment. */
import { mkdir, mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseSegmentName } from "../../record/index.ts";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import { nodeClock } from "../../shared/node-ports.ts";
import { packageRoot } from "../../shared/package-root.ts";
import { availableSandbox } from "./available-sandbox.ts";
import type { LocalActions } from "./actions/index.ts";
import { readArguments } from "./arguments.ts";
import type { Artifact } from "./github/records.ts";
import { countRepeated, killAt, type Killing, type Resumed } from "./kill-at.ts";
import { endsAsItShould, jsonOf, playThrough } from "./play-through.ts";
import { SYSTEM_PATH } from "./program-path.ts";
import { scenarios } from "./scenario/index.ts";
import { eventLines, listOf, report } from "./show.ts";
import { startWorld, type World } from "./world.ts";

const interrupted = new AbortController();
// Not `once`: a terminal's Ctrl-C comes twice under `npm run`, and the second must not end this process before its children.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort(new Error("Interrupted.")));

try {
  process.exitCode = await main();
} catch (error) {
  if (interrupted.signal.aborted) {
    process.stderr.write("Interrupted; everything that was started has been ended.\n");
    process.exitCode = 130;
  } else {
    const known = error instanceof TerminalError || error instanceof RetryableError;
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)} ${error instanceof TerminalError ? error.fix : known ? "Try again." : "Please report this."}\n`);
    process.exitCode = 1;
  }
}

async function main(): Promise<number> {
  const asked = readArguments(process.argv.slice(2));
  if (asked.kind === "list") {
    process.stdout.write(`${asked.json ? JSON.stringify(scenarios.map(({ name, shows, ends }) => ({ name, shows, ends }))) : listOf(scenarios)}\n`);
    return 0;
  }
  const { json, scenario, killAtEvent } = asked;
  const directory = await emptyDirectory(asked.keep);
  const say = (line: string): void => void (json ? process.stderr : process.stdout).write(`${line}\n`);
  const path = process.env["PATH"] ?? SYSTEM_PATH;
  const compileCache = process.env["NODE_COMPILE_CACHE"];
  const sandbox = await availableSandbox(path);
  if (sandbox === "weak") say("bubblewrap cannot run here, so this demo asks for the weak mode: the agent's commands run without a sandbox.");
  const started = nodeClock.monotonicMs();
  const lineOf = eventLines();
  let actions: LocalActions | null = null;
  const ready = (): LocalActions => {
    if (actions === null) throw new Error("A job ran before the local Actions were up.");
    return actions;
  };
  const killing = killAtEvent === null ? null : killAt(killAtEvent, ready, (local, runId) => local.killStep(runId));
  const world = await startWorld({
    directory,
    packageRoot: packageRoot(import.meta.url),
    nodePath: process.execPath,
    path,
    repository: scenario.repository,
    model: scenario.model,
    sandbox,
    ...(compileCache === undefined ? {} : { compileCache }),
    onEvent: (event) => {
      const line = lineOf(event);
      if (line !== null) say(line);
      killing?.onEvent(event);
    },
  });
  ({ actions } = world);
  try {
    say(`${scenario.shows}\nA local GitHub, the App and a model server are up; ${world.repository.owner}/${world.repository.name} is pushed.`);
    const came = await playThrough({ world, directory, scenario, nodePath: process.execPath, started, say, signal: interrupted.signal });
    const resumed = await resumedFrom(world, killing);
    process.stdout.write(json ? `${JSON.stringify(jsonOf(scenario, came, resumed))}\n` : `\n${await report({ world, directory, scenario, came, resumed })}\n`);
    return endsAsItShould(scenario, came) ? 0 : 1;
  } finally {
    killing?.stop();
    await world.close();
  }
}

/** Undefined when nothing was to be killed. @throws TerminalError when the journal did not come so far */
async function resumedFrom(world: World, killing: Killing | null): Promise<Resumed | undefined> {
  if (killing === null) return undefined;
  const hit = killing.hit();
  if (hit === null) throw new TerminalError("The agent job ended before its journal had so many events, so nothing was killed.", "Give a lower number to --kill-at.");
  const artifacts = [...world.github.state().artifacts.values()];
  const subjectOf = ({ name }: Artifact): string | undefined => parseSegmentName(name)?.item.subject;
  const subject = artifacts.filter(({ runId }) => runId === hit.runId).map(subjectOf).find((each) => each !== undefined);
  return countRepeated(hit, artifacts.filter((artifact) => subject !== undefined && subjectOf(artifact) === subject));
}

async function emptyDirectory(keep: string | null): Promise<string> {
  if (keep === null) return mkdtemp(join(tmpdir(), "worktrain-demo-"));
  const directory = resolve(keep);
  await mkdir(directory, { recursive: true });
  if ((await readdir(directory)).length > 0) throw new TerminalError(`${directory} is not empty.`, "Name a new or empty directory with --keep.");
  return directory;
}
