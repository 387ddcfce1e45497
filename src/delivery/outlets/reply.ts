/**
 * An answer in a conversation on our pull request.
 *
 * I2. It is looked for first. That it cannot be given is no failure of the delivery, which stands on the pull request.
 */
import { readConversations } from "../../github/read/index.ts";
import { replyToComment } from "../../github/write/index.ts";
import { hasAnswerMark } from "../../record/answer-mark.ts";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import { ok } from "../../shared/result.ts";
import { effectKey } from "../intents.ts";
import { applyEffect, type Outlet } from "./outlet.ts";

export const replyOutlet: Outlet<"reply"> = {
  async apply({ place, pullNumber, commentId, after, body }, { github, repository, runner, ticket, applied, conversations }) {
    const commit = applied.get("branch")?.id;
    const [mark = ""] = body.split("\n", 1);
    const text = commit === undefined ? body : `${body}\n\nCommit ${commit}`;
    let { shown } = conversations;
    try {
      return await applyEffect(runner, {
        key: effectKey("reply", ticket.key, place),
        description: `answer to comment ${commentId} of pull request ${pullNumber}`,
        async lookUp() {
          const all = shown ?? (await readConversations(github, repository, pullNumber));
          conversations.shown = all;
          // After a write whose outcome is not known they are asked for anew.
          shown = undefined;
          const conversation = all.find(({ rootId }) => rootId === commentId);
          // Whoever resolved it, or took it away, wants nothing more said there.
          if (conversation === undefined) return { id: String(commentId), url: null };
          const ours = conversation.comments.find(({ id, own, body: said }) => own && (said.startsWith(mark) || (id > after && isSame(said, text))));
          return ours === undefined ? null : { id: String(ours.id), url: null };
        },
        write: () => replyToComment(github, repository, { pullNumber, commentId, body: text }),
      });
    } catch (error) {
      if (!(error instanceof TerminalError || error instanceof RetryableError)) throw error;
      return ok({ id: "", url: null, adopted: false, declined: `A conversation could not be answered: ${error.message}` });
    }
  },
};

/** An earlier run of the item may have said it, and broken off before the rest (fault 56): whichever it was, it stands there. */
const isSame = (said: string, text: string): boolean => hasAnswerMark(said) && wordsOf(said) === wordsOf(text);

const wordsOf = (body: string): string => body.replaceAll("\r\n", "\n").split("\n").slice(1).join("\n").trim();
