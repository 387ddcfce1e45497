/** Publishes a review of a pull request: about the commit that was reviewed, and on no other. */
import { publish, reviewIntents, type Intent, type Judgement } from "../../../delivery/index.ts";
import { readComparison, readPermission, readPullUnderReview, readTree, type DeliveryState, type PullUnderReview } from "../../../github/read/index.ts";
import { hasStatus } from "../../../github/request-error.ts";
import { permissionVerdict } from "../../../github/trust/index.ts";
import type { ItemView } from "../../../report/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { conclude, concludeFenced, costMilliUsd, orRefusal, publication, recordReport, recordWish, type Job } from "./conclude.ts";
import { refusedOrWithdrawn } from "./refused-or-withdrawn.ts";
import type { Decision } from "../../../delivery/index.ts";
import { liveConfig, readState, switchedOff } from "./live-state.ts";
import type { DeliveryRecord } from "./record.ts";
import type { DeliverResult } from "./settings.ts";
import { refusedSummary, reviewedSummary } from "./step-summary.ts";

export interface ReviewDelivery {
  readonly judged: Extract<Judgement, { kind: "review" }>;
  /** Secrets already taken out. */
  readonly view: ItemView;
  readonly decision: Decision;
  readonly state: DeliveryState;
}

export async function publishReview(job: Job, record: DeliveryRecord, { judged, view, decision, state }: ReviewDelivery): Promise<DeliverResult> {
  const { github, admitted, redact } = job;
  const { ticket, run } = admitted;
  const { owner, repo } = state.repository;
  let intents: readonly Intent[] = [];
  const published = await orRefusal(async (): Promise<Result<ReadonlyMap<Intent["kind"], { readonly url: string | null }> | null, Refusal>> => {
    const pull = await mayPublish(job, state);
    if (!pull.ok) return pull;
    const seen = await reviewedFiles(job, { owner, repo }, judged);
    if (!seen.ok) return seen;
    intents = reviewIntents({ ticket, view, verdict: judged.verdict, headSha: judged.headSha, headNow: pull.value.headSha, files: seen.value, runUrl: run.htmlUrl, redact }, recordWish(decision));
    if (job.settings.staged) return ok(null);
    const stillMay = async (now: DeliveryState): Promise<Refusal | null> => {
      const may = await mayPublish(job, now);
      return may.ok ? null : may.error;
    };
    return publish(intents, publication(job, record, { decision, state }, stillMay));
  });
  if (!published.ok) {
    if (published.error.kind === "fenced") return concludeFenced(record, published.error, view);
    const now = await readState(github, admitted);
    return now.ok ? conclude(job, record, refusedOrWithdrawn(published.error, view), { decision, state: now.value }) : refusedSummary(published.error, { unsaid: now.error.message });
  }
  if (published.value === null) return (await import("./staged.ts")).showStaged(job, { intents, report: await recordReport(job, record) });
  await record.append({ kind: "delivery_ended", data: { outcome: "delivered", reason: null } });
  await record.save("reviewed", costMilliUsd(view), "reviewed");
  return reviewedSummary({ report: await recordReport(job, record), url: published.value.get("review")?.url ?? "", pullNumber: ticket.issueNumber });
}

/** I10. The pull request is open, labelled and of this repository, and who asked may still write. */
async function mayPublish({ github, admitted: { ticket } }: Job, state: DeliveryState): Promise<Result<PullUnderReview, Refusal>> {
  const { owner, repo, archived, id } = state.repository;
  const refuse = (kind: string, message: string, fix: string): Result<never, Refusal> => err({ kind, message, fix });
  const config = liveConfig(state);
  if (!config.ok) return config;
  if (archived) return refuse("archived", "The repository is archived.", "Take it out of the archive, then label the pull request again.");
  const off = switchedOff(state, config.value);
  if (off !== null) return err(off);
  const pull = await readPullUnderReview(github, { owner, repo }, ticket.issueNumber);
  if (pull === null || !pull.open) return refuse("withdrawn", `Pull request ${ticket.issueNumber} was closed while it was reviewed.`, "Reopen it and label it again, if the review is still wanted.");
  if (!pull.labels.some((label) => label.toLowerCase() === config.value.label.toLowerCase())) return refuse("withdrawn", `The label ${config.value.label} was taken off while the review went on.`, "Add it again, if the review is still wanted.");
  if (pull.headRepositoryId !== id) return refuse("not-allowed", "The head of the pull request is not of this repository.", "Push the branch to this repository.");
  const { login, id: actorId } = ticket.trigger.actor;
  const verdict = permissionVerdict(state.permission ?? (await readPermission(github, { owner, repo }, login)), actorId);
  return verdict.kind === "allowed" ? ok(pull) : refuse("not-allowed", `${login} asked for this review, and may not write to the repository any more, or GitHub does not say so.`, "Somebody with write permission can label the pull request again.");
}

/** I7. The files that the journal names are the commit's; what they change is GitHub's word. */
async function reviewedFiles({ github, admitted: { ticket } }: Job, repository: { readonly owner: string; readonly repo: string }, { headSha, tree }: ReviewDelivery["judged"]) {
  const gone = err({ kind: "head-gone", message: `The commit ${headSha} that was reviewed is not in the repository any more.`, fix: "Label the pull request again: its present head is reviewed." } as const);
  try {
    const shown = await readTree(github, repository, { sha: headSha, recursive: false });
    if (shown.sha !== tree) return err({ kind: "foreign-journal", message: `The journal reviews the files ${tree}; the commit ${headSha} has ${shown.sha}.`, fix: "Nothing is published. Label the pull request again." } as const);
  } catch (error) {
    if (hasStatus(error, 404, 422)) return gone;
    throw error;
  }
  const comparison = await readComparison(github, repository, { base: ticket.base.sha, head: headSha });
  return comparison === null ? gone : ok(comparison.files);
}
