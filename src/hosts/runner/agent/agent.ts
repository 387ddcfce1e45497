/**
 * The agent job: reads, works in the sandbox, saves; publishes nothing.
 *
 * I5. The caps are the ticket's. I6. What is journaled is redacted; the sandbox holds no secret. I9. Config from the base commit.
 */
import { join } from "node:path";
import { createGitHub } from "../../../github/octokit.ts";
import { createSegmentSaver, openDirectoryJournal, seedDirectory, type SegmentRef, type SegmentSaver } from "../../../journal/index.ts";
import { parseItemId, parseSegmentName, type ItemName } from "../../../record/index.ts";
import { RetryableError, TerminalError, type Refusal } from "../../../shared/errors.ts";
import { createRedactor } from "../../../shared/redact.ts";
import type { JobSettings } from "../settings.ts";
import { admit } from "./admission.ts";
import type { AgentPorts, RunRecord } from "./ports.ts";
import { earlierRuns, restoreItem, type Restored } from "./restore.ts";
import type { WorkEnd } from "./work.ts";

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
  if (!admitted.ok) return refuse(settings, ports, admitted.error);
  const { run, ticket } = admitted.value;
  const context = { ...ports, github, repository, repositoryId: settings.repositoryId, item: settings.item, textSha256: ticket.textSha256, run };
  const runs = await earlierRuns(context);
  const twin = runs.find((earlier) => earlier.displayTitle.split(" ").includes(settings.key));
  if (twin !== undefined) return { exitCode: 0, segments: [], summary: `Run ${twin.htmlUrl} has this work already: one dispatch key is worked on once.` };
  const restored = await restoreItem(context, runs);
  const record = await openRecord(settings, ports, restored);
  try {
    await probe(record.saver);
  } catch (error) {
    return cannotSave(error);
  }
  try {
    // The model's client, the workflow compiler and the rest of the work are loaded only now: a refused run starts fast and cheap.
    const { work } = await import("./work.ts");
    const result = await work(settings, ports, { github, admitted: admitted.value, restored, record });
    return finished(restored, record.saver, result);
  } catch (error) {
    return await broken(restored, record.saver, error);
  } finally {
    await record.journal.close();
  }
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

/** An empty segment before anything costs money: where artifacts are refused the run ends here (P-artifact-quota, fault 16). */
const probe = (saver: SegmentSaver): Promise<SegmentRef> => saver.save({ phase: "probe", step: "start", costMilliUsd: 0, ending: null });

function finished(restored: Restored | null, saver: SegmentSaver, end: WorkEnd): JobResult {
  const reason = end.reason === null ? "" : `: ${end.reason.message} ${end.reason.fix}`;
  const segments = end.over ? named(restored, saver) : [];
  return { exitCode: 0, segments, summary: `WorkTrain ended: ${end.ending}${reason} (${end.cost})` };
}

const named = (restored: Restored | null, saver: SegmentSaver): readonly SegmentRef[] => [...(restored?.refs ?? []), ...saver.saved()];

/** Nothing runs. An empty segment's name carries the word to the App's status comment. */
async function refuse(settings: JobSettings, ports: AgentPorts, refusal: Refusal<"bad-ticket">): Promise<JobResult> {
  const summary = `Refused: ${refusal.message} ${refusal.fix}`;
  try {
    const record = await openRecord(settings, ports, null);
    await record.saver.save({ phase: "probe", step: "refused", costMilliUsd: 0, ending: refusal.kind });
    await record.journal.close();
    return { exitCode: 1, segments: [], summary };
  } catch (error) {
    return { exitCode: 1, segments: [], summary: `${summary} (${cannotSave(error).summary})` };
  }
}

function cannotSave(error: unknown): JobResult {
  const message = error instanceof Error ? error.message : String(error);
  return { exitCode: 1, segments: [], summary: `The journal cannot be saved: ${message} Check the repository's artifact quota and retention; nothing was spent.` };
}

/** A bug or an outage: what can be saved is, and the run says so; the item stays open for a later run. */
async function broken(restored: Restored | null, saver: SegmentSaver, failure: unknown): Promise<JobResult> {
  const error = failure instanceof Error ? failure : new Error(String(failure));
  const fix = error instanceof TerminalError ? error.fix : error instanceof RetryableError ? "Label the issue again: the work goes on from what was saved." : "This is a bug in WorkTrain; please report it with the run's log.";
  const last = parseSegmentName(saver.saved().at(-1)?.name ?? "");
  try {
    await saver.save({ phase: last?.phase ?? "probe", step: "broken", costMilliUsd: last?.costMilliUsd ?? 0, ending: "internal" });
  } catch (saveError) {
    return { ...cannotSave(saveError), summary: `${error.message} ${fix} The end of the journal could not be saved either.` };
  }
  return { exitCode: 1, segments: [], summary: `${error.message} ${fix} ${named(restored, saver).length} segments are saved.` };
}
