/** Ends a delivery that published no change: a person reads why on the issue, the record keeps it. */
import { fenceOf, publish, saidIntents, type Change, type ChangeRefusal, type Decision, type Intent, type JournalRefusal, type Publication, type RecordIntent, type RecordWish } from "../../../delivery/index.ts";
import type { DeliveryState } from "../../../github/read/index.ts";
import { createEffectRunner } from "../../../github/write/index.ts";
import { formatCommitted, recordRefOf, type EndingCode, type Reason } from "../../../record/index.ts";
import { ENDING_WORDS } from "../../../report/ending-words.ts";
import { readItemReport, type ItemView, type ProofRow, type Report } from "../../../report/index.ts";
import { RetryableError, TerminalError, type Refusal } from "../../../shared/errors.ts";
import { redactJson } from "../../../shared/redact.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { BaseTreeRefusal } from "./base-tree.ts";
import type { Job } from "./job.ts";
import { readState, type LiveRefusal } from "./live-state.ts";
import type { DeliveryRecord } from "./record.ts";
import type { DeliverResult } from "./settings.ts";
import { fencedSummary, refusedSummary, saidSummary } from "./step-summary.ts";

/** Where a delivery stands: what it is about to deliver, and what GitHub showed a moment ago. */
export interface Standing {
  /** Null where the journal itself is not trusted: then nothing of it decides anything. */
  readonly decision: Decision | null;
  readonly state: DeliveryState;
}

export type Conclusion =
  /** Something does not hold; `view` is null where the journal itself is not trusted. `change`: verified work that is lost to people without a patch. */
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly view: ItemView | null; readonly change?: Change | undefined }
  /** The work ended without a change to deliver, or a person took it back. `decided`: the journal's own end, which is a delivery like another. `made`: what stands on GitHub by now, as Markdown of ours. */
  | { readonly kind: "said"; readonly reason: Reason; readonly ending: EndingCode; readonly view: ItemView; readonly decided: boolean; readonly made?: string };

/** @param record null when there is no journal to go on with */
export async function conclude(job: Job, record: DeliveryRecord | null, conclusion: Conclusion, standing: Standing): Promise<DeliverResult> {
  const { view } = conclusion;
  const { headline, reason, ending } = wordsOf(conclusion);
  const wish = conclusion.kind === "said" && conclusion.decided && standing.decision !== null ? recordWish(standing.decision) : null;
  const kept = await patchFor(job, conclusion, standing);
  const replies = await repliesFor(job, standing.state, { view, reason: `${reason.message} ${reason.fix}` });
  const intents = [...saidIntents({ ticket: job.admitted.ticket, headline, ending, ...reason, made: conclusion.kind === "said" ? conclusion.made : (kept ?? undefined), view, runUrl: job.admitted.run.htmlUrl, reportUrl: view === null ? null : reportUrl(job, record), redact: job.redact }, wish), ...replies];
  if (job.settings.staged) {
    const { showStaged } = await import("./staged.ts");
    return showStaged(job, { intents, report: record === null || view === null ? null : await recordReport(job, record), refusal: conclusion.kind === "refused" ? job.redact(reason.message) : undefined });
  }
  const said = await saidOrNot(() => publish(intents, publication(job, record, standing)));
  if (said?.kind === "fenced") return concludeFenced(record, said, view);
  if (said !== null) job.ports.log(`The comment could not be made: ${said.message}`);
  await record?.append({ kind: "delivery_ended", data: { outcome: conclusion.kind, reason } });
  // What could not be said is owed still, and the App says so.
  await record?.save(conclusion.kind === "said" && said !== null ? "failed" : conclusion.kind, costOf(view), ending);
  const text = { kind: reason.code, message: job.redact(reason.message), fix: job.redact(reason.fix) };
  // A reason that reached nobody is a failed job: nothing ends silent (I4).
  const report = record === null || view === null ? null : await recordReport(job, record);
  return conclusion.kind === "refused" || said !== null ? refusedSummary(text, { unsaid: said?.message, report, kept }) : saidSummary(headline, text, report);
}

/** What conversations on the pull request are owed: none where the run was not started by one. A delivery does not hang on it. */
export async function repliesFor(job: Job, state: DeliveryState, words: { readonly view: ItemView | null; readonly reason: string | null }): Promise<readonly Intent[]> {
  const because = job.admitted.ticket.followUp?.because;
  if (because !== "comments" && because !== "review") return [];
  try {
    return await (await import("./replies.ts")).repliesOwed(job, state, words);
  } catch (error) {
    if (!(error instanceof TerminalError || error instanceof RetryableError)) throw error;
    job.ports.log(`What is to be answered in conversations could not be read: ${error.message}`);
    return [];
  }
}

/** Refusals after which no run may publish the change, or only once a person has changed something: its work is paid for. */
const KEPT: ReadonlySet<string> = new Set<string>(["protected-path", "branch-taken", "pull-request-taken", "pull-requests-forbidden", "base-rewritten", "tree-mismatch", "github-refused"]);

async function patchFor(job: Job, conclusion: Conclusion, { state }: Standing): Promise<string | null> {
  if (conclusion.kind === "said" || conclusion.change === undefined || !KEPT.has(conclusion.refusal.kind)) return null;
  const { owner, repo } = state.repository;
  return (await import("./keep-patch.ts")).keepPatch(job, { owner, repo }, conclusion.change);
}

