/** Plays one step: its condition, its programs one after another, then what it wrote to the command files. */
import { TerminalError } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/ports.ts";
import { parseCommandFile, parsePathFile } from "./command-files.ts";
import type { JobResult } from "./events.ts";
import { evaluateCondition, evaluateTemplate } from "./expressions.ts";
import type { JobControl } from "./job-control.ts";
import { createCommandFiles, type CommandFiles } from "./job-directory.ts";
import { conditionScope, jobStatus, stepEnvironment, stepScope, type JobState } from "./job-state.ts";
import { runStepProcess } from "./step-process.ts";
import type { Program } from "./step-work.ts";

/** A summary over this is dropped as a whole, and the step stays green (actions/runner FileCommandManager). */
const MAX_SUMMARY_BYTES = 1024 * 1024;

export interface Step {
  /** `GITHUB_ACTION`: the step's id, or a name made for it. */
  readonly actionName: string;
  readonly condition: string | undefined;
  /** `env:` as written. */
  readonly env: Readonly<Record<string, string>>;
  /** Values for `STATE_*`, which a post step has from its main step. */
  readonly state: Readonly<Record<string, string>>;
  /** May throw a TerminalError, which fails the step. */
  programs(): readonly Program[];
}

export interface StepEnd {
  readonly conclusion: JobResult;
  readonly outputs: Readonly<Record<string, string>>;
  /** Written to `GITHUB_STATE`. */
  readonly savedState: Readonly<Record<string, string>>;
  readonly summary: string | null;
}

export interface StepPlayerOptions {
  readonly state: JobState;
  readonly control: JobControl;
  readonly clock: Clock;
  /** Called when the condition holds, before anything of the step runs. */
  onStart(): void;
}

const SKIPPED: StepEnd = { conclusion: "skipped", outputs: {}, savedState: {}, summary: null };

/** Plays a step to its end; a failure of whatever kind is the step's conclusion, never an exception. */
export async function playStep(step: Step, options: StepPlayerOptions): Promise<StepEnd> {
  const { state, control } = options;
  try {
    const env = Object.fromEntries(Object.entries(step.env).map(([name, value]) => [name, evaluateTemplate(value, stepScope(state))]));
    const holds = (cancelled: boolean): boolean => evaluateCondition(step.condition, conditionScope(state, env, jobStatus(state, cancelled)));
    if (!holds(control.cancel.aborted)) return SKIPPED;
    options.onStart();
    // A running step goes on when its condition holds for a cancelled job too (docs: "Workflow cancellation").
    return await runPrograms(step, { ...options, env, endsOnCancel: !holds(true) });
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    state.log.say("error", `${error.message} ${error.fix}`);
    return { ...SKIPPED, conclusion: "failure" };
  }
}

interface StartedStep extends StepPlayerOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly endsOnCancel: boolean;
}

async function runPrograms(step: Step, { state, control, clock, env, endsOnCancel }: StartedStep): Promise<StepEnd> {
  const files = createCommandFiles(state.facts.directory);
  const programs = step.programs();
  const output = state.log.stepOutput();
  const cancel = endsOnCancel ? control.cancel : new AbortController().signal;
  let failed = false;
  for (const program of programs) {
    const environment = stepEnvironment(state, { ...stateVariables(step.state), ...env, ...program.environment });
    const exit = await runStepProcess(
      { program: program.program, arguments: program.arguments, directory: state.facts.directory.workspace, environment: { ...environment, ...files.variables, ...actionFacts(step, program) } },
      { clock, onLine: output.line, onStart: (pid) => void state.processes.push(pid), cancel, kill: control.kill },
    );
    failed = exit.exitCode !== 0;
    const ended = cancel.aborted || control.kill.aborted;
    if (ended) state.log.say("error", "The operation was canceled.");
    else if (failed) state.log.say("error", exit.exitCode === null ? "The process was ended by a signal." : `Process completed with exit code ${exit.exitCode}.`);
    if (ended || failed) break;
  }
  const cancelled = cancel.aborted || control.kill.aborted;
  return finish(state, files, cancelled ? "cancelled" : failed || output.refused().length > 0 ? "failure" : "success");
}

/** `GITHUB_ACTION*` are reserved for the runner, so they are laid over everything else. */
function actionFacts(step: Step, { environment }: Program): Readonly<Record<string, string>> {
  const own = Object.entries(environment).filter(([name]) => name.startsWith("GITHUB_ACTION_"));
  return { GITHUB_ACTION: step.actionName, ...Object.fromEntries(own) };
}

const stateVariables = (state: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value]));

/** Takes over what the step wrote, also when it failed. */
function finish(state: JobState, files: CommandFiles, conclusion: JobResult): StepEnd {
  const outputs = parseCommandFile(files.read("GITHUB_OUTPUT"), "GITHUB_OUTPUT");
  const savedState = parseCommandFile(files.read("GITHUB_STATE"), "GITHUB_STATE");
  const variables = parseCommandFile(files.read("GITHUB_ENV"), "GITHUB_ENV");
  const refused = Object.keys(variables).find((name) => /^(?:GITHUB_|RUNNER_)/.test(name) || name === "NODE_OPTIONS");
  if (refused !== undefined) throw new TerminalError(`The step may not set ${refused} for the steps after it.`, "Set it in the step's own env.");
  state.env = { ...state.env, ...variables };
  state.pathAdditions = [...parsePathFile(files.read("GITHUB_PATH")).toReversed(), ...state.pathAdditions];
  return { conclusion, outputs, savedState, summary: readSummary(state, files) };
}

function readSummary(state: JobState, files: CommandFiles): string | null {
  const text = files.read("GITHUB_STEP_SUMMARY");
  if (text === "") return null;
  if (Buffer.byteLength(text) <= MAX_SUMMARY_BYTES) return state.log.mask(text);
  state.log.say("error", `$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of ${MAX_SUMMARY_BYTES / 1024}k, got ${Math.ceil(Buffer.byteLength(text) / 1024)}k.`);
  return null;
}
