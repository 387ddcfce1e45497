/**
 * A finding that is gone: its conversation is answered, and resolved where it may be.
 *
 * I2. The answer is looked for first. That GitHub does not let it be resolved is no failure of the delivery: it was answered.
 */
import { readReviewThreads } from "../../github/read/index.ts";
import { replyToComment, resolveThread, type Confirmed } from "../../github/write/index.ts";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import { ok } from "../../shared/result.ts";
import { effectKey } from "../intents.ts";
import { GITHUB_ACTIONS } from "../names.ts";
import { FIXED_MARK } from "../reconcile.ts";
import { applyEffect, type Outlet } from "./outlet.ts";

const NOT_DONE = { id: "", url: null };

export const threadOutlet: Outlet<"thread"> = {
  async apply({ place, pullNumber, threadId, commentId, resolve, body }, context) {
    const { github, repository, runner, ticket, publisher } = context;
    const id = String(commentId);
    let answered: Confirmed | null = null;
    let declined: string | null = null;
    try {
      const done = await applyEffect(runner, {
        key: effectKey("thread", ticket.key, place),
        description: `answer to finding ${commentId} of pull request ${pullNumber}`,
        async lookUp() {
          const thread = (await readReviewThreads(github, repository, { number: pullNumber, botLogins: [publisher.botLogin, GITHUB_ACTIONS.botLogin] })).find((each) => each.id === threadId);
          // Whoever took the conversation away wants nothing more said there.
          if (thread === undefined) return { id, url: null };
          answered = thread.answers.some((answer) => answer.startsWith(FIXED_MARK)) ? { id, url: null } : null;
          return answered !== null && (!resolve || thread.resolved) ? answered : null;
        },
        async write() {
          answered ??= await replyToComment(github, repository, { pullNumber, commentId, body });
          declined = resolve ? await resolveThread(github, threadId) : null;
          return answered;
        },
      });
      return done.ok && declined !== null ? ok({ ...done.value, declined: `GitHub does not resolve the conversation: "${String(declined)}". It was answered.` }) : done;
    } catch (error) {
      if (!(error instanceof TerminalError || error instanceof RetryableError)) throw error;
      return ok({ ...NOT_DONE, adopted: false, declined: `The finding that is gone could not be answered: ${error.message}` });
    }
  },
};