/** Where the agent job's report can be read; null where it left none. */
export const reportUrl = ({ admitted }: Pick<Job, "admitted">, record: Pick<DeliveryRecord, "reportId"> | null): string | null => (record === null || record.reportId === null ? null : `${admitted.run.htmlUrl}/artifacts/${record.reportId}`);

/** What the record tells after this delivery; redaction changes the content of strings only, so the report keeps its type. */
export const recordReport = async ({ settings, redact }: Job, { journal }: DeliveryRecord, attested?: readonly ProofRow[]): Promise<Report> =>
  redactJson(redact, await readItemReport(journal, settings.item, attested === undefined ? {} : { attested })) as Report;

/** Another run was first: nothing is written to GitHub, and the record's last segment says it to the App, which sees to the trigger. */
export async function concludeFenced(record: DeliveryRecord | null, refusal: Refusal, view: ItemView | null): Promise<DeliverResult> {
  await record?.append({ kind: "delivery_ended", data: { outcome: "refused", reason: { code: refusal.kind, message: refusal.message, fix: refusal.fix } } });
  await record?.save("fenced", costOf(view), "fenced");
  return fencedSummary(refusal);
}

/** How the comment of a refused delivery begins. */
export const REFUSED_HEADLINE = "WorkTrain refused to publish the result";

function wordsOf(conclusion: Conclusion): { readonly headline: string; readonly reason: Reason; readonly ending: EndingCode } {
  if (conclusion.kind === "said") return { headline: `WorkTrain ${ENDING_WORDS[conclusion.ending].headline}`, reason: conclusion.reason, ending: conclusion.ending };
  const { kind, message, fix } = conclusion.refusal;
  // `ready` without a pull request: the App says that the work was done and delivering it failed; a label delivers it then.
  return { headline: REFUSED_HEADLINE, reason: { code: kind, message, fix }, ending: NEVER.has(kind) ? "undeliverable" : "ready" };
}

/** What no later run could publish either, though it goes on with the same record: a label begins a new attempt then. */
const NEVER: ReadonlySet<string> = new Set<(LiveRefusal | BaseTreeRefusal | ChangeRefusal | JournalRefusal)["kind"]>([
  "base-rewritten",
  "base-gone",
  "empty-change",
  "broken-change",
  "change-too-large",
  "foreign-journal",
  "session-mismatch",
  "not-completed",
  "review-not-clean",
  "unvouched-approval",
]);

/** The record ref alone, ahead of what is no branch. */
export const recordIntent = (decision: Decision, { base }: Job["admitted"]["ticket"]): RecordIntent => ({ kind: "record", record: recordWish(decision), oidLength: base.sha.length });

/** What the item's record ref is to say when this decision is delivered. */
export const recordWish = ({ item, key, runId, heads }: Decision): RecordWish => ({ ref: recordRefOf(item), message: formatCommitted({ item, key, run: runId, heads }) });

/**
 * How effects of this job are applied and journaled. The state that stands is taken for the first write; before each further one
 * GitHub is asked again.
 * @param authority a reason why nothing more may be published, asked with each further look
 */
export function publication({ github, admitted, ports, access }: Job, record: DeliveryRecord | null, { decision, state }: Standing, authority: (state: DeliveryState) => Promise<Refusal | null> = async () => null): Publication {
  const fence: Publication["fence"] = (shown) => (decision === null ? { kind: "free", before: null } : fenceOf(decision, shown));
  let fresh: DeliveryState | null = state;
  return {
    access,
    runner: createEffectRunner({ clock: ports.clock }),
    ticket: admitted.ticket,
    fence,
    note: ports.log,
    async look() {
      const now = await readState(github, admitted);
      if (!now.ok) throw new TerminalError(now.error.message, now.error.fix);
      return now.value;
    },
    async before() {
      const known = fresh;
      fresh = null;
      const now = known === null ? await readState(github, admitted) : ok(known);
      if (!now.ok) return now;
      const standing = fence(now.value.record);
      if (standing.kind === "fenced") return err(standing.refusal);
      const stop = known === null ? await authority(now.value) : null;
      return stop === null ? now : err(stop);
    },
    confirm: async (event) => record?.append(event),
  };
}

/** Why the comment was not made; null when it was. */
async function saidOrNot(say: () => Promise<Result<unknown, Refusal>>): Promise<Refusal | null> {
  try {
    const said = await say();
    return said.ok ? null : said.error;
  } catch (error) {
    if (error instanceof TerminalError || error instanceof RetryableError) return asRefusal(error);
    throw error;
  }
}

/** GitHub's own refusals (4xx) become refusals of ours, so that a person reads them on the issue; outages stay thrown. */
export async function orRefusal<T>(act: () => Promise<Result<T, Refusal>>): Promise<Result<T, Refusal>> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof TerminalError) return err(asRefusal(error));
    throw error;
  }
}

export const asRefusal = (error: TerminalError | RetryableError): Refusal => ({
  kind: error instanceof TerminalError ? "github-refused" : "outage",
  message: error.message,
  fix: error instanceof TerminalError ? error.fix : "Label the issue again when GitHub answers.",
});

const costOf = (view: ItemView | null): number => (view === null ? 0 : costMilliUsd(view));

export const costMilliUsd = (view: ItemView): number => Math.round(view.costMicroUsd / 1000);
