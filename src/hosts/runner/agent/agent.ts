/**
 * The agent job: reads, works in the sandbox, saves; publishes nothing.
 *
 * I5. The caps are the ticket's. I6. What is journaled is redacted; the sandbox holds no secret. I9. Config from the base commit.
 */
import { join } from "node:path";
import { loadLibrary, progressLine, runItem, spentByItem, type ItemResult } from "../../../coordinator/index.ts";
import type { Config } from "../../../config/index.ts";
import { createGitHub } from "../../../github/octokit.ts";
import { createSegmentSaver, openDirectoryJournal, seedDirectory, type Journal, type SegmentRef, type SegmentSaver, type SegmentStore } from "../../../journal/index.ts";
import { foldItem } from "../../../engine/pipeline/index.ts";
import { itemStream, parseItemId, type EndingCode, type ItemEvent, type ItemName, type Reason } from "../../../record/index.ts";
import { RetryableError, TerminalError, type Refusal } from "../../../shared/errors.ts";
import type { Clock, Fetch, FileSystem, Processes, Random } from "../../../shared/ports.ts";
import { createRedactor } from "../../../shared/redact.ts";
import { openSandbox, openWorkspace, type Sandbox, type Workspace } from "../../../workspace/index.ts";
import type { JobSettings } from "../settings.ts";
import { admit, readConfig, type Admitted } from "./admission.ts";
import { restoreItem, type Restored } from "./restore.ts";

export interface AgentPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly fs: FileSystem;
  readonly processes: Processes;
  readonly fetch: Fetch;
  readonly segments: SegmentStore;
  /** The built action: beside `main.js` it holds the workflow library and the sandbox's helper. */
  readonly distDirectory: string;
  readonly nodePath: string;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface JobResult {
  readonly exitCode: number;
  /** What the deliver job may take, for the output `segments`; empty when there is nothing for it to do. */
  readonly segments: readonly SegmentRef[];
  /** One line for the log's end: the ending and its reason. */
  readonly summary: string;
}

/** Runs the agent job to its end. Expected failures are results; a bug or an outage is reported as ending `internal` or `cannot-save`. */
export async function runAgentJob(settings: JobSettings, ports: AgentPorts): Promise<JobResult> {
  const github = createGitHub({ token: settings.token, baseUrl: settings.apiUrl, userAgent: "worktrain-agent", fetch: ports.fetch, clock: ports.clock });
  const repository = { owner: settings.owner, repo: settings.repo };
  const admitted = await admit(github, settings);
  if (!admitted.ok) return refused(admitted.error);
  const { run, ticket } = admitted.value;
  const restored = await restoreItem({ ...ports, github, repository, repositoryId: settings.repositoryId, item: settings.item, run });
  const record = await openRecord(settings, ports, restored);
  try {
    await probe(record.saver);
  } catch (error) {
    return cannotSave(error);
  }
  try {
    const config = await readConfig(github, repository, ticket.base.sha);
    const result = config.ok
      ? await work(settings, ports, { admitted: admitted.value, restored, record, config: config.value })
      : await stopBeforeWork({ settings, admitted: admitted.value, restored, record }, "bad-config", config.error);
    return finished(restored, record.saver, result);
  } catch (error) {
    return await broken(restored, record.saver, error);
  } finally {
    await record.journal.close();
  }
}

interface RunRecord {
  readonly redact: (text: string) => string;
  readonly journal: Journal;
  readonly saver: SegmentSaver;
}

async function openRecord(settings: JobSettings, ports: AgentPorts, restored: Restored | null): Promise<RunRecord> {
  const directory = join(settings.runnerTemp, "worktrain", "journal");
  if (restored !== null) await seedDirectory({ directory, fs: ports.fs, assembled: restored.assembled });
  const redact = createRedactor([settings.token, settings.anthropicApiKey]);
  const journal = await openDirectoryJournal({ directory, fs: ports.fs, clock: ports.clock, redact });
  const saver = createSegmentSaver({
    journal,
    store: ports.segments,
    clock: ports.clock,
    item: itemName(settings),
    runId: settings.runId,
    runAttempt: settings.runAttempt,
    previous: restored?.refs.at(-1)?.digest ?? null,
  });
  return { journal, saver, redact };
}

function itemName(settings: JobSettings): ItemName {
  const name = parseItemId(settings.item);
  if (name === null) throw new TerminalError(`${settings.item} is not a work item.`, "Runs are started by the App only.");
  return name;
}

/** An empty segment before anything costs money: where artifacts are refused the run ends here (fault 16). */
const probe = (saver: SegmentSaver): Promise<SegmentRef> => saver.save({ phase: "probe", step: "start", costMilliUsd: 0, ending: null });

interface Work {
  readonly admitted: Admitted;
  readonly restored: Restored | null;
  readonly record: RunRecord;
  readonly config: Config;
}

async function work(settings: JobSettings, ports: AgentPorts, { admitted, restored, record, config }: Work): Promise<ItemResult> {
  const { ticket } = admitted;
  const sandbox = await openSandbox({
    workspaceDir: settings.workspace,
    mode: settings.sandbox,
    processes: ports.processes,
    nodePath: ports.nodePath,
    helperPath: join(ports.distDirectory, "helper.js"),
    path: settings.path,
    readOnlyPaths: settings.toolCache === null ? [] : [settings.toolCache],
  });
  if (!sandbox.ok) return stopBeforeWork({ settings, admitted, restored, record }, "no-sandbox", sandbox.error);
  if (sandbox.value.mode === "weak") ports.log("::warning::Tools run without a sandbox (sandbox: weak).");
  let workspace: Workspace | null = null;
  try {
    workspace = await openWorkspace({
      directory: settings.workspace,
      privateDirectory: join(settings.runnerTemp, "worktrain", "git"),
      base: ticket.base.sha,
      sandbox: sandbox.value,
      processes: ports.processes,
    });
    for (const note of workspace.notes) ports.log(note);
    return await drive(settings, ports, { admitted, restored, record, config, sandbox: sandbox.value, workspace });
  } finally {
    await sandbox.value.close();
    await workspace?.close();
  }
}

