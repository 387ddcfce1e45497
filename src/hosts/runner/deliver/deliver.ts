/**
 * The deliver job: publishes a verified result, executes nothing of the repository, asks no model.
 *
 * I2. Deliveries of an item are ordered by its record ref. I4. It is green only for what is so; a refusal is red and explained.
 * I7. Verified journals only. I10. Authority is asked of GitHub again before each write.
 */
import { changedPaths, decideMerge, deliveryIntents, duplicateLinks, fenceOf, findProtected, judge, mergeFacts, mergeMark, prove, publish, readChange, type BaseText, type Change, type Decision, type Judgement, type VerifiedTree } from "../../../delivery/index.ts";
import { createGitHub } from "../../../github/create-github.ts";
import type { DeliveryState } from "../../../github/read/index.ts";
import { verifyTicket, type Ticket } from "../../../github/trust/index.ts";
import type { Config } from "../../../config/index.ts";
import type { Journal } from "../../../journal/index.ts";
import { itemStream, parseSegmentName, type Head, type ItemEvent, type SnapshotRef } from "../../../record/index.ts";
import { readItemJournal, type Proof, type ItemJournal, type ItemView } from "../../../report/index.ts";
import { RetryableError, TerminalError, type Refusal } from "../../../shared/errors.ts";
import { createRedactor, redactJson } from "../../../shared/redact.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { openAccess, tokenNotes } from "./access.ts";
import { admit } from "./admit.ts";
import { checkAgainstBase } from "./base-tree.ts";
import { asRefusal, conclude, concludeFenced, costMilliUsd, orRefusal, publication, recordReport, recordWish, repliesFor, reportUrl, type Standing } from "./conclude.ts";
import type { Job } from "./job.ts";
import { deliverSubIssues } from "./decompose.ts";
import { lineFinder } from "../../../journal/index.ts";
import { publishReview } from "./deliver-review.ts";
import { liveConfig, readAuthority, readBase, readState, type Authority } from "./live-state.ts";
import { takeSegments, type Verified } from "./provenance.ts";
import { openRecord, type DeliveryRecord } from "./record.ts";
import { refusedOrWithdrawn } from "./refused-or-withdrawn.ts";
import type { DeliverPorts, DeliverResult, DeliverSettings } from "./settings.ts";
import { deliveredSummary, refusedSummary } from "./step-summary.ts";
import { textsForMerging } from "./merging.ts";
import { readVerified } from "./verified.ts";

export type { DeliverPorts, DeliverResult, DeliverSettings } from "./settings.ts";

/** Runs the deliver job to its end. Refusals and outages are results; a bug is thrown. */
export async function runDeliver(settings: DeliverSettings, ports: DeliverPorts): Promise<DeliverResult> {
  const github = createGitHub({ token: settings.token, baseUrl: settings.apiUrl, graphqlUrl: settings.graphqlUrl, userAgent: "worktrain-deliver", clock: ports.clock, fetch: ports.fetch });
  try {
    const admitted = await admit(github, settings);
    // Without a valid ticket there is no issue to speak on that could be trusted: the job's own page says it.
    if (!admitted.ok) return refusedSummary(admitted.error);
    const job: Job = { settings, ports, github, admitted: admitted.value, redact: createRedactor([settings.token]), access: openAccess(settings, ports, github) };
    const { ask } = admitted.value.ticket;
    return ask === undefined ? await deliverItem(job) : await (await import("./answer.ts")).answerQuestion(job, ask);
  } catch (error) {
    if (!(error instanceof TerminalError || error instanceof RetryableError)) throw error;
    return refusedSummary(asRefusal(error));
  }
}

async function deliverItem(job: Job): Promise<DeliverResult> {
  const taken = await takeSegments({ github: job.github, fetch: job.ports.fetch, clock: job.ports.clock }, job.admitted, job.settings.segments);
  if (!taken.ok) return distrust(job, null, taken.error);
  const record = await openRecord(job.settings, job.ports, taken.value);
  try {
    return await deliverRecord(job, taken.value, record);
  } catch (error) {
    // As the agent job named it: the App tells the item's end by the last name, and an answer finds its gate by it.
    const last = parseSegmentName(taken.value.refs.at(-1)?.name ?? "");
    await record.save("failed", last?.costMilliUsd ?? 0, last?.ending ?? "ready");
    throw error;
  } finally {
    await record.journal.close();
  }
}

/** The journal is not to be trusted: that alone is said, where GitHub shows that this is the ticket's place. */
async function distrust(job: Job, record: DeliveryRecord | null, refusal: Refusal): Promise<DeliverResult> {
  const state = await readState(job.github, job.admitted);
  return state.ok ? conclude(job, record, { kind: "refused", refusal, view: null }, { decision: null, state: state.value }) : refusedSummary(refusal, { unsaid: state.error.message });
}

