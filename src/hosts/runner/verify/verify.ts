/**
 * The job `verify`: the repository's commands on the change, on a fresh runner that holds no secret.
 *
 * I7. What is tested is the tree that the agent job's record ends with, out of artifacts of this very run, by digest. The commands are
 *     those of the config at the base commit (I9); the deliver job compares them with the default branch's.
 * V1. What runs here was written by an adversary: it sees the workspace and nothing else, so that it cannot write this job's output.
 */
import { CONFIG_PATH, parseConfig, verifyCommands, type Config } from "../../../config/index.ts";
import { foldItem } from "../../../engine/pipeline/index.ts";
import { assembleSegments, type Assembled } from "../../../journal/index.ts";
import { parseAskId, type SnapshotRef, type VerifiedClaim } from "../../../record/index.ts";
import { readItemJournal } from "../../../report/index.ts";
import { TerminalError, type Refusal } from "../../../shared/errors.ts";
import { err, type Result } from "../../../shared/result.ts";
import type { Sandbox, Workspace } from "../../../workspace/index.ts";
import { takeOwnSegments } from "./own-segments.ts";
import type { VerifyPorts, VerifySettings } from "./settings.ts";

export interface VerifyResult {
  /** 1: red, and so nothing is published where this job is required. */
  readonly exitCode: 0 | 1;
  /** For the output `verified`; null where nothing was tested. */
  readonly verified: VerifiedClaim | null;
  /** One line for the log's end. */
  readonly summary: string;
}

/** Runs the job to its end. Refusals are results; a bug or an outage is thrown. */
export async function runVerify(settings: VerifySettings, ports: VerifyPorts): Promise<VerifyResult> {
  if (parseAskId(settings.item) !== null) return { exitCode: 0, verified: null, summary: "There is no change to test: this run answers a question." };
  const assembled = await recordOf(settings, ports);
  if (!assembled.ok) return refused(assembled.error);
  const { ended } = foldItem((await readItemJournal(assembled.value.reader, settings.item)).item);
  if (ended === null || ended.outcome !== "deliver" || ended.snapshot === null) return { exitCode: 0, verified: null, summary: "There is no change to test: the work did not end with one." };
  return testInSandbox(ports, { assembled: assembled.value, snapshot: ended.snapshot });
}

async function recordOf(settings: VerifySettings, ports: VerifyPorts): Promise<Result<Assembled, Refusal>> {
  const parts = await takeOwnSegments(settings, ports);
  if (!parts.ok) return parts;
  const assembled = assembleSegments(parts.value);
  if (!assembled.ok) return refuse(`The agent job's record cannot be read: ${assembled.error.message}`, "Label the issue again for a new attempt.");
  return assembled.value.item === settings.item ? assembled : refuse(`The record is of item ${assembled.value.item}, this run is of ${settings.item}.`, "Label the issue again for a new attempt.");
}

interface Change {
  readonly assembled: Assembled;
  readonly snapshot: SnapshotRef;
}

async function testInSandbox(ports: VerifyPorts, change: Change): Promise<VerifyResult> {
  const workspace = await ports.openWorkspace(change.snapshot.base);
  try {
    const config = await configOf(workspace);
    if (!config.ok) return refused(config.error);
    const sandbox = await ports.openSandbox(config.value);
    if (!sandbox.ok) return refused(sandbox.error);
    try {
      return await testAll(ports, { ...change, workspace, config: config.value, sandbox: sandbox.value });
    } finally {
      await sandbox.value.close();
    }
  } finally {
    await workspace.close();
  }
}

async function configOf({ baseFiles }: Workspace): Promise<Result<Config, Refusal>> {
  const [file] = await baseFiles.find([CONFIG_PATH]);
  const config = parseConfig(file === undefined ? null : await baseFiles.read(file), CONFIG_PATH);
  if (config.ok) return config;
  return refuse(`${CONFIG_PATH}:${config.error[0]?.line ?? 1}: ${config.error[0]?.message ?? "not a config"}`, config.error[0]?.fix ?? "Mend the file on the default branch.");
}

/** Tail of a command's output that the log shows. */
const MAX_OUTPUT_BYTES = 16 * 1024;

interface Testing extends Change {
  readonly workspace: Workspace;
  readonly config: Config;
  readonly sandbox: Sandbox;
}

async function testAll(ports: VerifyPorts, { assembled, snapshot, workspace, config, sandbox }: Testing): Promise<VerifyResult> {
  const wanted = verifyCommands(config);
  if (wanted.length === 0) return refused({ kind: "not-verified", message: "There is no command to run.", fix: `Set commands.test in ${CONFIG_PATH} on the default branch.` });
  const commands: VerifiedClaim["commands"] = [];
  for (const command of wanted) {
    // Each on the change as it was delivered: one command must not prepare the files for the next.
    const restored = await workspace.restore(snapshot, (sha256) => assembled.reader.getBlob(sha256));
    if (!restored.ok) return refused(restored.error);
    const { exitCode, timedOut, durationMs, outputTail } = await sandbox.runCommand({ command, timeoutMs: config.verify.minutes * 60_000, maxOutputBytes: MAX_OUTPUT_BYTES }, ports.signal);
    // A command that was cut off says nothing of the change.
    if (ports.signal.aborted) throw new TerminalError("The run was cancelled while commands ran.", "Label the issue again, if the work is still wanted.");
    commands.push({ command, exitCode, timedOut, durationMs });
    ports.log(`${command}\n${outputTail}\n${command}: ${endOf({ exitCode, timedOut })} after ${(durationMs / 1000).toFixed(1)} s`);
    await sandbox.renew();
  }
  const red = commands.filter(({ exitCode, timedOut }) => exitCode !== 0 || timedOut);
  const verified: VerifiedClaim = { v: 1, tree: snapshot.tree, base: snapshot.base, commands, sandbox: sandbox.mode, beside: !workspace.begunAtBase };
  const told = commands.map((each) => `${each.command}: ${endOf(each)}`).join("; ");
  return { exitCode: red.length === 0 ? 0 : 1, verified, summary: `${red.length === 0 ? "The change passes" : "The change does not pass"} (tree ${snapshot.tree}): ${told}` };
}

const endOf = ({ exitCode, timedOut }: { readonly exitCode: number | null; readonly timedOut: boolean }): string => (timedOut ? "timed out" : exitCode === null ? "ended by a signal" : `exit code ${exitCode}`);

const refuse = (message: string, fix: string): Result<never, Refusal> => err({ kind: "not-verified", message, fix });

const refused = ({ message, fix }: Refusal): VerifyResult => ({ exitCode: 1, verified: null, summary: `Nothing was tested: ${message} ${fix}` });
