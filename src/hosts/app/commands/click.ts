/**
 * A command given by a click: a button of a check run, a box of the status comment. Neither leaves a trace that people see, so the App says
 * in a comment who clicked what; from there on that comment stands for the command, with its id as key (I2), its reactions and its answer.
 */
import { commentEffect, findComments } from "../../../github/write/index.ts";
import type { CommentEvent } from "../../../intake/index.ts";
import type { Refused } from "../starting/refusal.ts";
import type { Stage } from "../starting/stage.ts";
import type { AppTools, Workplace } from "../workplace.ts";

export interface Click {
  /** By which the comment about it is found again: the same click has the same one. */
  readonly key: string;
  /** What was clicked, behind the name of who did: "pressed **Approve**". */
  readonly words: string;
  /** Why it does not hold any more; null while it does, and where the comment's command was carried out already. Asked only of a person who may give it. */
  outdated(stage: Stage, commentId: number): Promise<Refused | null>;
}

/** The comment's id, and when the click was told: a delivery that comes once more is as old as the first. @throws TerminalError, RetryableError where it could not be written: then nothing is done either */
export async function tellClick(place: Workplace, tools: AppTools, { issueNumber, author, createdAt }: Pick<CommentEvent, "issueNumber" | "author" | "createdAt">, { key, words }: Click): Promise<Pick<CommentEvent, "commentId" | "createdAt">> {
  const marker = `<!-- worktrain:click issue-${issueNumber} ${key} by=${author.id} -->`;
  const body = `${marker}\n\n\`${author.login}\` ${words}.`;
  const target = { github: place.github, repository: place.repository, issueNumber, author: tools.author };
  const [told] = await findComments(target, marker);
  if (told !== undefined) return { commentId: told.id, createdAt: told.updatedAt };
  return { commentId: Number((await tools.effects.apply(commentEffect(target, { marker, body, seen: null }))).id), createdAt };
}
