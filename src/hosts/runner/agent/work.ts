/** The agent job's work proper: sandbox, workspace, coordinator. Loaded when the run is admitted and its journal can be saved. */
import { join } from "node:path";
import { allowedHosts, budgetOf, modelsOf, type Config } from "../../../config/index.ts";
import { estimateWords, loadLibrary, pipelineFault, progressLine, readRules, runItem, type ItemResult } from "../../../coordinator/index.ts";
import type { GitHub } from "../../../github/client.ts";
import { itemStream, type EndingCode, type ItemEvent, type Reason } from "../../../record/index.ts";
import { TerminalError, type Refusal } from "../../../shared/errors.ts";
import { openSandbox, openWorkspace, type Sandbox, type Workspace } from "../../../workspace/index.ts";
import type { JobSettings } from "../settings.ts";
import type { Admitted } from "./admission.ts";
import { readConfig } from "./config.ts";
import type { AgentPorts, RunRecord } from "./ports.ts";
import type { Restored } from "./restore.ts";

export interface WorkEnd {
  readonly ending: EndingCode;
  readonly reason: Reason | null;
  /** Of the item over all its runs, in words, with what was expected. */
  readonly cost: string;
  /** The item's record has an end, so there is something to deliver or to say; else a later run goes on. */
  readonly over: boolean;
}

export interface WorkContext {
  readonly github: GitHub;
  readonly admitted: Admitted;
  readonly restored: Restored | null;
  readonly record: RunRecord;
}

/** Works on the item until it ends or is cancelled. Throws TerminalError or RetryableError when the journal or a save fails. */
export async function work(settings: JobSettings, ports: AgentPorts, context: WorkContext): Promise<WorkEnd> {
  const config = await readConfig(context.github, { owner: settings.owner, repo: settings.repo }, context.admitted.ticket.base.sha);
  if (!config.ok) return stopBeforeWork(settings, context, { ending: "bad-config", refusal: config.error });
  const result = await confined(settings, ports, { ...context, config: config.value });
  return "state" in result ? { ending: result.ending, reason: result.reason, cost: costOf(result), over: result.state.ended !== null } : result;
}

const costOf = ({ spent, estimate }: ItemResult): string => `$${(spent.costMicroUsd / 1_000_000).toFixed(4)}${estimate === null ? "" : `, expected ${estimateWords(estimate)}`}`;

interface Work extends WorkContext {
  readonly config: Config;
}

async function confined(settings: JobSettings, ports: AgentPorts, context: Work): Promise<ItemResult | WorkEnd> {
  const sandbox = await openSandbox({
    workspaceDir: settings.workspace,
    mode: settings.sandbox,
    processes: ports.processes,
    nodePath: ports.nodePath,
    helperPath: join(ports.distDirectory, "helper.js"),
    path: settings.path,
    readOnlyPaths: settings.toolCache === null || ports.fs.list(settings.toolCache).length === 0 ? [] : [settings.toolCache],
    privatePaths: [settings.runnerTemp],
    network: { allow: allowedHosts(context.config) },
  });
  if (!sandbox.ok) return stopBeforeWork(settings, context, { ending: "no-sandbox", refusal: sandbox.error });
  if (sandbox.value.mode === "weak") ports.log("Warning: tools run without a sandbox (sandbox: weak).");
  let workspace: Workspace | null = null;
  try {
    workspace = await openWorkspace({
      directory: settings.workspace,
      privateDirectory: join(settings.runnerTemp, "worktrain", "git"),
      base: (context.restored?.opening ?? context.admitted.ticket).base.sha,
      sandbox: sandbox.value,
      processes: ports.processes,
    });
    for (const note of workspace.notes) ports.log(note);
    return await drive(settings, ports, { ...context, sandbox: sandbox.value, workspace });
  } finally {
    await sandbox.value.close();
    await workspace?.close();
  }
}

async function drive(settings: JobSettings, ports: AgentPorts, all: Work & { sandbox: Sandbox; workspace: Workspace }): Promise<ItemResult | WorkEnd> {
  const { admitted, restored, record, config, sandbox, workspace } = all;
  const { caps } = admitted.ticket;
  const library = await loadLibrary(ports.fs, join(ports.distDirectory, "workflows"), workspace.baseFiles);
  if (!library.ok) return stopBeforeWork(settings, all, { ending: "bad-config", refusal: library.error });
  const fault = pipelineFault(library.value);
  if (fault !== null) return stopBeforeWork(settings, all, { ending: "bad-config", refusal: fault });
  const rules = await readRules(workspace.baseFiles, config.rules);
  for (const note of rules.notes) ports.log(note);
  return runItem(
    {
      journal: record.journal,
      redact: record.redact,
      clock: ports.clock,
      random: ports.random,
      findPlan: library.value,
      repository: `${settings.owner}/${settings.repo}`,
      workspace,
      sandbox,
      model: {
        endpoint: { apiKey: settings.anthropicApiKey, ...(settings.modelUrl === null ? {} : { baseUrl: settings.modelUrl }), fetch: ports.fetch },
        ...modelsOf(config),
      },
      budget: { ...budgetOf(config), turns: caps.turns, tokens: caps.tokens, costMicroUsd: Math.round(caps.costUsd * 1_000_000), ms: caps.minutes * 60_000 },
      commands: { test: config.commands.test ?? null },
      rules: rules.rules,
      save: (boundary) => record.saver.save(boundary),
      onProgress: (progress) => {
        const line = progressLine(progress);
        if (line !== null) ports.log(line);
      },
      signal: ports.signal,
    },
    openItem(admitted, config.review.maxRounds),
    { ...openRun(settings, restored, sandbox.mode), committed: admitted.committed },
  );
}

function openItem(admitted: Admitted, maxReviewRounds: number): Extract<ItemEvent, { kind: "item_opened" }>["data"] {
  const { ticket, task } = admitted;
  return { itemId: ticket.item, task: { ...task, sha256: ticket.textSha256 }, base: ticket.base, maxReviewRounds };
}

function openRun(settings: JobSettings, restored: Restored | null, sandbox: "bubblewrap" | "weak" | "none"): Extract<ItemEvent, { kind: "run_opened" }>["data"] {
  const { runId, runAttempt, key, ticket, runner } = settings;
  return { host: "actions", runId, runAttempt, key, ticket, sandbox, ...(runner === null ? {} : { runner }), restored: restored?.found ?? null, segments: (restored?.refs ?? []).map(({ digest }) => digest) };
}

/** Ends the item with a reason before a session could run, so that the deliver job can say why. */
async function stopBeforeWork(
  settings: JobSettings,
  { admitted, restored, record }: WorkContext,
  { ending, refusal }: { readonly ending: Extract<EndingCode, "bad-config" | "no-sandbox">; readonly refusal: Refusal },
): Promise<WorkEnd> {
  const stream = itemStream(settings.item);
  const reason: Reason = { code: refusal.kind, message: refusal.message, fix: refusal.fix };
  const head = await record.journal.head(stream);
  const events: ItemEvent[] = [
    ...(head === null ? [{ kind: "item_opened" as const, data: openItem(admitted, 1) }] : []),
    { kind: "run_opened", data: { ...openRun(settings, restored, "none"), committed: admitted.committed } },
    { kind: "item_ended", data: { outcome: "stopped", ending, reason, snapshot: null } },
  ];
  const appended = await record.journal.append(stream, head, events);
  if (!appended.ok) throw new TerminalError(appended.error.message, appended.error.fix);
  await record.saver.save({ phase: "classify", step: "end", costMilliUsd: 0, ending });
  return { ending, reason, cost: "$0", over: true };
}
