/** `worktrain cancel`: ends runs as Ctrl-C does, so that their journals can be gone on with. */
import { dirname } from "node:path";
import { TerminalError } from "../../../shared/errors.ts";
import type { CliWorld, CommandResult } from "../command.ts";
import { resumeCommand } from "./run-report.ts";
import { findRunning, isRunning, listRunning, signalRunning, type Running } from "./running.ts";

/** A run saves its end and stops its tools within seconds; past these it is asked again, then reported. */
const AFTER_SIGINT_MS = 5_000;
const AFTER_SIGTERM_MS = 3_000;
const LOOK_EVERY_MS = 50;

/** @param target a session's id or an item's name; null for all @throws TerminalError when the target is not running */
export async function cancelRuns(target: string | null, directory: string, world: Pick<CliWorld, "clock" | "signal">): Promise<CommandResult> {
  const running = listRunning(directory);
  const meant = target === null ? running : [findRunning(running, target)].filter((each) => each !== null);
  if (target !== null && meant.length === 0) throw new TerminalError(`${target} is not running.`, running.length === 0 ? "Nothing of this user is." : `These are: ${running.map(({ item }) => item).join(", ")}.`);
  const ended = await Promise.all(meant.map((each) => stop(each, world)));
  const runs = meant.map((each, index) => ({ item: each.item, sessions: each.sessionIds, pid: each.pid, directory: each.directory, stopped: ended[index] === true }));
  const lines = runs.map(({ item, pid, directory: place, stopped }) => (stopped ? `${item}: stopped. \`${resumeCommand(item, dirname(dirname(place)), dirname(directory))}\` goes on with it.` : `${item}: process ${pid} is still running; its journal is safe: kill -9 ${pid}`));
  return { exitCode: runs.every(({ stopped }) => stopped) ? 0 : 1, text: lines.length === 0 ? "Nothing is running." : lines.join("\n"), data: { runs } };
}

/** @returns whether the process is gone */
async function stop(run: Running, world: Pick<CliWorld, "clock" | "signal">): Promise<boolean> {
  signalRunning(run, "SIGINT");
  if (await goneWithin(run, AFTER_SIGINT_MS, world)) return true;
  signalRunning(run, "SIGTERM");
  return goneWithin(run, AFTER_SIGTERM_MS, world);
}

async function goneWithin(run: Running, ms: number, { clock, signal }: Pick<CliWorld, "clock" | "signal">): Promise<boolean> {
  const untilMs = clock.monotonicMs() + ms;
  while (isRunning(run)) {
    if (clock.monotonicMs() >= untilMs) return false;
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
  return true;
}
