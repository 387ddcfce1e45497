/** `worktrain run`: the pipeline of a GitHub run on a local clone, leaving a local branch. */
import { join, relative, resolve } from "node:path";
import { loadLibrary, progressLine, readRules, runItem, type ItemResult } from "../../coordinator/index.ts";
import { allowedHosts, CONFIG_PATH, modelsOf, parseConfig, type Config } from "../../config/index.ts";
import { artifactOf, CONTRACT } from "../../engine/pipeline/index.ts";
import { openDirectoryJournal } from "../../journal/index.ts";
import { formatItemId } from "../../record/index.ts";
import { TerminalError } from "../../shared/errors.ts";
import { sha256Hex } from "../../shared/hash.ts";
import { canonicalJson } from "../../shared/json.ts";
import { counted } from "../../report/index.ts";
import { createRedactor } from "../../shared/redact.ts";
import { codingHandoffSchema } from "../../workflow/index.ts";
import type { CliWorld, CommandResult } from "./command.ts";
import { cloneForWork, openSandbox, openWorkspace, publishBranch, type LocalClone, type Sandbox } from "../../workspace/index.ts";

export interface LocalRun {
  readonly goal: string;
  readonly workspace: string;
  readonly dataDirectory: string;
  readonly sandbox: "bubblewrap" | "weak";
  readonly apiKey: string;
  /** Another server than Anthropic's. */
  readonly modelUrl: string | null;
  readonly path: string;
}

type CliPorts = Omit<CliWorld, "environment" | "readStdin" | "workingDirectory">;

/** Runs the task; exit code 0 only when a branch with a reviewed change was left. Throws TerminalError on what cannot work. */
export async function runLocally(run: LocalRun, ports: CliPorts): Promise<CommandResult> {
  const { path: name, id } = localItem(ports);
  const directory = join(resolve(run.dataDirectory), "items", name);
  if (!relative(resolve(run.workspace), directory).startsWith("..")) {
    throw new TerminalError(`The data directory ${resolve(run.dataDirectory)} lies inside ${resolve(run.workspace)}.`, "Journals never go into the repository: name another directory with --data.");
  }
  const clone = await cloneForWork({ source: resolve(run.workspace), directory: join(directory, "workspace"), processes: ports.processes });
  if (clone.uncommitted > 0) ports.log(`Not taken along: ${counted(clone.uncommitted, "uncommitted file")} of ${clone.source}.`);
  if (clone.dependencies.length > 0) ports.log(`Copied along: ${clone.dependencies.join(", ")}.`);
  const config = await localConfig(clone);
  ports.fs.makeDirectory(directory);
  const redact = createRedactor([run.apiKey]);
  const journal = await openDirectoryJournal({ directory: join(directory, "journal"), fs: ports.fs, clock: ports.clock, redact });
  const sandbox = await openConfined(run, ports, { clone, directory, config });
  const workspace = await openWorkspace({ directory: clone.directory, privateDirectory: join(directory, "git"), base: clone.head, sandbox, processes: ports.processes });
  try {
    const rules = await readRules(workspace.baseFiles, config.rules);
    for (const note of rules.notes) ports.log(note);
    const deps = {
      ...ports,
      journal,
      redact,
      findPlan: await loadLibrary(ports.fs, join(ports.packageRoot, "workflows"), workspace.baseFiles),
      workspace,
      sandbox,
      model: { endpoint: { apiKey: run.apiKey, ...(run.modelUrl === null ? {} : { baseUrl: run.modelUrl }), fetch: ports.fetch }, ...modelsOf(config) },
      budget: {
        turns: config.budget.turns,
        tokens: config.budget.tokens,
        costMicroUsd: Math.round(config.budget.costUsd * 1_000_000),
        ms: config.budget.minutes * 60_000,
      },
      commands: { test: config.commands.test ?? null },
      rules: rules.rules,
      save: null,
      onProgress: (progress: Parameters<typeof progressLine>[0]) => {
        const line = progressLine(progress);
        if (line !== null) ports.log(line);
      },
    };
    const result = await runItem(deps, openItem(run, id, clone, config), {
      host: "local",
      runId: 0,
      runAttempt: 1,
      key: null,
      ticket: null,
      sandbox: sandbox.mode,
      restored: null,
      segments: [],
    });
    const branch = result.ending === "ready" ? await leaveBranch({ ports, clone, name, gitDirectory: workspace.repository, result }) : null;
    return report({ run, id, directory, result, branch, sandbox: sandbox.mode });
  } finally {
    await sandbox.close();
    await workspace.close();
    await journal.close();
  }
}

function localItem(ports: CliPorts): { readonly path: string; readonly id: string } {
  const subject = `local-${ports.clock.nowMs().toString(36)}${Buffer.from(ports.random.bytes(3)).toString("hex")}`;
  return { path: subject, id: formatItemId({ repositoryId: 0, subject, attempt: 1 }) };
}

