/**
 * Somebody clicked Re-run beside a check run of ours, or Re-run all beside a commit: the pull request is reviewed once more, whole. One on a
 * commit that is not the head any more says so instead (I4).
 */
import { z } from "zod";
import { findItemRuns, readOwnCheckRuns, readPullUnderReview, readRun } from "../../../github/read/index.ts";
import { WORKFLOW_FILE } from "../../../intake/index.ts";
import { formatItemId, isOwnCheck } from "../../../record/index.ts";
import { ourTitle } from "../runs/run-report.ts";
import type { RunTitle } from "../runs/run-title.ts";
import { startReview } from "../starting/start-review.ts";
import type { LookTools, RunOfSubject } from "../runs/look-at-run.ts";
import { subjectOf, type Workplace } from "../workplace.ts";
import { closeStale } from "./live-check.ts";

const personSchema = z.object({ login: z.string(), id: z.int(), type: z.literal("User") }).transform(({ login, id }) => ({ login, id }));
const appSchema = z.object({ id: z.int() });
/** A click beside a check run. */
export const clickedSchema = z.object({
  check_run: z.object({ id: z.int(), head_sha: z.string(), external_id: z.string().nullish(), details_url: z.string().nullish(), app: appSchema }),
  sender: personSchema,
});
const suiteSchema = z.object({ check_suite: z.object({ id: z.int(), head_sha: z.string().regex(/^[0-9a-f]{40,64}$/), app: appSchema }), sender: personSchema });

export type RerequestedCheck = z.infer<typeof clickedSchema>;
export type RerequestedSuite = z.infer<typeof suiteSchema>;

/** `check_run.rerequested`; null for anything else, another App's and a click by no person included. */
export function parseRerequestedCheck(payload: unknown, appId: number): RerequestedCheck | null {
  const event = clickedSchema.safeParse(payload).data;
  return event?.check_run.app.id === appId ? event : null;
}

/** `check_suite.rerequested`; null likewise. */
export function parseRerequestedSuite(payload: unknown, appId: number): RerequestedSuite | null {
  const event = suiteSchema.safeParse(payload).data;
  return event?.check_suite.app.id === appId ? event : null;
}

/** The run that a check run of ours leads to: of a fork's head GitHub names no pull request, so it is found by its run. */
export const runOfCheck = (url: string | null | undefined): number | null => {
  const [, id] = /\/actions\/runs\/(\d{1,15})(?:[/?#]|$)/.exec(url ?? "") ?? [];
  return id === undefined ? null : Number(id);
};

/** The work that a check run is about. Whoever makes one chooses where it leads; the key of its run only we know beforehand. */
export async function workOfCheck(place: Workplace, { detailsUrl, externalId }: { readonly detailsUrl: string | null | undefined; readonly externalId: string | null | undefined }): Promise<RunTitle | null> {
  const runId = runOfCheck(detailsUrl);
  const run = runId === null ? null : await readRun(place.github, place.repository, runId);
  const title = run === null ? null : ourTitle(place, run);
  return title !== null && (title.key === externalId || (await hasRun(place, title, externalId ?? ""))) ? title : null;
}

/** Whether a run of the same work has the key: it broke off, and a later one finished the check run of its commit. */
async function hasRun(place: Workplace, { item }: RunTitle, key: string): Promise<boolean> {
  if (!/^[0-9a-f]{16,64}$/.test(key)) return false;
  const titles = (await findItemRuns(place.github, place.repository, { workflow: WORKFLOW_FILE, word: key })).map((run) => ourTitle(place, run));
  return titles.some((title) => title?.key === key && formatItemId(title.item) === formatItemId(item));
}

const isReview = (title: RunTitle | null): title is RunTitle => title?.item.subject.startsWith("pr-") === true;

export interface Click<Event> {
  readonly event: Event;
  readonly deliveryId: string;
}

/** The runs that were dispatched: one, or none. */
export async function reviewAgain(place: Workplace, tools: LookTools, { event, deliveryId }: Click<RerequestedCheck>): Promise<readonly RunOfSubject[]> {
  const { check_run: check, sender } = event;
  const title = await workOfCheck(place, { detailsUrl: check.details_url, externalId: check.external_id });
  if (isReview(title)) return again(place, tools, { title, sender, headSha: check.head_sha, checkIds: [check.id], deliveryId });
  tools.log.info("re-run ignored", { repository: place.repositoryId, check: check.id, delivery: deliveryId });
  return [];
}

/** More of our check runs on one commit than this are not looked into: a review has one. */
const MOST_READ = 20;

/** The same for every review that has a check run of ours on the commit, each once. */
export async function reviewAllAgain(place: Workplace, tools: LookTools, { event, deliveryId }: Click<RerequestedSuite>): Promise<readonly RunOfSubject[]> {
  const { check_suite: suite, sender } = event;
  const checks = (await readOwnCheckRuns(place.github, place.repository, { sha: suite.head_sha, appId: suite.app.id })).filter(({ name }) => isOwnCheck(name));
  const newest = new Map<number, { readonly title: RunTitle; readonly checkIds: number[] }>();
  for (const check of checks.slice(0, MOST_READ)) {
    const title = await workOfCheck(place, check);
    if (!isReview(title)) continue;
    const known = newest.get(title.issueNumber);
    if (known === undefined) newest.set(title.issueNumber, { title, checkIds: [check.id] });
    else known.checkIds.push(check.id);
  }
  if (newest.size === 0) tools.log.info("re-run ignored", { repository: place.repositoryId, suite: suite.id, delivery: deliveryId });
  const dispatched: RunOfSubject[] = [];
  for (const { title, checkIds } of newest.values()) dispatched.push(...(await again(place, tools, { title, sender, headSha: suite.head_sha, checkIds, deliveryId })));
  return dispatched;
}

interface Again {
  readonly title: RunTitle;
  readonly sender: { readonly login: string; readonly id: number };
  /** The commit that who clicked had before them. */
  readonly headSha: string;
  /** Of this review, on that commit. */
  readonly checkIds: readonly number[];
  readonly deliveryId: string;
}

async function again(place: Workplace, tools: LookTools, { title, sender, headSha, checkIds, deliveryId }: Again): Promise<readonly RunOfSubject[]> {
  const { issueNumber, key } = title;
  const subject = subjectOf(place.repositoryId, issueNumber);
  const runId = await tools.queue.run(subject, async () => {
    const pull = await readPullUnderReview(place.github, place.repository, issueNumber);
    if (pull === null) return null;
    if (pull.headSha !== headSha) {
      for (const id of checkIds) await closeStale(place, tools, { id, headNow: pull.headSha });
      return null;
    }
    const asked = { repository: { id: place.repositoryId, ...place.repository }, issueNumber, label: "", sender, task: { title: pull.title, body: pull.body }, labelledAt: new Date(tools.clock.nowMs()).toISOString() };
    return startReview(place, tools, { cause: "asked", event: asked, headSha, deliveryId, full: true, instead: key });
  });
  return runId === null ? [] : [{ subject, runId }];
}
