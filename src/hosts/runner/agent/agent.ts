/**
 * The agent job: reads, works in the sandbox, saves; publishes nothing.
 *
 * I5. The caps are the ticket's. I6. What is journaled is redacted; the sandbox holds no secret. I9. Config from the base commit.
 */
import type { Saving } from "../../../coordinator/index.ts";
import type { GitHub, Repository } from "../../../github/client.ts";
import { createGitHub } from "../../../github/create-github.ts";
import { readCommitMessage, readRefHead } from "../../../github/read/index.ts";
import { createSegmentSaver, openDirectoryJournal, seedDirectory, startAutosave, type Autosave, type SegmentRef, type SavedUpTo, type SegmentSaver } from "../../../journal/index.ts";
import { parseCommitted, parseItemId, parseSegmentName, recordRefOf, type Committed, type ItemName } from "../../../record/index.ts";
import type { Report } from "../../../report/index.ts";
import { RetryableError, TerminalError, TimeUpError, type Refusal } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { createRedactor } from "../../../shared/redact.ts";
import { journalDirectory, writeSavedState } from "../saved-state.ts";
import { SET_THE_KEY, type JobSettings } from "../settings.ts";
import { admit, type Admitted } from "./admission.ts";
import type { AgentPorts, RunRecord } from "./ports.ts";
import { earlierRuns, restoreItem, type Restored } from "./restore.ts";
import { countFromJobStart, startTimeLimit, type TimeLimit } from "./time-limit.ts";
import type { WorkEnd } from "./work.ts";

export interface JobResult {
  readonly exitCode: number;
  /** What the deliver job may take, for the output `segments`; empty when there is nothing for it to do, unless it answers a question. */
  readonly segments: readonly SegmentRef[];
  readonly answers?: true;
  /** One line for the log's end: the ending and its reason. */
  readonly summary: string;
  /** The report so far as Markdown, where no deliver job will give it. */
  readonly stepSummary?: string | undefined;
  /** The report so far, to be left beside the segments as a page. */
  readonly report?: Report;
}

/** Runs the agent job to its end. Expected failures are results; a bug or an outage is reported as ending `internal` or `cannot-save`. */
export async function runAgentJob(settings: JobSettings, ports: AgentPorts): Promise<JobResult> {
  const limit = startTimeLimit(ports.clock, ports.signal);
  try {
    return await runWithinTime(settings, { ...ports, signal: limit.signal }, limit);
  } finally {
    limit.stop();
  }
}

async function runWithinTime(settings: JobSettings, ports: AgentPorts, limit: TimeLimit): Promise<JobResult> {
  const github = createGitHub({ token: settings.token, baseUrl: settings.apiUrl, graphqlUrl: settings.graphqlUrl, userAgent: "worktrain-agent", fetch: ports.fetch, clock: ports.clock });
  const repository = { owner: settings.owner, repo: settings.repo };
  const admitted = await admit(github, settings);
  if (!admitted.ok) return refuse(settings, ports, admitted.error);
  const { run, ticket } = admitted.value;
  if (ticket.ask !== undefined) return findRecord(ports, { github, repository, admitted: admitted.value, about: ticket.ask.about });
  const context = { ...ports, github, repository, repositoryId: settings.repositoryId, item: settings.item, textSha256: ticket.textSha256, run, committed: await delivered(github, repository, admitted.value) };
  const runs = await earlierRuns(context);
  const twin = runs.find((earlier) => earlier.displayTitle.split(" ").includes(settings.key));
  if (twin !== undefined) return { exitCode: 0, segments: [], summary: `Run ${twin.htmlUrl} has this work already: one dispatch key is worked on once.` };
  await countFromJobStart(limit, { github, repository, runId: settings.runId, job: settings.job, log: ports.log });
  const found = await restoreOrRefuse(() => restoreItem(context, runs));
  if (!found.ok) return found.error;
  const restored = found.value;
  const record = await openRecord(settings, ports, restored);
  if (settings.anthropicApiKey === "") return noKey(settings, { admitted: admitted.value, restored, record });
  try {
    await probe(record.saver);
  } catch (error) {
    return cannotSave(error);
  }
  const autosave = startAutosave({ saver: record.saver, clock: ports.clock, place: { phase: "classify", step: "start", costMilliUsd: 0, ending: null }, tell: ports.log });
  try {
    // The model's client, the workflow compiler and the rest of the work are loaded only now: a refused run starts fast and cheap.
    const { work } = await import("./work.ts");
    const result = await work(settings, ports, { github, admitted: admitted.value, restored, record: { ...record, saving: savingBy(autosave) } });
    return await told(finished(record.saver, result), settings, ports, { record, over: result.over });
  } catch (error) {
    return await told(await broken(record.saver, autosave, error), settings, ports, { record, over: false });
  } finally {
    await autosave.stop();
    await record.journal.close();
  }
}

