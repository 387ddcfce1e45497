/** Somebody clicked Re-run beside a check run of ours: the pull request is reviewed once more, whole. */
import { z } from "zod";
import { readPullUnderReview, readRun } from "../../../github/read/index.ts";
import { ourTitle } from "../runs/run-report.ts";
import { startReview } from "../starting/start-review.ts";
import type { LookTools } from "../runs/look-at-run.ts";
import { subjectOf, type Workplace } from "../workplace.ts";

const eventSchema = z.object({
  check_run: z.object({ id: z.int(), head_sha: z.string(), external_id: z.string().nullish(), details_url: z.string().nullish() }),
  sender: z.object({ login: z.string(), id: z.int() }),
});
export type RerequestedCheck = z.infer<typeof eventSchema>;

/** `check_run.rerequested`; null for anything else. */
export const parseRerequestedCheck = (payload: unknown): RerequestedCheck | null => eventSchema.safeParse(payload).data ?? null;

/** The run that a check run of ours leads to: of a fork's head GitHub names no pull request, so it is found by its run. */
export const runOfCheck = ({ check_run: { details_url: url } }: RerequestedCheck): number | null => {
  const [, id] = /\/actions\/runs\/(\d{1,15})(?:[/?#]|$)/.exec(url ?? "") ?? [];
  return id === undefined ? null : Number(id);
};

/** The dispatched run's id; null when nothing was dispatched. */
export async function reviewAgain(place: Workplace, tools: LookTools, { event, deliveryId }: { readonly event: RerequestedCheck; readonly deliveryId: string }): Promise<number | null> {
  const { check_run: check, sender } = event;
  const runId = runOfCheck(event);
  const run = runId === null ? null : await readRun(place.github, place.repository, runId);
  const title = run === null ? null : ourTitle(place, run);
  // Whoever makes a check run chooses where it leads; the key of its run only we know beforehand.
  if (title === null || title.key !== check.external_id || !title.item.subject.startsWith("pr-")) {
    tools.log.info("re-run ignored", { repository: place.repositoryId, check: check.id, delivery: deliveryId });
    return null;
  }
  const pull = await readPullUnderReview(place.github, place.repository, title.issueNumber);
  if (pull === null) return null;
  const asked = { repository: { id: place.repositoryId, ...place.repository }, issueNumber: title.issueNumber, label: "", sender, task: { title: pull.title, body: pull.body }, labelledAt: new Date(tools.clock.nowMs()).toISOString() };
  return tools.queue.run(subjectOf(place.repositoryId, title.issueNumber), async () => startReview(place, tools, { cause: "asked", event: asked, headSha: check.head_sha, deliveryId, full: true, instead: title.key }));
}
