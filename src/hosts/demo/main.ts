/** `npm run demo -- [--json] [--keep DIR]`: the whole loop in a box. The only place of the demo that knows the environment. */
import { mkdir, mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import { nodeClock } from "../../shared/node-ports.ts";
import { packageRoot } from "../../shared/package-root.ts";
import { availableSandbox } from "./available-sandbox.ts";
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
  const { json, directory } = await readArguments();
  const say = (line: string): void => void (json ? process.stderr : process.stdout).write(`${line}\n`);
  const path = process.env["PATH"] ?? SYSTEM_PATH;
  const sandbox = await availableSandbox(path);
  if (sandbox === "weak") say("bubblewrap cannot run here, so this demo asks for the weak mode: the agent's commands run without a sandbox.");
  const started = nodeClock.monotonicMs();
  const lineOf = eventLines();
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
    },
  });
  try {
    return await play({ world, directory, json, say, started });
  } finally {
    await world.close();
  }
}

interface Play {
  readonly world: World;
  readonly directory: string;
  readonly json: boolean;
  readonly say: (line: string) => void;
  readonly started: number;
}

async function play({ world, directory, json, say, started }: Play): Promise<number> {
  say(`A local GitHub, the App and a model server are up; ${world.repository.owner}/${world.repository.name} is pushed.`);
  const issueNumber = await openIssue(world, issue);
  await labelIssue(world, issueNumber);
  say(`ada opened issue #${issueNumber} and labelled it worktrain:ready`);
  await untilOver(world, issueNumber, interrupted.signal);
  const outcome = await gather(world, directory, issueNumber, Math.round(nodeClock.monotonicMs() - started));
  const sha = outcome.pullRequest?.headSha;
  const tests = sha === undefined ? null : await testsPass({ directory, sha, nodePath: process.execPath, path: world.path });
  // Live progress is not part of what `--json` promises.
  process.stdout.write(json ? `${JSON.stringify({ ...outcome, liveProgressRequests: undefined })}\n` : `\n${await report({ world, directory, outcome, tests })}\n`);
  return tests?.passed === true ? 0 : 1;
}

async function readArguments(): Promise<{ readonly json: boolean; readonly directory: string }> {
  const { values } = parse();
  if (values.keep === undefined) return { json: values.json, directory: await mkdtemp(join(tmpdir(), "worktrain-demo-")) };
  const directory = resolve(values.keep);
  await mkdir(directory, { recursive: true });
  if ((await readdir(directory)).length > 0) throw new TerminalError(`${directory} is not empty.`, "Name a new or empty directory with --keep.");
  return { json: values.json, directory };
}

function parse() {
  try {
    return parseArgs({ options: { json: { type: "boolean", default: false }, keep: { type: "string" } } });
  } catch (error) {
    throw new TerminalError(error instanceof Error ? error.message : String(error), "Usage: npm run demo -- [--json] [--keep DIR]");
  }
}
