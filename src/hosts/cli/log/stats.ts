/** `worktrain stats`: what sessions took, by workflow and by step, from the logs of a data directory. */
import { counted, sessionDurations, type SessionDurations } from "../../../report/index.ts";
import { expectedDuration, percentile, timeoutFor, type Expected } from "../../../shared/prediction.ts";
import { VERIFICATION_TIMEOUT } from "../../../coordinator/index.ts";
import type { CliWorld, CommandResult } from "../command.ts";
import { printable } from "../printable.ts";
import { openStored, sessionsIn, storedLogs } from "./stored-logs.ts";

interface Spread {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

const spreadOf = (values: readonly number[]): Spread => ({ count: values.length, p50Ms: percentile(values, 0.5), p95Ms: percentile(values, 0.95) });

export async function collectStats(dataDirectory: string, { fs }: Pick<CliWorld, "fs">): Promise<CommandResult> {
  const sessions: SessionDurations[] = [];
  const passedOver: { readonly name: string; readonly reason: string }[] = [];
  const logs = storedLogs(dataDirectory);
  for (const log of logs) {
    const opened = await openStored(log, fs);
    if ("fault" in opened) passedOver.push({ name: log.name, reason: opened.fault });
    else for (const { sessionId, events } of await sessionsIn(opened.reader)) sessions.push(sessionDurations(sessionId, events));
  }
  const workflows = workflowStats(sessions);
  const commands = commandStats(sessions);
  const clockJumps = sessions.reduce((sum, session) => sum + session.clockJumps, 0);
  const data = { data: dataDirectory, logs: logs.length, sessions: sessions.length, workflows, commands, clockJumps, passedOver };
  return { exitCode: 0, text: printable(words(data)), data };
}

function workflowStats(sessions: readonly SessionDurations[]) {
  const byWorkflow = Map.groupBy(sessions, ({ workflow }) => workflow?.id ?? "?");
  return [...byWorkflow].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([workflowId, all]) => {
    const ended = all.filter(({ outcome }) => outcome !== null);
    const outcomes = Object.fromEntries([...Map.groupBy(all, ({ outcome }) => outcome ?? "open")].map(([outcome, of]) => [outcome, of.length]));
    const steps = [...Map.groupBy(all.flatMap((session) => session.steps), ({ stepId }) => stepId)].map(([stepId, of]) => {
      const past = of.map(({ ms }) => ms);
      return { stepId, ...spreadOf(past), attempts: of.reduce((sum, { attempts }) => sum + attempts, 0), expected: expectedDuration(past) };
    });
    const turns = ended.map((session) => session.turns);
    const cost = ended.map((session) => session.costMicroUsd);
    const past = ended.map(({ ms }) => ms);
    return {
      workflowId,
      sessions: all.length,
      outcomes,
      duration: { ...spreadOf(past), expected: expectedDuration(past) },
      turns: { p50: percentile(turns, 0.5), p95: percentile(turns, 0.95) },
      costUsd: { p50: usd(percentile(cost, 0.5)), p95: usd(percentile(cost, 0.95)), sum: usd(all.reduce((sum, session) => sum + session.costMicroUsd, 0)) },
      steps,
    };
  });
}

const usd = (microUsd: number | null): number | null => (microUsd === null ? null : microUsd / 1_000_000);

/** Commands that the host ran, and the time-out that each gets the next time. */
function commandStats(sessions: readonly SessionDurations[]) {
  return [...Map.groupBy(sessions.flatMap(({ verifications }) => verifications), ({ command }) => command)].map(([command, of]) => {
    const past = of.filter(({ timedOut }) => !timedOut).map(({ ms }) => ms);
    return { command, ...spreadOf(past), timedOut: of.length - past.length, timeoutMs: timeoutFor(expectedDuration(past), VERIFICATION_TIMEOUT) };
  });
}

type Told = Pick<CommandResult["data"], never> & {
  readonly data: string;
  readonly sessions: number;
  readonly workflows: ReturnType<typeof workflowStats>;
  readonly commands: ReturnType<typeof commandStats>;
  readonly clockJumps: number;
  readonly passedOver: readonly { readonly name: string; readonly reason: string }[];
};

function words({ data, sessions, workflows, commands, clockJumps, passedOver }: Told): string {
  if (sessions === 0 && passedOver.length === 0) return `No session in ${data} yet.`;
  return [
    ...workflows.flatMap(({ workflowId, sessions: count, outcomes, duration, turns, costUsd, steps }) => [
      `${workflowId}: ${counted(count, "session")} (${Object.entries(outcomes).map(([outcome, of]) => `${of} ${outcome}`).join(", ")}), at work p50 ${time(duration.p50Ms)}, p95 ${time(duration.p95Ms)}; turns p50 ${turns.p50 ?? "-"}, p95 ${turns.p95 ?? "-"}; $${(costUsd.sum ?? 0).toFixed(4)} in all`,
      ...steps.map(({ stepId, count: of, p50Ms, p95Ms, attempts, expected }) => `  ${stepId}: ${counted(of, "time")}, ${counted(attempts, "attempt")}, p50 ${time(p50Ms)}, p95 ${time(p95Ms)}${expectation(expected)}`),
    ]),
    ...commands.map(({ command, count, p50Ms, p95Ms, timedOut, timeoutMs }) => `\`${command}\`: ${count} times, p50 ${time(p50Ms)}, p95 ${time(p95Ms)}${timedOut === 0 ? "" : `, ${timedOut} ran into the time-out`}; next time-out ${time(timeoutMs)}`),
    ...(clockJumps === 0 ? [] : [`The clock had been set back ${clockJumps} times; those moments are left out.`]),
    ...passedOver.map(({ name, reason }) => `Passed over ${name}: ${reason}`),
  ].join("\n");
}

const expectation = (expected: Expected | null): string => (expected === null ? "" : `, expected ${time(expected.p50Ms)} to ${time(expected.p95Ms)}`);

/** A time for people. */
export function time(ms: number | null): string {
  if (ms === null) return "-";
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${(ms / 60_000).toFixed(1)} min`;
}
