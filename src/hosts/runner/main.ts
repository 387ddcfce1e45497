/**
 * The Action's entry: the only place of the runner that knows the environment. The jobs' code is loaded when it is known
 * which one this is, so that neither pays for the other.
 */
import { nodeClock, nodeFileSystem, nodeRandom } from "../../shared/node-ports.ts";
import { nodeProcesses } from "../../shared/node-processes.ts";
import type { SegmentStore } from "../../journal/index.ts";
import type { Report } from "../../report/index.ts";
import { runnerCommands } from "../../shared/runner-commands.ts";
import { gatherOutput } from "./gathered-output.ts";
import { checkDeliverRunner, checkRunner, harden } from "./harden/harden.ts";
import { linuxMachine } from "./harden/machine.ts";
import { RetryableError, TerminalError, type Refusal } from "../../shared/errors.ts";
import { readRunnerSettings, readSettings, type JobSettings } from "./settings.ts";

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const runner = runnerCommands(process.env, print);
const output = gatherOutput(process.stdout, runner.group);
try {
  const safe = await makeSafe();
  // Only now: what follows reads the key.
  if (safe === "verify") await runVerify();
  else if (safe !== null) await start();
} catch (error) {
  broken(error);
}

/** Hardens or checks the runner. @returns the job to start; null after `harden`, and where the runner is not safe */
async function makeSafe(): Promise<"agent" | "deliver" | "verify" | null> {
  const settings = readRunnerSettings((name) => runner.input(name));
  if (!settings.ok) return refuse(settings.error);
  const { job, selfHosted, modelUrl, sandbox } = settings.value;
  const facts = { environment: process.env, selfHosted, modelUrl };
  const machine = linuxMachine({ processes: nodeProcesses, clock: nodeClock });
  if (job === "deliver") {
    const checked = checkDeliverRunner(facts);
    return checked.ok ? job : refuse(checked.error);
  }
  const checked = job === "harden" ? await harden(facts, machine, sandbox) : await checkRunner(facts, machine);
  if (!checked.ok) return refuse(checked.error);
  for (const line of checked.value) runner.log(line);
  return job === "harden" ? null : job;
}

async function runVerify(): Promise<void> {
  const [{ readVerifySettings }, { runVerify: verify }, { verifyPlace }, { downloadOwnArtifact }] = await Promise.all([import("./verify/settings.ts"), import("./verify/verify.ts"), import("./verify/place.ts"), import("../../journal/index.ts")]);
  const settings = readVerifySettings(process.env, (name) => runner.input(name));
  if (!settings.ok) return void refuse(settings.error);
  const abort = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => abort.abort(new Error("The run was cancelled.")));
  const result = await verify(settings.value, {
    ...verifyPlace(settings.value, { fs: nodeFileSystem, processes: nodeProcesses, distDirectory: import.meta.dirname, nodePath: process.execPath }),
    fs: nodeFileSystem,
    download: (artifact) => output.gather(`Downloading artifact ${artifact.id}`, () => downloadOwnArtifact(artifact)),
    log: (line) => runner.log(line),
    signal: abort.signal,
  });
  runner.output("verified", result.verified === null ? "" : JSON.stringify(result.verified));
  conclude(result);
}

async function start(): Promise<void> {
  const settings = readSettings(process.env, runner.input);
  if (settings.ok) await run(settings.value);
  else refuse(settings.error);
}

function refuse(refusal: Refusal): null {
  fail(`${refusal.message} ${refusal.fix}`);
  return null;
}

async function run(job: JobSettings): Promise<void> {
  runner.mask(job.token);
  if (job.exchange !== null) runner.mask(job.exchange.idToken.token);
  runner.mask(job.anthropicApiKey);
  if (job.job === "agent") await runAgent(job);
  else await runDeliver(job);
}

function broken(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof TerminalError) fail(`${message} ${error.fix}`);
  else if (error instanceof RetryableError) fail(`${message} Nothing that was saved is lost: label the issue again when it answers.`);
  else fail(`WorkTrain failed: ${message} Please report this with the run's log.`);
}

async function runAgent(job: JobSettings): Promise<void> {
  const [{ runAgentJob }, { createArtifactSegmentStore }] = await Promise.all([import("./agent/agent.ts"), import("../../journal/index.ts")]);
  const abort = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => abort.abort(new Error("The run was cancelled.")));
  const result = await runAgentJob(job, {
    clock: nodeClock,
    random: nodeRandom,
    fs: nodeFileSystem,
    fetch: globalThis.fetch,
    segments: foldedAway(createArtifactSegmentStore({ runId: job.runId, directory: job.runnerTemp, fs: nodeFileSystem })),
    place: async () => (await import("./agent/place.ts")).machinePlace({ fs: nodeFileSystem, processes: nodeProcesses, distDirectory: import.meta.dirname, nodePath: process.execPath }),
    log: (line) => runner.log(line),
    signal: abort.signal,
  });
  runner.output("segments", result.segments.length === 0 && result.answers !== true ? "" : JSON.stringify(result.segments));
  if (result.stepSummary !== undefined) runner.summary(result.stepSummary);
  if (result.report !== undefined) await leave(job, result.report);
  conclude(result);
}

/** After everything that counts is written. */
async function leave(job: JobSettings, report: Report): Promise<void> {
  const [{ leaveReport }, { actionsArtifactClient }] = await Promise.all([import("./report-artifact.ts"), import("../../journal/index.ts")]);
  const client = { uploadFile: (path: string) => output.gather("Leaving the report", () => actionsArtifactClient.uploadFile(path)) };
  const address = await leaveReport(job, report, { client, fs: nodeFileSystem, clock: nodeClock, log: (line) => runner.log(line) });
  if (address !== null) runner.summary(`[The report as a page](${address}), with every turn and tool call.`);
}

async function runDeliver(job: JobSettings): Promise<void> {
  const [{ runDeliver: deliver }, { createArtifactSegmentStore }] = await Promise.all([import("./deliver/deliver.ts"), import("../../journal/index.ts")]);
  const result = await deliver(job, {
    clock: nodeClock,
    fs: nodeFileSystem,
    fetch: globalThis.fetch,
    segments: foldedAway(createArtifactSegmentStore({ runId: job.runId, directory: job.runnerTemp, fs: nodeFileSystem })),
    log: (line) => runner.log(line),
    mask: (secret) => runner.mask(secret),
  });
  runner.summary(result.stepSummary);
  if (result.report !== null) await leave(job, result.report);
  conclude(result);
}

function foldedAway(store: SegmentStore): SegmentStore {
  return { ...store, put: (name, bytes) => output.gather(`Saving ${name}`, () => store.put(name, bytes)) };
}

function conclude(result: { readonly exitCode: number; readonly summary: string }): void {
  if (result.exitCode === 0) runner.notice(result.summary);
  else fail(result.summary);
}

function fail(message: string): void {
  runner.error(message);
  process.exitCode = 1;
}
