/** What a person who wrote a command sees of it: a reaction, an answer. I2: both have the comment's id, or the person's, as key. */
import { commentEffect, commentReactionEffect, findComments, fitComment } from "../../../github/write/index.ts";
import type { CommentEvent, LabeledEvent } from "../../../intake/index.ts";
import { sha256Hex } from "../../../shared/hash.ts";
import type { Status } from "../runs/status-board.ts";
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

/**
 * A refusal that stands there already is not written once more for the same person: the reaction is its answer. Somebody else is told as well, by name.
 * So there is at most one for each person who may be answered and each reason, however often they ask.
 */
export async function say(place: Workplace, tools: AppTools, { issueNumber, to }: { readonly issueNumber: number; readonly to: { readonly login: string } | null }, { key, answer }: { readonly key: string; readonly answer: Omit<CommandAnswer, "to"> }): Promise<void> {
  const marker = `<!-- worktrain:answer issue-${issueNumber} ${key} -->`;
  const body = commandAnswer(marker, { ...answer, to: to?.login ?? null });
  if (body === null) return;
  const target = { github: place.github, repository: place.repository, issueNumber, author: tools.author };
  if (answer.refusal === null) return void (await tools.effects.apply(commentEffect(target, { marker, body })));
  const answers = await findComments(target, `<!-- worktrain:answer issue-${issueNumber} `);
  const [seen, text] = [answers.find((each) => each.body.startsWith(marker)), fitComment(body).slice(marker.length)];
  if (seen === undefined && answers.some((each) => each.body.slice(each.body.indexOf("-->") + 3) === text)) return;
  await tools.effects.apply(commentEffect(target, { marker, body, seen: seen === undefined ? null : { id: String(seen.id), url: seen.url } }));
}

interface NotAllowed {
  readonly event: Pick<LabeledEvent, "issueNumber" | "sender">;
  readonly status: Status;
  readonly refusal: { readonly message: string; readonly fix: string };
}

/** Why somebody may not start it, beside the status comment, which goes on telling of the work; unless it tells this very person just that. */
export async function tellNotAllowed(place: Workplace, tools: AppTools, { event: { issueNumber, sender }, status: { comment, marker }, refusal }: NotAllowed): Promise<void> {
  if (marker.by?.id === sender.id && comment.body.includes(quote(refusal.message))) return;
  await say(place, tools, { issueNumber, to: sender }, { key: personKey(sender, refusal), answer: { refusal: { ...refusal, details: [], place: null }, said: null, notDone: [] } });
}

/** Of what a person is told once, whatever they wrote. */
export const personKey = ({ id }: { readonly id: number }, { message }: { readonly message: string }): string => `person=${id} why=${sha256Hex(message).slice(0, 12)}`;