async function deliverRecord(job: Job, taken: Verified, record: DeliveryRecord): Promise<DeliverResult> {
  const journal = await readItemJournal(record.journal, job.settings.item);
  const heads = await headsOf(record.journal);
  const judged = judgeRecord(job, journal, heads);
  if (!judged.ok) return distrust(job, record, judged.error);
  const view = redactedView(job, judged.value.view);
  const change = judged.value.kind === "deliver" ? await readChange(judged.value.snapshot, (sha256) => record.journal.getBlob(sha256)) : null;
  const shown = await readState(job.github, job.admitted);
  if (!shown.ok) return refusedSummary(shown.error);
  const decision = decisionOf(job, { journal, heads, taken });
  const standing: Standing = { decision, state: shown.value };
  const fence = fenceOf(decision, shown.value.record);
  if (fence.kind === "fenced") return concludeFenced(record, fence.refusal, view);
  if (judged.value.kind === "say") return conclude(job, record, { kind: "said", reason: judged.value.reason, ending: judged.value.ending, view, decided: view.ended !== null, made: duplicateLinks(view.intake.duplicates, job.admitted.run.htmlUrl) }, standing);
  if (judged.value.kind === "decompose") return deliverSubIssues(job, record, { view, reason: judged.value.reason, pieces: judged.value.pieces, decision, state: shown.value });
  if (judged.value.kind === "review") return publishReview(job, record, { judged: judged.value, view, decision, state: shown.value });
  const ready = change === null || !change.ok ? change : await prepare(job, shown.value, { change: change.value, view });
  if (ready === null || !ready.ok) return conclude(job, record, refusedOrWithdrawn(ready?.error ?? NO_CHANGE, view, change?.ok === true ? change.value : undefined), standing);
  return publishChange(job, record, { ...ready.value, view, snapshot: judged.value.snapshot, taken, decision, state: shown.value });
}

const NO_CHANGE: Refusal = { kind: "not-completed", message: "The journal names no saved files.", fix: "Label the issue again for a new attempt." };

async function headsOf(journal: Journal): Promise<ReadonlyMap<string, Head>> {
  const heads = new Map<string, Head>();
  for (const stream of await journal.streams()) {
    const head = await journal.head(stream);
    if (head !== null) heads.set(stream, head);
  }
  return heads;
}

function judgeRecord({ settings, admitted }: Job, journal: ItemJournal, heads: ReadonlyMap<string, Head>): Result<Judgement, Refusal> {
  // Asked for again and again for the few runs of an item.
  const known = new Map<string, Ticket | null>([[settings.ticket, admitted.ticket]]);
  const readTicket = (text: string): Ticket | null => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const ticket = verifyTicket(text, settings.publicKey, BEFORE_ANY_EXPIRY);
    const read = ticket.ok ? ticket.value : null;
    known.set(text, read);
    return read;
  };
  return judge({ ticket: admitted.ticket, ticketText: settings.ticket, readTicket, runId: settings.runId, journal, heads });
}

/** What this run delivers, and where its journal says it began. */
function decisionOf({ admitted }: Job, { journal, heads, taken }: { readonly journal: ItemJournal; readonly heads: ReadonlyMap<string, Head>; readonly taken: Verified }): Decision {
  const { ticket, run } = admitted;
  const opened = journal.item.findLast((event) => event.kind === "run_opened");
  const startedFrom = opened?.kind === "run_opened" ? opened.data.committed : undefined;
  return { item: ticket.item, key: ticket.key, runId: run.id, heads: Object.fromEntries(heads), startedFrom, holds: lineFinder(taken.assembled.lines) };
}

/** What an earlier ticket of the item vouched for does not end with its time to act. */
const BEFORE_ANY_EXPIRY = { runCreatedAt: new Date(0).toISOString() };

/** Redaction changes the content of strings only, so the view keeps its type. */
const redactedView = ({ redact }: Job, view: ItemView): ItemView => redactJson(redact, view) as ItemView;

interface Prepared {
  readonly change: Change;
  readonly config: Config;
  readonly authority: Authority;
  readonly notes: readonly string[];
  /** Name of the base commit's tree. */
  readonly baseTree: string;
  readonly verified: VerifiedTree | null;
  readonly baseTexts: ReadonlyMap<string, BaseText>;
}

/** Everything that is checked before the first write: content, base, protected paths, and last who may. */
async function prepare(job: Job, state: DeliveryState, { change, view }: { readonly change: Change; readonly view: ItemView }): Promise<Result<Prepared, Refusal>> {
  const { github, admitted } = job;
  const { owner, repo } = state.repository;
  const config = liveConfig(state);
  if (!config.ok) return config;
  const base = await readBase(github, state, { ref: admitted.ticket.base.ref, sha: change.base });
  if (!base.ok) return base;
  const closed = findProtected(changedPaths(change), config.value.paths.allow);
  if (closed.length > 0) return err(protectedPaths(closed));
  const baseTree = await checkAgainstBase(github, { owner, repo }, change);
  if (!baseTree.ok) return baseTree;
  const verified = await readVerified(job, config.value, change);
  if (!verified.ok) return verified;
  const authority = await readAuthority(github, admitted.ticket, { state, config: config.value, ask: "rest", followUps: view.followUps });
  if (!authority.ok) return authority;
  const drift = base.value === null ? [] : await (await import("./drift.ts")).driftNotes(github, { owner, repo }, { change, moved: base.value });
  return ok({ change, config: config.value, authority: authority.value, notes: [...drift, ...tokenNotes(job.settings)], baseTree: baseTree.value, verified: verified.value, baseTexts: await textsForMerging(github, { owner, repo }, { config: config.value, change }) });
}

