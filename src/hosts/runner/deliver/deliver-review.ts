/** Publishes a review of a pull request: about the commit that was reviewed, and on no other. */
import { isAtLeast } from "../../../config/index.ts";
import { GITHUB_ACTIONS, publish, reviewedSince, reviewIntents, reviewMarkerOf, reviewOf, type EarlierReviews, type Intent, type Judgement, type ReviewedSince } from "../../../delivery/index.ts";
import type { GitHub, Repository } from "../../../github/client.ts";
import { readBotReviews, readComparison, readPermission, readPullUnderReview, readReviewThreads, readSeenHunks, readTree, type DeliveryState, type PullUnderReview } from "../../../github/read/index.ts";
import { hasStatus } from "../../../github/request-error.ts";
import { permissionVerdict } from "../../../github/trust/index.ts";
import { readFindingMarks } from "../../../record/index.ts";
import type { ItemView } from "../../../report/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { conclude, concludeFenced, costMilliUsd, orRefusal, publication, recordReport, recordWish } from "./conclude.ts";
import type { Job } from "./job.ts";
import { refusedOrWithdrawn } from "./refused-or-withdrawn.ts";
import type { Decision } from "../../../delivery/index.ts";
import { leastRole, liveConfig, readState, switchedOff } from "./live-state.ts";
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
    const dropped = await isDropped(github, { owner, repo }, { headSha: judged.headSha, headNow: pull.value.headSha });
    if (dropped) return err({ kind: "withdrawn", message: `Somebody force-pushed over the commit ${judged.headSha} while it was reviewed, so there is nothing any more that the review could stand on.`, fix: "There is nothing to do: the present head is reviewed next." });
    const seen = await reviewedFiles(job, { owner, repo }, judged);
    if (!seen.ok) return seen;
    const earlier = await readEarlierReviews(github, { owner, repo }, { since: seen.value.since, pull: pull.value, repositoryId: state.repository.id, botLogins: [GITHUB_ACTIONS.botLogin, (await job.access("review")).publisher.botLogin] });
    intents = reviewIntents({ ticket, view, verdict: judged.verdict, headSha: judged.headSha, headNow: pull.value.headSha, files: seen.value.files, earlier, runUrl: run.htmlUrl, redact }, recordWish(decision));
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

/** GitHub takes no review of a commit that is not one of the pull request's. */
async function isDropped(github: GitHub, repository: Repository, { headSha, headNow }: { readonly headSha: string; readonly headNow: string }): Promise<boolean> {
  if (headSha === headNow) return false;
  return (await readComparison(github, repository, { base: headSha, head: headNow }))?.mergeBase !== headSha;
}

/** I10. The pull request is open, labelled where that is asked, vouched for where it is a fork's, and who asked may still write. */
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
  const { pullRequests } = config.value.review;
  if (pullRequests === "never") return refuse("withdrawn", "Reviews of pull requests were switched off while it was reviewed (`review.pullRequests: never`).", "Set it to `labelled`, then label the pull request again.");
  if (pullRequests === "labelled" && ticket.trigger.kind !== "issue_comment" && !pull.labels.some((label) => label.toLowerCase() === config.value.label.toLowerCase())) return refuse("withdrawn", `The label ${config.value.label} was taken off while the review went on.`, "Add it again, if the review is still wanted.");
  // A push vouches for nothing in a fork: only a word that somebody gave for this very commit does.
  if (pull.headRepositoryId !== id && ticket.trigger.kind === "pull_request") return refuse("not-allowed", "The head of the pull request is of a fork, and nobody vouched for it.", "Look at its commits, then label the pull request again.");
  const { login, id: actorId } = ticket.trigger.actor;
  const verdict = permissionVerdict(state.permission ?? (await readPermission(github, { owner, repo }, login)), actorId);
  const least = leastRole(ticket, config.value);
  return verdict.kind === "allowed" && isAtLeast(verdict.role, least) ? ok(pull) : refuse("not-allowed", `${login} asked for this review, and does not have the role ${least} any more, or GitHub does not say so.`, "Somebody with write permission can label the pull request again.");
}

/** I7. The files that the journal names are the commit's; what they change is GitHub's word. */
async function reviewedFiles({ github, admitted: { ticket } }: Job, repository: { readonly owner: string; readonly repo: string }, { headSha, tree, since }: ReviewDelivery["judged"]) {
  const gone = err({ kind: "head-gone", message: `The commit ${headSha} that was reviewed is not in the repository any more.`, fix: "Label the pull request again: its present head is reviewed." } as const);
  try {
    const shown = await readTree(github, repository, { sha: headSha, recursive: false });
    if (shown.sha !== tree) return err({ kind: "foreign-journal", message: `The journal reviews the files ${tree}; the commit ${headSha} has ${shown.sha}.`, fix: "Nothing is published. Label the pull request again." } as const);
  } catch (error) {
    if (hasStatus(error, 404, 422)) return gone;
    throw error;
  }
  const comparison = await readComparison(github, repository, { base: ticket.base.sha, head: headSha });
  if (comparison === null) return gone;
  if (since === null) return ok({ files: comparison.files, since: null });
  const known = reviewedSince(since, await readSeenHunks(github, repository, { since, now: comparison }));
  return known.ok ? ok({ files: comparison.files, since: known.value }) : err({ kind: "foreign-journal", message: `The journal leaves out ${known.error} parts of the change as reviewed before, which are not part of what was.`, fix: "Nothing is published. Label the pull request again." } as const);
}

/** People whose permission is asked for one review; of more, what they resolved counts as open. */
const MOST_RESOLVERS = 20;

/** What was said on the pull request before, and by whom it was dismissed: only the word of somebody who may write counts. */
async function readEarlierReviews(github: GitHub, repository: Repository, { since, pull, repositoryId, botLogins }: { readonly botLogins: readonly string[]; readonly since: ReviewedSince | null; readonly pull: PullUnderReview; readonly repositoryId: number }): Promise<EarlierReviews> {
  const threads = await readReviewThreads(github, repository, { number: pull.number, botLogins });
  const resolvers = new Map(threads.flatMap(({ resolvedBy }) => (resolvedBy === null || resolvedBy.id === null ? [] : [[resolvedBy.login, resolvedBy.id] as const])));
  const mayDismiss = new Set<string>();
  for (const [login, id] of [...resolvers].slice(0, MOST_RESOLVERS)) {
    if (permissionVerdict(await readPermission(github, repository, login), id).kind === "allowed") mayDismiss.add(login);
  }
  const last = since === null ? undefined : reviewOf(await readBotReviews(github, repository, { pullNumber: pull.number, prefix: reviewMarkerOf(repositoryId, pull.number), logins: botLogins }), since);
  return {
    threads: threads.map((thread) => ({ ...thread, dismissed: thread.resolved && thread.resolvedBy !== null && mayDismiss.has(thread.resolvedBy.login) })),
    since,
    last: last === undefined ? null : { url: last.url, marks: readFindingMarks(last.body) },
    fork: pull.headRepositoryId !== repositoryId,
  };
}