async function localConfig(clone: LocalClone): Promise<Config> {
  const config = parseConfig(await clone.readCommitted(CONFIG_PATH), CONFIG_PATH);
  if (config.ok) return config.value;
  const [fault] = config.error;
  throw new TerminalError(`${CONFIG_PATH}:${fault?.line ?? 1}: ${fault?.message ?? "not a config"}`, fault?.fix ?? "Mend the file.");
}

async function openConfined(run: LocalRun, ports: CliPorts, { clone, directory, config }: { readonly clone: LocalClone; readonly directory: string; readonly config: Config }): Promise<Sandbox> {
  const sandbox = await openSandbox({
    workspaceDir: clone.directory,
    mode: run.sandbox,
    processes: ports.processes,
    nodePath: ports.nodePath,
    helperPath: join(ports.packageRoot, "action", "dist", "helper.js"),
    path: run.path,
    privatePaths: [join(directory, "journal"), join(directory, "git"), clone.source],
    network: { allow: allowedHosts(config) },
  });
  if (!sandbox.ok) throw new TerminalError(sandbox.error.message, sandbox.error.fix);
  return sandbox.value;
}

/** A word that a shell takes as it is. */
const shellWord = (text: string): string => (/^[\w./~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

function openItem(run: LocalRun, itemId: string, clone: LocalClone, config: Config) {
  const [title = "", ...rest] = run.goal.trim().split("\n");
  const task = { title: title.trim(), body: rest.join("\n").trim() };
  const sha256 = sha256Hex(canonicalJson(task));
  return { itemId, task: { ...task, sha256 }, base: { ref: clone.branch, sha: clone.head }, maxReviewRounds: config.review.maxRounds };
}

interface LeaveBranch {
  readonly ports: CliPorts;
  readonly clone: LocalClone;
  readonly name: string;
  readonly gitDirectory: string;
  readonly result: ItemResult;
}

async function leaveBranch({ ports, clone, name, gitDirectory, result }: LeaveBranch): Promise<{ name: string; sha: string }> {
  const { snapshot } = result.state.ended ?? {};
  if (snapshot === null || snapshot === undefined) throw new TerminalError("The item ended ready without a saved state.", "Please report this with the journal.");
  const coding = result.state.sessions.findLast((session) => session.phase === "code" || session.phase === "fix");
  const handoff = codingHandoffSchema.safeParse(coding === undefined ? null : artifactOf(coding, CONTRACT.codingHandoff));
  const subject = (handoff.success ? handoff.data.commitSubject : undefined) ?? result.state.opening?.task.title ?? "Change by WorkTrain";
  const branch = `worktrain/${name}`;
  const sha = await publishBranch({
    source: clone.source,
    gitDirectory,
    tree: snapshot.tree,
    parent: snapshot.base,
    branch,
    message: `${subject}\n\nWorkTrain-Item: ${result.state.opening?.itemId ?? ""}\n`,
    processes: ports.processes,
  });
  return { name: branch, sha };
}

interface Report {
  readonly run: LocalRun;
  readonly id: string;
  readonly directory: string;
  readonly result: ItemResult;
  readonly branch: { readonly name: string; readonly sha: string } | null;
  readonly sandbox: Sandbox["mode"];
}

function report({ run, id, directory, result, branch, sandbox }: Report): CommandResult {
  const { spent } = result;
  const journal = join(directory, "journal");
  const sessions = result.state.sessions.map((session) => ({
    id: session.sessionId,
    workflow: session.workflowId,
    phase: session.phase,
    outcome: session.result?.outcome ?? "open",
    turns: session.result?.turns ?? 0,
    tokens: session.result?.tokens ?? 0,
    costUsd: (session.result?.costMicroUsd ?? 0) / 1_000_000,
  }));
  const costUsd = spent.costMicroUsd / 1_000_000;
  const text =
    branch === null
      ? `Stopped (${result.ending}): ${result.reason?.message ?? ""} ${result.reason?.fix ?? ""}`.trimEnd()
      : `Ready: branch ${branch.name} (${branch.sha.slice(0, 10)}) in ${resolve(run.workspace)}\nSee it with: git -C ${shellWord(resolve(run.workspace))} diff ${branch.name}~1 ${branch.name}`;
  const weak = sandbox === "weak" ? "\nThe agent's commands ran without a sandbox (--sandbox weak)." : "";
  return {
    exitCode: branch === null ? 1 : 0,
    text: `${text}\n${spent.turns} turns, ${spent.tokens.toLocaleString("en-US")} tokens, $${costUsd.toFixed(4)}. Journal: ${journal}${weak}`,
    data: { item: id, ending: result.ending, reason: result.reason, branch: branch?.name ?? null, headSha: branch?.sha ?? null, sandbox, sessions, costUsd, journal },
  };
}
