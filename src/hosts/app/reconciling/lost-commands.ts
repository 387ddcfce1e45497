/**
 * Commands that nobody has answered: the App was ended between GitHub's word that there is one and its being carried out, and GitHub sends no such
 * event again (fault 28).
 *
 * I2. Carried out anew on the command's own path: reactions, answers and dispatches have the comment's id as key, so one that was half done comes to
 * the same. I10. Whose word it is is asked of the API; of strangers only that, once for each.
 */
import { readPermission, readTaskText } from "../../../github/read/index.ts";
import { permissionVerdict } from "../../../github/trust/index.ts";
import type { RecentComments, SaidComment } from "../../../github/write/index.ts";
import { authoriseCommand, mentionsSomebody, readComment } from "../../../intake/index.ts";
import { answerComment, type CommentOrder } from "../commands/comment-commands.ts";
import { followRun, type LookTools } from "../runs/look-at-run.ts";
import type { Refused } from "../starting/refusal.ts";
import { hearsClicks, subjectOf, type Workplace } from "../workplace.ts";

export interface LostCommandTools extends LookTools {
  /** By which the App is mentioned; null while GitHub does not say. */
  readonly slug: () => Promise<string | null>;
}

interface LostCommand {
  readonly comment: SaidComment;
  readonly read: CommentOrder["read"];
}

/** A webhook that is on its way, or being dealt with, comes first. */
const UNDER_WAY_MS = 3 * 60_000;

/** No request where all are answered; else one for each person, and what each command takes. @param sinceMs what is older was looked at before, or is forgotten */
export async function lookForCommands(place: Workplace, tools: LostCommandTools, { recent, sinceMs }: { readonly recent: RecentComments; readonly sinceMs: number }): Promise<void> {
  const nowMs = tools.clock.nowMs();
  const said = recent.said.filter(({ createdAt }) => Date.parse(createdAt) >= sinceMs);
  const slug = said.some(({ body }) => mentionsSomebody(body)) ? await tools.slug() : null;
  const heard = new Map<number, boolean>();
  for (const lost of unanswered({ ...recent, said }, slug)) {
    const { author, createdAt } = lost.comment;
    if (nowMs - Date.parse(createdAt) < UNDER_WAY_MS) continue;
    if (!heard.has(author.id)) heard.set(author.id, authoriseCommand(permissionVerdict(await readPermission(place.github, place.repository, author.login), author.id), { name: "help", least: "triage" }).kind !== "silent");
    if (heard.get(author.id) === true) answerSoon(place, tools, lost);
  }
}

/** Behind the last one on the same issue that was answered: whoever had an answer since has seen how things are. In the order in which they were written. */
function unanswered({ own, said }: RecentComments, slug: string | null): readonly LostCommand[] {
  const answered = new Set(own.flatMap(({ body }) => /^<!-- worktrain:answer issue-\d+ comment=(\d+) /.exec(body)?.[1] ?? []));
  const commands = said.flatMap((comment): readonly LostCommand[] => {
    const read = readComment(comment.body, { slug });
    return read.kind === "none" ? [] : [{ comment, read }];
  });
  const upTo = new Map(commands.filter(({ comment: { id, reacted } }) => reacted || answered.has(String(id))).map(({ comment }) => [comment.issueNumber, comment.id]));
  return commands.filter(({ comment: { id, issueNumber } }) => id > (upTo.get(issueNumber) ?? 0));
}

function answerSoon(place: Workplace, tools: LostCommandTools, { comment, read }: LostCommand): void {
  const { id: commentId, issueNumber, isPullRequest, body, author, createdAt } = comment;
  const subject = subjectOf(place.repositoryId, issueNumber);
  tools.queue.add(subject, {
    name: "answering a command that was lost",
    coalesce: `comment ${commentId}`,
    async run() {
      const text = await readTaskText(place.github, { ...place.repository, id: place.repositoryId }, { number: issueNumber, isPullRequest });
      if (text === null) return;
      const late = isSetUp(read) && hearsClicks(tools) ? LOST : text.editedAt !== null && Date.parse(text.editedAt) >= Date.parse(createdAt) && takesText(read) ? EDITED_SINCE : null;
      const runId = await answerComment(place, tools, { event: { issueNumber, isPullRequest, task: { title: text.title, body: text.body }, commentId, body, author, createdAt: new Date(createdAt).toISOString() }, read, late });
      if (runId !== null) followRun(place, tools, { subject, runId });
    },
  });
}

/** Whether it begins work on the text as it was when it was written (I8). */
const takesText = (read: CommentOrder["read"]): boolean => read.kind === "command" && ["run", "plan", "review"].includes(read.command.name);

/** What it takes comes with its event alone. */
const isSetUp = (read: CommentOrder["read"]): boolean => read.kind === "command" && read.command.flags.includes("set-up");

const LOST: Refused = { message: "WorkTrain's App was ended before it could carry out the command.", fix: "Write it again.", details: [] };

const EDITED_SINCE: Refused = {
  message: "WorkTrain's App was ended before it could carry out the command, and the text here was changed since. It works on the text as it was when the command was written, which is not known any more.",
  fix: "Write the command again, so that the present text is taken.",
  details: [],
};