const protectedPaths = (closed: ReturnType<typeof findProtected>): Refusal<"protected-path"> => ({
  kind: "protected-path",
  message: `The change touches paths that WorkTrain does not publish:\n${closed.slice(0, 50).map(({ path, why }) => `- ${path} ${why}`).join("\n")}${closed.length > 50 ? `\n- and ${closed.length - 50} more` : ""}`,
  fix: "If it is wanted, list the paths under paths.allow in .github/worktrain.yml on the default branch, then label the issue again; or make this part of the change by hand.",
});

/** Lines and streams of what the agent job handed over: lines of a stream are counted from 1. */
const extent = ({ heads }: Decision): { readonly lines: number; readonly streams: number } => {
  const seqs = Object.values(heads).map(({ seq }) => seq);
  return { lines: seqs.reduce((sum, seq) => sum + seq, 0), streams: seqs.length };
};

async function publishChange(job: Job, record: DeliveryRecord, all: Prepared & { readonly view: ItemView; readonly snapshot: SnapshotRef; readonly taken: Verified; readonly decision: Decision; readonly state: DeliveryState }): Promise<DeliverResult> {
  const { admitted, redact, github, settings } = job;
  const { ticket, run } = admitted;
  const { change, config, authority, notes, baseTree, verified, baseTexts, view, snapshot, taken, decision, state } = all;
  const { lines, streams } = extent(decision);
  const recordOf = { runId: settings.runId, lines, streams, artifacts: [...taken.refs] };
  const factsOf = (proven: Proof) => mergeFacts({ policy: config.merge, view, change, proof: proven, verified, labels: state.issue?.labels ?? [], baseTexts });
  const mergeOf = (proven: Proof) => decideMerge(config.merge, factsOf(proven));
  const { attested, proof, recorded, merge } = prove({ ticket, change, snapshot, view, role: authority.role, record: recordOf, verified, mergeOf });
  const replies = await repliesFor(job, state, { view, reason: null });
  const intents = deliveryIntents({ ticket, view, change, proof, recorded, runUrl: run.htmlUrl, reportUrl: reportUrl(job, record), template: state.template, notes, redact }, { baseTree, record: recordWish(decision), merge, mark: mergeMark(config.merge, factsOf(proof)), replies });
  // A proof that the record cannot hold is none: nothing is published on it.
  const kept = await orRefusal(async () => ok(await record.append({ kind: "proof_recorded", data: recorded })));
  if (!kept.ok) return conclude(job, record, { kind: "refused", refusal: kept.error, view }, { decision, state });
  if (settings.staged) {
    const { owner, repo } = state.repository;
    return (await import("./staged.ts")).showStaged(job, { intents, report: await recordReport(job, record, attested), change: { change, repository: { owner, repo } } });
  }
  const stillMay = async (now: DeliveryState): Promise<Refusal | null> => {
    const may = await readAuthority(github, ticket, { state: now, config, ask: "shown", followUps: view.followUps });
    return may.ok ? null : may.error;
  };
  const published = await orRefusal(() => publish(intents, publication(job, record, { decision, state }, stillMay)));
  if (!published.ok) {
    if (published.error.kind === "fenced") return concludeFenced(record, published.error, view);
    const now = await readState(github, admitted);
    return now.ok ? conclude(job, record, refusedOrWithdrawn(published.error, view, change), { decision, state: now.value }) : refusedSummary(published.error, { unsaid: now.error.message });
  }
  await record.append({ kind: "delivery_ended", data: { outcome: "delivered", reason: null } });
  await record.save("delivered", costMilliUsd(view), "ready");
  const pullRequest = published.value.get("pull-request");
  if (pullRequest?.id !== undefined && (await wasRefused(record, ticket.item))) await (await import("./settle-refusals.ts")).settleRefusals(job, { owner: state.repository.owner, repo: state.repository.repo }, pullRequest.id);
  const merging = published.value.get("auto-merge")?.declined ?? null;
  if (merging !== null) job.ports.log(merging);
  return deliveredSummary({ report: await recordReport(job, record, attested), pullRequestUrl: pullRequest?.url ?? null, pullRequest: pullRequest?.id ?? "", notMerging: merging === null ? null : redact(merging) });
}

/** Whether an earlier run's delivery of the item was refused, as the record has it. */
const wasRefused = async ({ journal }: DeliveryRecord, item: string): Promise<boolean> =>
  ((await journal.read(itemStream(item))) as readonly ItemEvent[]).some((event) => event.kind === "delivery_ended" && event.data.outcome === "refused");
