/** `npm run demo -- [--json] [--keep DIR] [--kill-at N]`: the whole loop in a box. The only place of the demo that knows the environment. */
import { mkdir, mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseSegmentName } from "../../record/index.ts";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import { nodeClock } from "../../shared/node-ports.ts";
import { packageRoot } from "../../shared/package-root.ts";
import { availableSandbox } from "./available-sandbox.ts";
import type { LocalActions } from "./actions/index.ts";
import { countRepeated, killAt, type Killing, type Resumed } from "./kill-at.ts";
import { gather, testsPass } from "./outcome.ts";
import { labelIssue, openIssue, untilOver } from "./play.ts";
import { SYSTEM_PATH } from "./program-path.ts";
import { issue, scenario } from "./scenario/small-bug.ts";
import { eventLines, report } from "./show.ts";
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
  const { json, directory, killAtEvent } = await readArguments();
  const say = (line: string): void => void (json ? process.stderr : process.stdout).write(`${line}\n`);
  const path = process.env["PATH"] ?? SYSTEM_PATH;
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
    scenario,
    sandbox,
    onEvent: (event) => {
      const line = lineOf(event);
      if (line !== null) say(line);
      killing?.onEvent(event);
    },
  });
  ({ actions } = world);
  try {
    return await play({ world, directory, json, say, started, killing });
  } finally {
    killing?.stop();
    await world.close();
  }
}

interface Play {
  readonly world: World;
  readonly directory: string;
  readonly json: boolean;
  readonly say: (line: string) => void;
  readonly started: number;
  readonly killing: Killing | null;
}

async function play({ world, directory, json, say, started, killing }: Play): Promise<number> {
  say(`A local GitHub, the App and a model server are up; ${world.repository.owner}/${world.repository.name} is pushed.`);
  const issueNumber = await openIssue(world, issue);
  await labelIssue(world, issueNumber);
  say(`ada opened issue #${issueNumber} and labelled it worktrain:ready`);
  await untilOver(world, issueNumber, interrupted.signal);
  const outcome = await gather(world, directory, issueNumber, Math.round(nodeClock.monotonicMs() - started));
  const sha = outcome.pullRequest?.headSha;
  const tests = sha === undefined ? null : await testsPass({ directory, sha, nodePath: process.execPath, path: world.path });
  const resumed = await resumedFrom(world, killing, issueNumber);
  // Live progress is not part of what `--json` promises.
  process.stdout.write(json ? `${JSON.stringify({ ...outcome, liveProgressRequests: undefined, resumed })}\n` : `\n${await report({ world, directory, outcome, tests, resumed })}\n`);
  return tests?.passed === true ? 0 : 1;
}

/** Undefined when nothing was to be killed. @throws TerminalError when the journal did not come so far */
async function resumedFrom(world: World, killing: Killing | null, issueNumber: number): Promise<Resumed | undefined> {
  if (killing === null) return undefined;
  const hit = killing.hit();
  if (hit === null) throw new TerminalError("The agent job ended before its journal had so many events, so nothing was killed.", "Give a lower number to --kill-at.");
  return countRepeated(hit, [...world.github.state().artifacts.values()].filter(({ name }) => parseSegmentName(name)?.item.subject === `issue-${issueNumber}`));
}

async function readArguments(): Promise<{ readonly json: boolean; readonly directory: string; readonly killAtEvent: number | null }> {
  const { values } = parse();
  const killAtEvent = values["kill-at"] === undefined ? null : Number(values["kill-at"]);
  if (killAtEvent !== null && !(Number.isSafeInteger(killAtEvent) && killAtEvent > 0)) throw new TerminalError(`--kill-at ${values["kill-at"]} is no number of an event.`, "Events are counted from 1, e.g. --kill-at 60.");
  if (values.keep === undefined) return { json: values.json, directory: await mkdtemp(join(tmpdir(), "worktrain-demo-")), killAtEvent };
  const directory = resolve(values.keep);
  await mkdir(directory, { recursive: true });
  if ((await readdir(directory)).length > 0) throw new TerminalError(`${directory} is not empty.`, "Name a new or empty directory with --keep.");
  return { json: values.json, directory, killAtEvent };
}

function parse() {
  try {
    return parseArgs({ options: { json: { type: "boolean", default: false }, keep: { type: "string" }, "kill-at": { type: "string" } } });
  } catch (error) {
    throw new TerminalError(error instanceof Error ? error.message : String(error), "Usage: npm run demo -- [--json] [--keep DIR] [--kill-at N]");
  }
}
