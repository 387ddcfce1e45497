/** What a person who wrote a command sees of it: a reaction, an answer. I2: both have the comment's id, or the person's, as key. */
import { commentEffect, commentReactionEffect, findComments, fitComment } from "../../../github/write/index.ts";
import type { CommentEvent, LabeledEvent } from "../../../intake/index.ts";
import { quote } from "../../../report/markdown.ts";
import { commandAnswer, type CommandAnswer } from "../../../report/command-answer.ts";
import type { AppTools, Workplace } from "../workplace.ts";

/** Without its reaction a command is carried out all the same. */
export async function react(place: Workplace, tools: AppTools, { issueNumber, commentId }: CommentEvent, content: "eyes" | "+1" | "confused"): Promise<string | null> {
  try {
    return (await tools.effects.apply(commentReactionEffect(place.github, place.repository, { commentId, content }))).id;
  } catch (error) {
    tools.log.error(error, "no reaction could be set", { repository: place.repositoryId, issue: issueNumber, comment: commentId });
    return null;
  }
}

/** A refusal that stands there already is not written once more, whoever asked: the reaction is its answer. */
export async function say(place: Workplace, tools: AppTools, { issueNumber }: Pick<CommentEvent, "issueNumber">, { key, answer }: { readonly key: string; readonly answer: CommandAnswer }): Promise<void> {
  const marker = `<!-- worktrain:answer issue-${issueNumber} ${key} -->`;
  const body = commandAnswer(marker, answer);
  if (body === null) return;
  const target = { github: place.github, repository: place.repository, issueNumber, author: tools.author };
  if (answer.refusal === null) return void (await tools.effects.apply(commentEffect(target, { marker, body })));
  const answers = await findComments(target, `<!-- worktrain:answer issue-${issueNumber} `);
  const [seen, text] = [answers.find((each) => each.body.startsWith(marker)), fitComment(body).slice(marker.length)];
  if (seen === undefined && answers.some((each) => each.body.slice(each.body.indexOf("-->") + 3) === text)) return;
  await tools.effects.apply(commentEffect(target, { marker, body, seen: seen === undefined ? null : { id: String(seen.id), url: seen.url } }));
}

/** Why somebody may not start it, beside the status comment, which goes on telling of the work; unless it says just that. */
export async function tellNotAllowed(place: Workplace, tools: AppTools, { event, status, refusal }: { readonly event: Pick<LabeledEvent, "issueNumber" | "sender">; readonly status: { readonly body: string }; readonly refusal: { readonly message: string; readonly fix: string } }): Promise<void> {
  if (status.body.includes(quote(refusal.message))) return;
  await say(place, tools, event, { key: `person=${event.sender.id}`, answer: { refusal: { ...refusal, details: [], place: null }, said: null, notDone: [] } });
}
