/**
 * Runs what the pipeline asks the host itself to run: the repository's tests on the base, and commands of findings.
 *
 * I8. A finding's command is a model's text, and the model that wrote it may execute nothing: it is run in the sandbox only, for a
 *     bounded time, on a copy that is thrown away with everything it left running or in the scratch directories.
 */
import { isRed, type ItemAction } from "../engine/pipeline/index.ts";
import type { CommandRun, ItemEvent } from "../record/index.ts";
import { asRecorded, OUTPUT_TAIL_BYTES, tail } from "../session/index.ts";
import type { CoordinatorDeps } from "./deps.ts";
import { failingTests } from "./failing-tests.ts";
import { restoreFiles, timeoutOf, WHOLE_OUTPUT_BYTES } from "./seat.ts";

type HostAction = Extract<ItemAction, { kind: "test-base" | "check-finding" }>;

/** Runs it and gives the event that records it; null when the run was cancelled meanwhile: then nothing is known, and it is run again. */
export async function runForItem(deps: CoordinatorDeps, action: HostAction): Promise<ItemEvent | null> {
  try {
    return action.kind === "test-base" ? await testBase(deps) : await checkFinding(deps, action);
  } catch (error) {
    if (deps.signal.aborted) return null;
    throw error;
  }
}

async function testBase(deps: CoordinatorDeps): Promise<ItemEvent> {
  const { test: command } = deps.commands;
  if (command === null) return { kind: "base_tested", data: { command, result: null, skipped: "the repository names no command (commands.test in .github/worktrain.yml)" } };
  deps.onProgress({ kind: "host-command", why: "The tests before the work", command });
  await deps.sandbox.renew();
  await restoreFiles(deps, null);
  const ran = await run(deps, { command, timeoutMs: timeoutOf(deps, command), maxOutputBytes: WHOLE_OUTPUT_BYTES });
  await restoreFiles(deps, null);
  const failing = isRed(ran) ? failingTests(ran.outputTail) : null;
  return { kind: "base_tested", data: { command, result: recorded(deps, { ...ran, ...(failing === null ? {} : { failing: [...failing] }) }), skipped: null } };
}

/** A finding's command shows one thing; a whole test suite has `commands.test`. */
const FINDING_TIMEOUT_MS = 2 * 60_000;
const COPY_TIMEOUT_MS = 2 * 60_000;

const COPY = `"$TMPDIR/worktrain-copy"`;
const MAKE_COPY = `mkdir ${COPY} && cp -a . ${COPY}/`;

async function checkFinding(deps: CoordinatorDeps, { round, command, snapshot }: Extract<HostAction, { kind: "check-finding" }>): Promise<ItemEvent> {
  deps.onProgress({ kind: "host-command", why: "The command of a finding", command });
  const event = (result: CommandRun | null, skipped: string | null): ItemEvent => ({ kind: "finding_checked", data: { round, tree: snapshot.tree, command, result, skipped } });
  await deps.sandbox.renew();
  await restoreFiles(deps, snapshot);
  try {
    const copied = await run(deps, { command: MAKE_COPY, timeoutMs: COPY_TIMEOUT_MS, maxOutputBytes: OUTPUT_TAIL_BYTES });
    if (copied.exitCode !== 0) return event(null, `the files could not be copied: ${copied.timedOut ? "it took too long" : recorded(deps, copied).outputTail.trim().slice(-300).toWellFormed()}`);
    // On a line of its own: whatever it begins or ends with, it stays one command after the other.
    const ran = await run(deps, { command: `cd ${COPY} || exit 126\n${command}`, timeoutMs: FINDING_TIMEOUT_MS, maxOutputBytes: OUTPUT_TAIL_BYTES });
    return event(recorded(deps, ran), null);
  } finally {
    await deps.sandbox.renew();
    // The workspace itself is within its reach by its absolute path.
    if (!deps.signal.aborted) await restoreFiles(deps, snapshot);
  }
}

async function run({ sandbox, signal }: CoordinatorDeps, request: Parameters<CoordinatorDeps["sandbox"]["runCommand"]>[0]): Promise<CommandRun> {
  signal.throwIfAborted();
  const result = await sandbox.runCommand(request, signal);
  // A command that was cut off says nothing.
  signal.throwIfAborted();
  return { ...result, sandbox: sandbox.mode };
}

/** As it will read back from the log, so that what is decided in memory is what a later run decides (I3). */
const recorded = ({ redact }: CoordinatorDeps, ran: CommandRun): CommandRun => asRecorded({ ...ran, outputTail: tail(ran.outputTail) }, redact);
