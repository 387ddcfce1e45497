import { join } from "node:path";
import { budgetOf, modelsOf, type Budget, type Config } from "../../../config/index.ts";
import { loadLibrary, pipelineFault, progressLine, readRules, type CoordinatorDeps, type ItemProgress } from "../../../coordinator/index.ts";
import type { Journal } from "../../../journal/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { Sandbox, Workspace } from "../../../workspace/index.ts";
import type { CliWorld } from "../command.ts";
import type { LocalRun } from "./asked-run.ts";
import type { SavedRun } from "./local-item.ts";
import { besideFile } from "./named-workflow.ts";

export type RunPorts = Omit<CliWorld, "environment" | "readStdin" | "workingDirectory">;

export interface ItemParts {
  readonly config: Config;
  /** Set when one workflow is run instead of the pipeline. */
  readonly workflow?: SavedRun["workflow"];
  readonly pastVerifications?: CoordinatorDeps["pastVerifications"];
  readonly earlierWork?: CoordinatorDeps["earlierWork"];
  readonly journal: Journal;
  readonly redact: (text: string) => string;
  readonly workspace: Workspace;
  readonly sandbox: Sandbox;
  readonly openSlice?: CoordinatorDeps["openSlice"];
}

/** What a run works with; a dry run gets the same, so that both make the same request. */
export async function itemDeps(run: Pick<LocalRun, "limits" | "model">, ports: RunPorts, parts: ItemParts): Promise<CoordinatorDeps> {
  const { config, workflow, pastVerifications, earlierWork, openSlice, ...places } = parts;
  const library = await loadLibrary(ports.fs, join(ports.packageRoot, "workflows"), parts.workspace.baseFiles);
  if (!library.ok) throw new TerminalError(library.error.message, library.error.fix);
  const fault = workflow === undefined ? pipelineFault(library.value) : null;
  if (fault !== null) throw new TerminalError(fault.message, fault.fix);
  const rules = await readRules(parts.workspace.baseFiles, config.rules);
  for (const note of rules.notes) ports.log(note);
  const { clock, random, signal } = ports;
  return {
    ...places,
    ...(openSlice === undefined ? {} : { openSlice }),
    clock,
    random,
    signal,
    repository: null,
    findPlan: workflow?.file ? besideFile(workflow.file, ports.packageRoot, library.value) : library.value,
    model: { endpoint: run.model, ...modelsOf(config) },
    budget: budgetWith(budgetOf(config), run.limits),
    commands: { test: config.commands.test ?? null },
    ...(pastVerifications === undefined ? {} : { pastVerifications }),
    rules: rules.rules,
    contextTokens: config.context.tokens,
    ...(earlierWork === undefined ? {} : { earlierWork }),
    saving: null,
    onProgress: (progress: ItemProgress) => {
      const line = progressLine(progress);
      if (line !== null) ports.log(line);
    },
  };
}

/** A flag takes the place of the item's limit, of the phase's and of the session's of that kind: what either stopped can go on with a higher one. */
function budgetWith(budget: Budget, limits: LocalRun["limits"]): Budget {
  const others = (own: Budget["session"]): Budget["session"] => Object.fromEntries(Object.entries(own).filter(([limit]) => !Object.hasOwn(limits, limit)));
  const phases = Object.fromEntries(Object.entries(budget.phases).map(([phase, own]) => [phase, others(own)]));
  return { ...budget, ...limits, session: others(budget.session), phases };
}
