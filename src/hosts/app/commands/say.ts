/** What a person who wrote a command sees of it: a reaction, an answer. I2: both have the comment's id, or the person's, as key. */
import { commentEffect, commentReactionEffect } from "../../../github/write/index.ts";
import type { CommentEvent } from "../../../intake/index.ts";
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

export async function say(place: Workplace, tools: AppTools, { issueNumber }: Pick<CommentEvent, "issueNumber">, { key, answer }: { readonly key: string; readonly answer: CommandAnswer }): Promise<void> {
  const marker = `<!-- worktrain:answer issue-${issueNumber} ${key} -->`;
  const body = commandAnswer(marker, answer);
  if (body === null) return;
  await tools.effects.apply(commentEffect({ github: place.github, repository: place.repository, issueNumber, author: tools.author }, { marker, body }));
}