/** For a question: where the record of an item is. The deliver job takes it from there, and trusts nothing of this one. */
async function findRecord(ports: AgentPorts, { github, repository, admitted: { run, ticket }, about }: { readonly github: GitHub; readonly repository: Repository; readonly admitted: Admitted; readonly about: string }): Promise<JobResult> {
  const committed = await delivered(github, repository, { committed: await readRefHead(github, repository, recordRefOf(about)) });
  const context = { ...ports, github, repository, repositoryId: ticket.repositoryId, item: about, textSha256: null, run, committed };
  const found = await restoreOrRefuse(async () => restoreItem(context, await earlierRuns(context)));
  if (!found.ok) return found.error;
  return { exitCode: 0, answers: true, segments: found.value?.refs ?? [], summary: found.value?.found ?? `No run has saved anything of ${about}, or nothing of it can be used.` };
}

/** With what the record tells at its end. A cancelled job leaves no page: it has seconds, and its segments come first. */
async function told(result: JobResult, { item }: JobSettings, { log, signal }: AgentPorts, about: { readonly record: RunRecord; readonly over: boolean }): Promise<JobResult> {
  try {
    const { jobReport } = await import("./job-report.ts");
    const cancelled = signal.aborted && !(signal.reason instanceof TimeUpError);
    const { report, stepSummary } = (await jobReport(about.record, item, about.over ? null : result.summary)) ?? {};
    return { ...result, ...(stepSummary === undefined ? {} : { stepSummary }), ...(report === undefined || cancelled ? {} : { report }) };
  } catch (error) {
    // The run's end counts, and it is saved and said.
    log(`The job's report could not be made: ${error instanceof Error ? error.message : String(error)}`);
    return result;
  }
}

/** What the item's record says was delivered; somebody else's commit there says nothing. */
async function delivered(github: GitHub, repository: Repository, { committed }: Pick<Admitted, "committed">): Promise<Committed | null> {
  const message = committed === null ? null : await readCommitMessage(github, repository, committed);
  return message === null ? null : parseCommitted(message);
}

/** While what was saved cannot be loaded, starting anew would throw it away. */
async function restoreOrRefuse(restore: () => Promise<Restored | null>): Promise<Result<Restored | null, JobResult>> {
  try {
    return ok(await restore());
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    return err({ exitCode: 1, segments: [], summary: `What earlier runs saved could not be loaded: ${error.message} Nothing was spent or lost; label the issue again when GitHub answers.` });
  }
}

/** At an end the whole record is one segment: what the deliver job takes and the next run restores. A cancelled job has little time. */
const savingBy = (autosave: Autosave): Saving => ({
  ...autosave,
  now: (boundary) => autosave.now(boundary, { compact: boundary.ending !== null && boundary.ending !== "cancelled" }),
});

async function openRecord(settings: JobSettings, ports: AgentPorts, restored: Restored | null): Promise<RunRecord> {
  const directory = journalDirectory(settings.runnerTemp);
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
    earlier: { lines: restored?.assembled.lines.map(({ text }) => text) ?? [], refs: restored?.refs ?? [] },
    onSaved: (saved) => noteSaved(settings, ports, saved),
  });
  return { journal, saver, redact };
}

