/**
 * The deliver job: publishes a verified result, executes nothing of the repository, asks no model.
 *
 * I4. It is green only for what is so; a refusal is red and explained. I7. Verified journals only. I10. Authority is asked
 * of GitHub again before each write.
 */
import { attestations, changedPaths, deliveryIntents, findProtected, judge, publish, readChange, type Change, type Judgement } from "../../../delivery/index.ts";
import { createGitHub } from "../../../github/octokit.ts";
import { verifyTicket, type Ticket } from "../../../github/trust/index.ts";
import type { Config } from "../../../config/index.ts";
import type { Head } from "../../../record/index.ts";
import { journalProof, proofOf, readItemJournal, type ItemView } from "../../../report/index.ts";
import { RetryableError, TerminalError, type Refusal } from "../../../shared/errors.ts";
import { createRedactor, redactJson } from "../../../shared/redact.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { admit } from "./admit.ts";
import { checkAgainstBase } from "./base-tree.ts";
import { asRefusal, conclude, costMilliUsd, orRefusal, publication, type Conclusion, type Job } from "./conclude.ts";
import { readAuthority, readBase, readLiveConfig, type Authority } from "./live-state.ts";
import { takeSegments, type Verified } from "./provenance.ts";
import { openRecord, type DeliveryRecord } from "./record.ts";
import type { DeliverPorts, DeliverResult, DeliverSettings } from "./settings.ts";
import { deliveredSummary, refusedSummary } from "./step-summary.ts";

export type { DeliverPorts, DeliverResult, DeliverSettings } from "./settings.ts";

/** Runs the deliver job to its end. Refusals and outages are results; a bug is thrown. */
export async function runDeliver(settings: DeliverSettings, ports: DeliverPorts): Promise<DeliverResult> {
  const github = createGitHub({ token: settings.token, baseUrl: settings.apiUrl, userAgent: "worktrain-deliver", clock: ports.clock, fetch: ports.fetch });
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
  if (!taken.ok) return conclude(job, null, { kind: "refused", refusal: taken.error, view: null });
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

async function deliverRecord(job: Job, taken: Verified, record: DeliveryRecord): Promise<DeliverResult> {
  const judged = await judgeRecord(job, record);
  if (!judged.ok) return conclude(job, record, { kind: "refused", refusal: judged.error, view: null });
  const view = redactedView(job, judged.value.view);
  if (judged.value.kind === "say") return conclude(job, record, { kind: "said", reason: judged.value.reason, ending: judged.value.ending, view });
  const ready = await prepare(job, record, judged.value);
  if (!ready.ok) return conclude(job, record, refusedOrWithdrawn(ready.error, view));
  return publishChange(job, record, { ...ready.value, view, taken });
}

async function judgeRecord({ settings, admitted }: Job, { journal }: DeliveryRecord): Promise<Result<Judgement, Refusal>> {
  const heads = new Map<string, Head>();
  for (const stream of await journal.streams()) {
    const head = await journal.head(stream);
    if (head !== null) heads.set(stream, head);
  }
  const readTicket = (text: string): Ticket | null => {
    const ticket = verifyTicket(text, settings.publicKey, BEFORE_ANY_EXPIRY);
    return ticket.ok ? ticket.value : null;
  };
  return judge({ ticket: admitted.ticket, ticketText: settings.ticket, readTicket, runId: settings.runId, journal: await readItemJournal(journal, settings.item), heads });
}

/** What an earlier ticket of the item vouched for does not end with its time to act. */
const BEFORE_ANY_EXPIRY = { runCreatedAt: new Date(0).toISOString() };

/** Redaction changes the content of strings only, so the view keeps its type. */
const redactedView = ({ redact }: Job, view: ItemView): ItemView => redactJson(redact, view) as ItemView;

/** What a person took back is no failure: it is said, and the job is not red for it. */
function refusedOrWithdrawn(refusal: Refusal, view: ItemView): Conclusion {
  const { kind: code, message, fix } = refusal;
  return code === "withdrawn" ? { kind: "said", reason: { code, message, fix }, ending: "cancelled", view } : { kind: "refused", refusal, view };
}

interface Prepared {
  readonly change: Change;
  readonly config: Config;
  readonly authority: Authority;
  readonly notes: readonly string[];
}

/** Everything that is checked before the first write: content, authority, base, protected paths. */
async function prepare({ github, admitted }: Job, { journal }: DeliveryRecord, judgement: Extract<Judgement, { kind: "deliver" }>): Promise<Result<Prepared, Refusal>> {
  const change = await readChange(judgement.snapshot, (sha256) => journal.getBlob(sha256));
  if (!change.ok) return change;
  const config = await readLiveConfig(github, admitted);
  if (!config.ok) return config;
  const authority = await readAuthority(github, admitted, config.value);
  if (!authority.ok) return authority;
  const base = await readBase(github, admitted.repository, { ticket: admitted.ticket, base: change.value.base });
  if (!base.ok) return base;
  const closed = findProtected(changedPaths(change.value), config.value.paths.allow);
  if (closed.length > 0) return err(protectedPaths(closed));
  const whole = await checkAgainstBase(github, admitted.repository, change.value);
  if (!whole.ok) return whole;
  return ok({ change: change.value, config: config.value, authority: authority.value, notes: base.value });
}

const protectedPaths = (closed: ReturnType<typeof findProtected>): Refusal<"protected-path"> => ({
  kind: "protected-path",
  message: `The change touches paths that WorkTrain does not publish:\n${closed.slice(0, 50).map(({ path, why }) => `- ${path} ${why}`).join("\n")}${closed.length > 50 ? `\n- and ${closed.length - 50} more` : ""}`,
  fix: "If it is wanted, list the paths under paths.allow in .github/worktrain.yml on the default branch, then label the issue again; or make this part of the change by hand.",
});

async function publishChange(job: Job, record: DeliveryRecord, all: Prepared & { readonly view: ItemView; readonly taken: Verified }): Promise<DeliverResult> {
  const { admitted, redact, github, settings } = job;
  const { ticket, run } = admitted;
  const { change, config, authority, notes, view, taken } = all;
  const streams = (await record.journal.streams()).length;
  const attested = attestations({ ticket, change, role: authority.role, runId: settings.runId, artifacts: taken.refs.length, lines: taken.assembled.lines.length, streams });
  const proof = proofOf([...attested, ...journalProof(view)]);
  const intents = deliveryIntents({ ticket, view, change, proof, runUrl: run.htmlUrl, notes, redact });
  const withdrawn = async (): Promise<Refusal | null> => {
    const now = await readAuthority(github, admitted, config);
    return now.ok ? null : now.error;
  };
  const published = await orRefusal(() => publish(intents, { ...publication(job, record), withdrawn }));
  if (!published.ok) return conclude(job, record, refusedOrWithdrawn(published.error, view));
  await record.append({ kind: "delivery_ended", data: { outcome: "delivered", reason: null } });
  await record.save("delivered", costMilliUsd(view), "ready");
  const pullRequest = published.value.get("pull-request");
  return deliveredSummary({ view, proof, pullRequestUrl: pullRequest?.url ?? null, pullRequest: pullRequest?.id ?? "" });
}
