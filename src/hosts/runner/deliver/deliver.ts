/**
 * The deliver job: publishes a verified result, executes nothing of the repository, asks no model.
 *
 * I2. Deliveries of an item are ordered by its record ref. I4. It is green only for what is so; a refusal is red and explained.
 * I7. Verified journals only. I10. Authority is asked of GitHub again before each write.
 */
import { attestations, changedPaths, deliveryIntents, fenceOf, findProtected, judge, publish, readChange, type Change, type Decision, type Judgement } from "../../../delivery/index.ts";
import { createGitHub } from "../../../github/octokit.ts";
import type { DeliveryState } from "../../../github/read/index.ts";
import { verifyTicket, type Ticket } from "../../../github/trust/index.ts";
import type { Config } from "../../../config/index.ts";
import type { Journal } from "../../../journal/index.ts";
import type { Head } from "../../../record/index.ts";
import { journalProof, proofOf, readItemJournal, type ItemJournal, type ItemView } from "../../../report/index.ts";
import { RetryableError, TerminalError, type Refusal } from "../../../shared/errors.ts";
import { createRedactor, redactJson } from "../../../shared/redact.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { admit } from "./admit.ts";
import { checkAgainstBase } from "./base-tree.ts";
import { asRefusal, conclude, concludeFenced, costMilliUsd, orRefusal, publication, recordReport, recordWish, refusedOrWithdrawn, type Job, type Standing } from "./conclude.ts";
import { lineFinder } from "../../../journal/index.ts";
import { publishReview } from "./deliver-review.ts";
import { liveConfig, readAuthority, readBase, readState, type Authority } from "./live-state.ts";
import { takeSegments, type Verified } from "./provenance.ts";
import { openRecord, type DeliveryRecord } from "./record.ts";
import type { DeliverPorts, DeliverResult, DeliverSettings } from "./settings.ts";
import { deliveredSummary, refusedSummary } from "./step-summary.ts";

export type { DeliverPorts, DeliverResult, DeliverSettings } from "./settings.ts";

/** Runs the deliver job to its end. Refusals and outages are results; a bug is thrown. */
export async function runDeliver(settings: DeliverSettings, ports: DeliverPorts): Promise<DeliverResult> {
  const github = createGitHub({ token: settings.token, baseUrl: settings.apiUrl, graphqlUrl: settings.graphqlUrl, userAgent: "worktrain-deliver", clock: ports.clock, fetch: ports.fetch });
  try {
    const admitted = await admit(github, settings);
    // Without a valid ticket there is no issue to speak on that could be trusted: the job's own page says it.
    if (!admitted.ok) return refusedSummary(admitted.error);
    return await deliverItem({ settings, ports, github, admitted: admitted.value, redact: createRedactor([settings.token]) });
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
    await record.save("failed", 0, "ready");
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
  if (judged.value.kind === "say") return conclude(job, record, { kind: "said", reason: judged.value.reason, ending: judged.value.ending, view, decided: view.ended !== null }, standing);
  if (judged.value.kind === "review") return publishReview(job, record, { judged: judged.value, view, decision, state: shown.value });
  const ready = change === null || !change.ok ? change : await prepare(job, shown.value, change.value);
  if (ready === null || !ready.ok) return conclude(job, record, refusedOrWithdrawn(ready?.error ?? NO_CHANGE, view), standing);
  return publishChange(job, record, { ...ready.value, view, taken, decision, state: shown.value });
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
  const readTicket = (text: string): Ticket | null => {
    const ticket = verifyTicket(text, settings.publicKey, BEFORE_ANY_EXPIRY);
    return ticket.ok ? ticket.value : null;
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
}

/** Everything that is checked before the first write: content, base, protected paths, and last who may. */
async function prepare({ github, admitted }: Job, state: DeliveryState, change: Change): Promise<Result<Prepared, Refusal>> {
  const { owner, repo } = state.repository;
  const config = liveConfig(state);
  if (!config.ok) return config;
  const base = await readBase(github, state, { ref: admitted.ticket.base.ref, sha: change.base });
  if (!base.ok) return base;
  const closed = findProtected(changedPaths(change), config.value.paths.allow);
  if (closed.length > 0) return err(protectedPaths(closed));
  const baseTree = await checkAgainstBase(github, { owner, repo }, change);
  if (!baseTree.ok) return baseTree;
  const authority = await readAuthority(github, admitted.ticket, { state, config: config.value, ask: "rest" });
  if (!authority.ok) return authority;
  return ok({ change, config: config.value, authority: authority.value, notes: base.value, baseTree: baseTree.value });
}

const protectedPaths = (closed: ReturnType<typeof findProtected>): Refusal<"protected-path"> => ({
  kind: "protected-path",
  message: `The change touches paths that WorkTrain does not publish:\n${closed.slice(0, 50).map(({ path, why }) => `- ${path} ${why}`).join("\n")}${closed.length > 50 ? `\n- and ${closed.length - 50} more` : ""}`,
  fix: "If it is wanted, list the paths under paths.allow in .github/worktrain.yml on the default branch, then label the issue again; or make this part of the change by hand.",
});

async function publishChange(job: Job, record: DeliveryRecord, all: Prepared & { readonly view: ItemView; readonly taken: Verified; readonly decision: Decision; readonly state: DeliveryState }): Promise<DeliverResult> {
  const { admitted, redact, github, settings } = job;
  const { ticket, run } = admitted;
  const { change, config, authority, notes, baseTree, view, taken, decision, state } = all;
  const streams = (await record.journal.streams()).length;
  const attested = attestations({ ticket, change, view, role: authority.role, runId: settings.runId, artifacts: taken.refs.length, lines: taken.assembled.lines.length, streams });
  const proof = proofOf([...attested, ...journalProof(view)]);
  const intents = deliveryIntents({ ticket, view, change, proof, runUrl: run.htmlUrl, notes, redact }, { baseTree, record: recordWish(decision) });
  const stillMay = async (now: DeliveryState): Promise<Refusal | null> => {
    const may = await readAuthority(github, ticket, { state: now, config, ask: "shown" });
    return may.ok ? null : may.error;
  };
  const published = await orRefusal(() => publish(intents, publication(job, record, { decision, state }, stillMay)));
  if (!published.ok) {
    if (published.error.kind === "fenced") return concludeFenced(record, published.error, view);
    const now = await readState(github, admitted);
    return now.ok ? conclude(job, record, refusedOrWithdrawn(published.error, view), { decision, state: now.value }) : refusedSummary(published.error, { unsaid: now.error.message });
  }
  await record.append({ kind: "delivery_ended", data: { outcome: "delivered", reason: null } });
  await record.save("delivered", costMilliUsd(view), "ready");
  const pullRequest = published.value.get("pull-request");
  return deliveredSummary({ report: await recordReport(job, record, attested), pullRequestUrl: pullRequest?.url ?? null, pullRequest: pullRequest?.id ?? "" });
}