/** Without the note the post step saves again what is saved, or nothing: no reason to stop the work. */
function noteSaved(settings: JobSettings, { fs, log }: AgentPorts, saved: SavedUpTo): void {
  try {
    writeSavedState(fs, settings.runnerTemp, saved);
  } catch (error) {
    log(`How far the journal is saved could not be noted for the post step: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function itemName(settings: JobSettings): ItemName {
  const name = parseItemId(settings.item);
  if (name === null) throw new TerminalError(`${settings.item} is not a work item.`, "Runs are started by the App only.");
  return name;
}

/** An empty segment before anything costs money: where artifacts are refused the run ends here (P-artifact-quota, fault 16). */
const probe = (saver: SegmentSaver): Promise<SegmentRef> => saver.save({ phase: "probe", step: "start", costMilliUsd: 0, ending: null });

function finished(saver: SegmentSaver, { ending, reason, cost, over }: WorkEnd): JobResult {
  const why = reason === null ? "" : `: ${reason.message} ${reason.fix}`;
  if (over) return { exitCode: 0, segments: saver.chain(), summary: `WorkTrain ended: ${ending}${why} (${cost})` };
  // A question for a person, or what is missing, is told on the issue, which this job cannot do.
  const segments = ending === "awaiting-approval" || ending === "waiting-for-artifacts" ? saver.chain() : [];
  return { exitCode: 0, segments, summary: `WorkTrain waits: ${ending}${why} Everything is saved, and the next run of this item goes on from it. (${cost})` };
}

/** Nothing runs. An empty segment's name carries the word to the App's status comment. */
async function refuse(settings: JobSettings, ports: AgentPorts, refusal: Refusal<"bad-ticket">): Promise<JobResult> {
  const summary = `Refused: ${refusal.message} ${refusal.fix}`;
  // A question has no record; the App sees that its run failed.
  if (parseItemId(settings.item) === null) return { exitCode: 1, segments: [], summary };
  try {
    const record = await openRecord(settings, ports, null);
    await record.saver.save({ phase: "probe", step: "refused", costMilliUsd: 0, ending: refusal.kind });
    await record.journal.close();
    return { exitCode: 1, segments: [], summary };
  } catch (error) {
    return { exitCode: 1, segments: [], summary: `${summary} (${cannotSave(error).summary})` };
  }
}

/** Nothing of the item is begun or changed: the next run goes on as if this one had not been, but for what a person has answered. */
async function noKey(settings: JobSettings, context: { readonly admitted: Admitted; readonly restored: Restored | null; readonly record: RunRecord }): Promise<JobResult> {
  const { saver, journal } = context.record;
  const summary = `Refused: The input anthropic-api-key is empty. ${SET_THE_KEY} Then write \`/worktrain resume\` on the issue.`;
  try {
    if (context.admitted.ticket.answer !== undefined) await (await import("./work.ts")).leaveAnswer(settings, context);
    await saver.save({ phase: "probe", step: "no-key", costMilliUsd: 0, ending: "no-key" });
    return { exitCode: 1, segments: [], summary };
  } catch (error) {
    return { exitCode: 1, segments: [], summary: `${summary} (${cannotSave(error).summary})` };
  } finally {
    await journal.close();
  }
}

function cannotSave(error: unknown): JobResult {
  const message = error instanceof Error ? error.message : String(error);
  return { exitCode: 1, segments: [], summary: `The journal cannot be saved: ${message} Check the repository's artifact quota and retention; nothing was spent.` };
}

/** A bug or an outage: what can be saved is, and the run says so; the item stays open for a later run. */
async function broken(saver: SegmentSaver, autosave: Autosave, failure: unknown): Promise<JobResult> {
  const error = failure instanceof Error ? failure : new Error(String(failure));
  const fix = error instanceof TerminalError ? error.fix : error instanceof RetryableError ? "Label the issue again: the work goes on from what was saved." : "This is a bug in WorkTrain; please report it with the run's log.";
  const last = parseSegmentName(saver.saved().at(-1)?.name ?? "");
  try {
    await autosave.now({ phase: last?.phase ?? "probe", step: "broken", costMilliUsd: last?.costMilliUsd ?? 0, ending: "internal" });
  } catch (saveError) {
    return { ...cannotSave(saveError), summary: `${error.message} ${fix} The end of the journal could not be saved either.` };
  }
  return { exitCode: 1, segments: [], summary: `${error.message} ${fix} What was done is saved.` };
}
