/**
 * Work that somebody asked for by giving the issue to an account of `start.assignees`, or in its text as it was opened, and that nobody has begun: the
 * App was ended between GitHub's word of it and its beginning, or was not there (fault 28).
 *
 * I2. Begun on the path of the webhook, where what was begun, refused or answered meanwhile is known by the App's own comments. I8. A text that was
 * changed since is not what it was asked for with. I10. Whose word it is is asked of the API; of strangers only that, once for each.
 */
import { readIssue, type LatelyChanged } from "../../../github/read/index.ts";
import type { RecentComments } from "../../../github/write/index.ts";
import { isUnheard, mentionsSomebody, readComment, UNDER_WAY_MS, type LabeledEvent } from "../../../intake/index.ts";
import { parseStatusMarker } from "../../../report/status-marker.ts";
import { answerOpenedIssue } from "../commands/opened-issue.ts";
import type { Labelled } from "../dashboard/dashboard.ts";
import { followRun } from "../runs/look-at-run.ts";
import { startsWork } from "../starting/asked-otherwise.ts";
import type { Refused } from "../starting/refusal.ts";
import { startWork } from "../starting/start-work.ts";
import { subjectOf, type Workplace } from "../workplace.ts";
import { standings, type LostCommandTools, type Standing } from "./lost-commands.ts";

export interface LostStarts {
  readonly labelled: Pick<Labelled, "lately" | "config">;
  readonly recent: RecentComments;
  /** What is older was looked at before, or is forgotten. */
  readonly sinceMs: number;
}

/** No request where nothing was asked for so; else one for each person, and what each beginning takes. */
export async function lookForLostStarts(place: Workplace, tools: LostCommandTools, { labelled: { lately, config }, recent, sinceMs }: LostStarts): Promise<void> {
  const nowMs = tools.clock.nowMs();
  const isDue = (at: string): boolean => Date.parse(at) >= sinceMs && nowMs - Date.parse(at) >= UNDER_WAY_MS;
  const slug = lately.some(({ body, createdAt }) => isDue(createdAt) && mentionsSomebody(body)) ? await tools.slug() : null;
  const standing = standings(place);
  for (const issue of lately) {
    // Nothing could be told there (I4); unlocked, it is found again.
    if (issue.locked) continue;
    const status = recent.own.flatMap(({ issueNumber, body, updatedAt }) => (issueNumber === issue.number ? [{ marker: parseStatusMarker(body), updatedAt }] : [])).find(({ marker }) => marker?.issueNumber === issue.number);
    const shown = status === undefined || status.marker === null ? null : { ...status.marker, updatedAt: status.updatedAt };
    const given = issue.assigned.findLast(({ assignee, at, by }) => by !== null && isDue(at) && startsWork({ config }, assignee) && isUnheard(at, shown, nowMs));
    if (given !== undefined && given.by !== null && (await isHeard(standing, given.by))) {
      assignedSoon(place, tools, { issue, assignee: given.assignee, at: given.at, by: given.by });
      continue;
    }
    if (shown !== null || !isDue(issue.createdAt) || issue.author === null || isAnswered(recent, issue.number)) continue;
    if (readComment(issue.body, { slug }).kind !== "none" && (await isHeard(standing, issue.author))) openedSoon(place, tools, { issue, author: issue.author, slug });
  }
}

/** What GitHub does not say now is asked anew by the next look. */
const isHeard = async (standing: Standing, person: Parameters<Standing>[0]): Promise<boolean> => (await standing(person)) !== "stranger";

const isAnswered = ({ own }: RecentComments, issueNumber: number): boolean => own.some(({ body }) => body.startsWith(`<!-- worktrain:answer issue-${issueNumber} opened `));

interface Given {
  readonly issue: LatelyChanged;
  readonly assignee: string;
  readonly at: string;
  readonly by: LabeledEvent["sender"];
}

function assignedSoon(place: Workplace, tools: LostCommandTools, { issue, assignee, at, by }: Given): void {
  const delivery = { event: eventOf(place, issue, { sender: by, at }), deliveryId: `rescan-${at}`, asked: { kind: "issues.assigned" as const, assignee }, editedSince: isEditedSince(issue, at) };
  startSoon(place, tools, { issueNumber: issue.number, why: "assigned", starts: () => startWork(place, tools, delivery) });
}

function openedSoon(place: Workplace, tools: LostCommandTools, { issue, author, slug }: { readonly issue: LatelyChanged; readonly author: LabeledEvent["sender"]; readonly slug: string | null }): void {
  const { number: issueNumber, createdAt: at } = issue;
  const starts = async (): Promise<number | null> => {
    // Whether an App wrote it for the person, GraphQL does not say (attacks 1, 2).
    const now = await readIssue(place.github, place.repository, issueNumber);
    const read = readComment(issue.body, { slug });
    if (now === null || now.viaApp || read.kind === "none") return null;
    return answerOpenedIssue(place, tools, { event: eventOf(place, issue, { sender: author, at }), deliveryId: `rescan-${at}`, read, late: isEditedSince(issue, at) ? EDITED_SINCE : null });
  };
  startSoon(place, tools, { issueNumber, why: "opened", starts });
}

function startSoon(place: Workplace, tools: LostCommandTools, { issueNumber, why, starts }: { readonly issueNumber: number; readonly why: string; readonly starts: () => Promise<number | null> }): void {
  const subject = subjectOf(place.repositoryId, issueNumber);
  tools.queue.add(subject, {
    name: "starting work that was asked for unheard",
    coalesce: `rescan ${why}`,
    async run() {
      const runId = await starts();
      if (runId !== null) followRun(place, tools, { subject, runId });
    },
  });
}

const isEditedSince = ({ editedAt }: LatelyChanged, at: string): boolean => editedAt !== null && Date.parse(editedAt) >= Date.parse(at);

/** In the shape of a label that nobody set. */
const eventOf = ({ repositoryId, repository }: Workplace, { number, title, body }: LatelyChanged, { sender, at }: { readonly sender: LabeledEvent["sender"]; readonly at: string }): LabeledEvent => ({
  repository: { id: repositoryId, ...repository },
  issueNumber: number,
  label: "",
  sender,
  task: { title, body },
  labelledAt: new Date(at).toISOString(),
});

const EDITED_SINCE: Refused = {
  message: "The issue was opened while WorkTrain did not hear of it, and its text was changed since. A command counts as it was when the issue was opened, which is not known any more.",
  fix: "Write the command in a comment.",
  details: [],
};
