/**
 * Commands that nobody has answered: the App was ended between GitHub's word that there is one and its being carried out, and GitHub sends no such
 * event again (fault 28).
 *
 * I2. Carried out anew on the command's own path: reactions, answers and dispatches have the comment's id as key, so one that was half done comes to
 * the same. I10. Whose word it is is asked of the API; of strangers only that, once for each.
 */
import { readPermission, readTaskText } from "../../../github/read/index.ts";
import { permissionVerdict } from "../../../github/trust/index.ts";
import { endedByUs, readSaidComment, type RecentComments, type SaidComment } from "../../../github/write/index.ts";
import { authoriseCommand, mentionsSomebody, readComment, UNDER_WAY_MS } from "../../../intake/index.ts";
import { answerComment, type CommentOrder } from "../commands/comment-commands.ts";
import { followRun, type LookTools } from "../runs/look-at-run.ts";
import type { Refused } from "../starting/refusal.ts";
import { RetryableError } from "../../../shared/errors.ts";
import { hearsClicks, subjectOf, type Workplace } from "../workplace.ts";

export interface LostCommandTools extends LookTools {
  /** By which the App is mentioned; null while GitHub does not say. */
  readonly slug: () => Promise<string | null>;
}

interface LostCommand {
  readonly comment: SaidComment;
  readonly read: CommentOrder["read"];
}

/** One query where somebody has reacted to one; where all are answered no other request; else one for each person, and what each command takes. @param sinceMs what is older was looked at before, or is forgotten @throws RetryableError where GitHub does not say what somebody may do: all others are looked at */
export async function lookForCommands(place: Workplace, tools: LostCommandTools, { recent, sinceMs }: { readonly recent: RecentComments; readonly sinceMs: number }): Promise<void> {
  const nowMs = tools.clock.nowMs();
  const said = recent.said.filter(({ createdAt }) => Date.parse(createdAt) >= sinceMs);
  const slug = said.some(({ body }) => mentionsSomebody(body)) ? await tools.slug() : null;
  const commands = await commandsIn(place, { ...recent, said }, slug);
  const standing = standings(place);
  const unsure: string[] = [];
  for (const lost of commands) {
    const { id, issueNumber, author, createdAt } = lost.comment;
    if (lost.ended !== null || nowMs - Date.parse(createdAt) < UNDER_WAY_MS) continue;
    const now = await standing(author);
    if (now === "unknown") unsure.push(author.login);
    if (now !== "heard") continue;
    // In the order in which they were written: behind a later one that was answered nobody waits for this one any more.
    const later = commands.filter(({ comment }) => comment.issueNumber === issueNumber && comment.id > id);
    if (!(await isOutdated(later, standing))) answerSoon(place, tools, lost);
  }
  if (unsure.length > 0) throw new RetryableError(`GitHub does not say what ${[...new Set(unsure)].join(", ")} may do.`);
}

interface FoundCommand extends LostCommand {
  /** That it came to its end: the App answered in words, or with a reaction of its own. Null where neither is so. */
  readonly ended: "answered" | "reacted" | null;
}

async function commandsIn({ github }: Workplace, { own, said }: RecentComments, slug: string | null): Promise<readonly FoundCommand[]> {
  const answered = new Set(own.flatMap(({ body }) => /^<!-- worktrain:answer issue-\d+ comment=(\d+) /.exec(body)?.[1] ?? []));
  const found = said.flatMap((comment): readonly FoundCommand[] => {
    const read = readComment(comment.body, { slug });
    return read.kind === "none" ? [] : [{ comment, read, ended: answered.has(String(comment.id)) ? "answered" : null }];
  });
  const reacted = await endedByUs(github, found.flatMap(({ comment, ended }) => (ended === null ? [comment] : [])));
  return found.map((each) => (reacted.has(each.comment.id) ? { ...each, ended: "reacted" } : each));
}

/** `unknown`: GitHub does not say now. */
export type Standing = (author: SaidComment["author"]) => Promise<"heard" | "stranger" | "unknown">;

/** Each person is asked about once. */
export function standings({ github, repository }: Workplace): Standing {
  const known = new Map<number, "heard" | "stranger" | "unknown">();
  return async ({ login, id }) => {
    const before = known.get(id);
    if (before !== undefined) return before;
    const verdict = permissionVerdict(await readPermission(github, repository, login), id);
    const now = verdict.kind === "unknown" ? "unknown" : authoriseCommand(verdict, { name: "help", least: "triage" }).kind === "silent" ? "stranger" : "heard";
    known.set(id, now);
    return now;
  };
}

/** Whoever had an answer since has seen how things are. A stranger gets none, and takes nobody's command away by a reaction to one of their own (attack 1). */
async function isOutdated(later: readonly FoundCommand[], standing: Standing): Promise<boolean> {
  if (later.some(({ ended }) => ended === "answered")) return true;
  for (const { ended, comment } of later) if (ended === "reacted" && (await standing(comment.author)) !== "stranger") return true;
  return false;
}

function answerSoon(place: Workplace, tools: LostCommandTools, { comment, read }: LostCommand): void {
  const { id: commentId, issueNumber, isPullRequest, body, author, createdAt } = comment;
  const subject = subjectOf(place.repositoryId, issueNumber);
  tools.queue.add(subject, {
    name: "answering a command that was lost",
    coalesce: `comment ${commentId}`,
    async run() {
      // It waited for its turn since it was listed.
      const now = await readSaidComment(place.github, place.repository, commentId);
      if (now === null || now.body !== body || (await endedByUs(place.github, [now])).size > 0) return;
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
