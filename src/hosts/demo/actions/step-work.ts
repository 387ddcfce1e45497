/** Turns a step of the workflow file into what is started for it. */
import { cpSync, existsSync, writeFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { TerminalError } from "../../../shared/errors.ts";
import { unreachable } from "../../../shared/unreachable.ts";
import { inputVariables, readActionFile, type ActionFile } from "./action-file.ts";
import { checkoutCommands, checkoutCredential } from "./checkout.ts";
import { evaluateTemplate } from "./expressions.ts";
import type { JobDirectory } from "./job-directory.ts";
import { githubContext } from "./job-environment.ts";
import { stepScope, type JobState } from "./job-state.ts";
import type { LocalActionsOptions } from "./local-actions-options.ts";
import type { WorkflowStep } from "./workflow-schema.ts";

const CHECKOUT = "actions/checkout";

/** One program of a step; the environment is what it gets besides the job's. */
export interface Program {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** What runs for a step: programs in order until one fails, and what is left to run at the end of the job. */
export interface StepWork {
  readonly programs: readonly Program[];
  readonly post: { readonly condition: string; readonly program: Program } | null;
}

/** An action as the job has it on its own disk. */
interface ResolvedAction {
  readonly directory: string;
  readonly file: ActionFile;
  readonly repository: string;
  readonly ref: string;
}

export type ResolvedActions = ReadonlyMap<string, ResolvedAction>;

/**
 * Copies every action the steps use into the job's tree, as the runner downloads them before the first step.
 * A copy, so that an action finds only what its directory holds.
 * @throws TerminalError naming the action that has no entry in `actions`, or cannot be played
 */
export function resolveActions(steps: readonly WorkflowStep[], directory: JobDirectory, actions: LocalActionsOptions["actions"]): ResolvedActions {
  const resolved = new Map<string, ResolvedAction>();
  for (const step of steps) {
    if (step.kind === "run" || resolved.has(step.uses)) continue;
    const [name = "", ref = ""] = step.uses.split("@");
    if (name === CHECKOUT) continue;
    const source = Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (source === undefined || !existsSync(source)) throw new TerminalError(`The action ${name} cannot be resolved.`, `Give its directory in \`actions\` under "${name}".`);
    const [owner = "", repository = "", ...path] = name.split("/");
    const copy = join(directory.actions, owner, repository, ref, ...path);
    cpSync(source, copy, { recursive: true, dereference: true });
    resolved.set(step.uses, { directory: copy, file: readActionFile(copy), repository: `${owner}/${repository}`, ref });
  }
  return resolved;
}

export interface StepWorkOptions {
  readonly state: JobState;
  readonly actions: ResolvedActions;
  readonly gitUrl: string;
  /** Given to actions only: `ACTIONS_RUNTIME_TOKEN`, `ACTIONS_RESULTS_URL`. */
  readonly actionVariables: Readonly<Record<string, string>>;
}

/** @throws TerminalError when an expression or an input cannot be evaluated */
export function prepareStep(step: WorkflowStep, options: StepWorkOptions): StepWork {
  switch (step.kind) {
    case "run":
      return script(step.run, options.state);
    case "uses":
      return step.uses.startsWith(`${CHECKOUT}@`) ? checkout(step, options) : action(step, options);
    default:
      return unreachable(step);
  }
}

type UsesStep = Extract<WorkflowStep, { kind: "uses" }>;

/** Always with pipefail, which GitHub adds when a step says `shell: bash`. */
function script(text: string, state: JobState): StepWork {
  const path = join(state.facts.directory.temp, `${randomUUID()}.sh`);
  writeFileSync(path, `${evaluateTemplate(text, stepScope(state))}\n`);
  return { programs: [{ program: "bash", arguments: ["--noprofile", "--norc", "-eo", "pipefail", path], environment: {} }], post: null };
}

function checkout(step: UsesStep, { state, gitUrl }: StepWorkOptions): StepWork {
  const { run, token, directory } = state.facts;
  state.log.addMask(checkoutCredential(token));
  const commands = checkoutCommands({ run, gitUrl, token, workspace: directory.workspace, inputs: evaluated(step.with, state) });
  return { programs: commands.map((command) => ({ program: "git", ...command })), post: null };
}

function action(step: UsesStep, { state, actions, actionVariables }: StepWorkOptions): StepWork {
  const resolved = actions.get(step.uses);
  if (resolved === undefined) throw new TerminalError(`The action ${step.uses} was not resolved.`, "Report this: actions are resolved before the first step.");
  const { file, directory, repository, ref } = resolved;
  const environment = {
    ...inputVariables({ ...defaults(file, state), ...evaluated(step.with, state) }),
    ...actionVariables,
    GITHUB_ACTION_REPOSITORY: repository,
    GITHUB_ACTION_REF: ref,
  };
  for (const name of Object.keys(step.with)) {
    if (!Object.hasOwn(file.inputs, name)) state.log.say("warning", `Unexpected input '${name}', valid inputs are ${JSON.stringify(Object.keys(file.inputs))}`);
  }
  const { nodePath } = state.facts.options;
  const node = (entry: string): Program => ({ program: nodePath, arguments: [join(directory, entry)], environment });
  const { main, post } = file.runs;
  return { programs: [node(main)], post: post === undefined ? null : { condition: file.runs["post-if"] ?? "always()", program: node(post) } };
}

const evaluated = (values: Readonly<Record<string, string>>, state: JobState): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, evaluateTemplate(value, stepScope(state))]));

/** Every declared input is set; one without a default is empty. A default sees the `github` context only. */
const defaults = (file: ActionFile, state: JobState): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(file.inputs).map(([name, input]) => [name, evaluateTemplate(input.default ?? "", { contexts: { github: githubContext(state.facts) } })]));