async function drive(settings: JobSettings, ports: AgentPorts, all: Work & { sandbox: Sandbox; workspace: Workspace }): Promise<ItemResult> {
  const { admitted, restored, record, config, sandbox, workspace } = all;
  const { caps } = admitted.ticket;
  return runItem(
    {
      journal: record.journal,
      redact: record.redact,
      clock: ports.clock,
      random: ports.random,
      plans: loadLibrary(ports.fs, join(ports.distDirectory, "workflows")),
      workspace,
      sandbox,
      model: {
        endpoint: { apiKey: settings.anthropicApiKey, ...(settings.modelUrl === null ? {} : { baseUrl: settings.modelUrl }), fetch: ports.fetch },
        name: config.model,
      },
      budget: { turns: caps.turns, tokens: caps.tokens, costMicroUsd: Math.round(caps.costUsd * 1_000_000), ms: caps.minutes * 60_000 },
      commands: { test: config.commands.test ?? null },
      save: (boundary) => record.saver.save(boundary),
      onProgress: (progress) => {
        const line = progressLine(progress);
        if (line !== null) ports.log(line);
      },
      signal: ports.signal,
    },
    openItem(admitted, config.review.maxRounds),
    openRun(settings, restored, sandbox.mode),
  );
}

function openItem(admitted: Admitted, maxReviewRounds: number): Extract<ItemEvent, { kind: "item_opened" }>["data"] {
  const { ticket, task } = admitted;
  return { itemId: ticket.item, task: { ...task, sha256: ticket.textSha256 }, base: ticket.base, maxReviewRounds };
}

function openRun(settings: JobSettings, restored: Restored | null, sandbox: "bubblewrap" | "weak" | "none"): Extract<ItemEvent, { kind: "run_opened" }>["data"] {
  const { runId, runAttempt, key, ticket } = settings;
  return { host: "actions", runId, runAttempt, key, ticket, sandbox, restored: restored?.found ?? null, segments: (restored?.refs ?? []).map(({ digest }) => digest) };
}

/** Ends the item with a reason before a session could run, so that the deliver job can say why. */
async function stopBeforeWork(
  context: { readonly settings: JobSettings; readonly admitted: Admitted; readonly restored: Restored | null; readonly record: RunRecord },
  ending: Extract<EndingCode, "bad-config" | "no-sandbox">,
  refusal: Refusal,
): Promise<ItemResult> {
  const { settings, admitted, restored, record } = context;
  const stream = itemStream(settings.item);
  const reason: Reason = { code: refusal.kind, message: refusal.message, fix: refusal.fix };
  const head = await record.journal.head(stream);
  const events: ItemEvent[] = [
    ...(head === null ? [{ kind: "item_opened" as const, data: openItem(admitted, 1) }] : []),
    { kind: "run_opened", data: openRun(settings, restored, "none") },
    { kind: "item_ended", data: { outcome: "stopped", ending, reason, snapshot: null } },
  ];
  const appended = await record.journal.append(stream, head, events);
  if (!appended.ok) throw new TerminalError(appended.error.message, appended.error.fix);
  await record.saver.save({ phase: "classify", step: "end", costMilliUsd: 0, ending });
  return { ending, reason, state: foldItem(events) };
}

function finished(restored: Restored | null, saver: SegmentSaver, result: ItemResult): JobResult {
  const cost = `$${(spentByItem(result.state).costMicroUsd / 1_000_000).toFixed(4)}`;
  const reason = result.reason === null ? "" : `: ${result.reason.message} ${result.reason.fix}`;
  const segments = result.ending === "cancelled" ? [] : named(restored, saver);
  return { exitCode: 0, segments, summary: `WorkTrain ended: ${result.ending}${reason} (${cost})` };
}

const named = (restored: Restored | null, saver: SegmentSaver): readonly SegmentRef[] => [...(restored?.refs ?? []), ...saver.saved()];

const refused = (refusal: Refusal): JobResult => ({ exitCode: 1, segments: [], summary: `Refused: ${refusal.message} ${refusal.fix}` });

function cannotSave(error: unknown): JobResult {
  const message = error instanceof Error ? error.message : String(error);
  return { exitCode: 1, segments: [], summary: `The journal cannot be saved: ${message} Check the repository's artifact quota and retention; nothing was spent.` };
}

/** A bug or an outage: what can be saved is, and the run says so; the item stays open for a later run. */
async function broken(restored: Restored | null, saver: SegmentSaver, error: unknown): Promise<JobResult> {
  if (!(error instanceof TerminalError || error instanceof RetryableError)) throw error;
  const fix = error instanceof TerminalError ? error.fix : "Label the issue again: the work goes on from what was saved.";
  try {
    await saver.save({ phase: "classify", step: "broken", costMilliUsd: 0, ending: "internal" });
  } catch (saveError) {
    return { ...cannotSave(saveError), summary: `${error.message} ${fix} The end of the journal could not be saved either.` };
  }
  return { exitCode: 1, segments: [], summary: `${error.message} ${fix} ${named(restored, saver).length} segments are saved.` };
}
