/**
 * The Action's entry: the only place of the runner that knows the environment. The jobs' code is loaded when it is known
 * which one this is, so that neither pays for the other.
 */
import * as core from "@actions/core";
import { nodeClock, nodeFileSystem, nodeRandom } from "../../shared/node-ports.ts";
import { readSettings, type JobSettings } from "./settings.ts";

const settings = readSettings(process.env, (name) => core.getInput(name));
if (settings.ok) await run(settings.value);
else core.setFailed(`${settings.error.message} ${settings.error.fix}`);

async function run(job: JobSettings): Promise<void> {
  core.setSecret(job.token);
  if (job.anthropicApiKey !== "") core.setSecret(job.anthropicApiKey);
  try {
    if (job.job === "agent") await runAgent(job);
    else await runDeliver(job);
  } catch (error) {
    core.setFailed(`WorkTrain failed: ${error instanceof Error ? error.message : String(error)} Please report this with the run's log.`);
  }
}

async function runAgent(job: JobSettings): Promise<void> {
  const [{ runAgentJob }, { createArtifactSegmentStore }, { nodeProcesses }] = await Promise.all([
    import("./agent/agent.ts"),
    import("../../journal/index.ts"),
    import("../../shared/node-processes.ts"),
  ]);
  const abort = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => abort.abort(new Error("The run was cancelled.")));
  const result = await runAgentJob(job, {
    clock: nodeClock,
    random: nodeRandom,
    fs: nodeFileSystem,
    processes: nodeProcesses,
    fetch: globalThis.fetch,
    segments: createArtifactSegmentStore({ runId: job.runId, directory: job.runnerTemp, fs: nodeFileSystem }),
    distDirectory: import.meta.dirname,
    nodePath: process.execPath,
    log: (line) => process.stdout.write(`${line}\n`),
    signal: abort.signal,
  });
  core.setOutput("segments", result.segments.length === 0 ? "" : JSON.stringify(result.segments));
  if (result.exitCode === 0) core.notice(result.summary);
  else core.setFailed(result.summary);
}

async function runDeliver(job: JobSettings): Promise<void> {
  const [{ runDeliver: deliver }, { createArtifactSegmentStore }] = await Promise.all([import("./deliver/deliver.ts"), import("../../journal/index.ts")]);
  const result = await deliver(job, {
    clock: nodeClock,
    fs: nodeFileSystem,
    fetch: globalThis.fetch,
    segments: createArtifactSegmentStore({ runId: job.runId, directory: job.runnerTemp, fs: nodeFileSystem }),
    log: (line) => process.stdout.write(`${line}\n`),
  });
  await core.summary.addRaw(result.stepSummary).write();
  if (result.exitCode === 0) core.notice(result.summary);
  else core.setFailed(result.summary);
}
