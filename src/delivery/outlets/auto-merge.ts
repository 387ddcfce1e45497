/**
 * GitHub's auto-merge for the reviewed commit, and for no other.
 *
 * I2. It is looked for first: what is armed or merged stays as it is. That GitHub does not take it is no failure of the delivery, which
 *     is complete without it: it is told in words, and a person merges.
 */
import { autoMergeEffect, type NotArmed } from "../../github/write/index.ts";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import { err, ok } from "../../shared/result.ts";
import { unreachable } from "../../shared/unreachable.ts";
import { effectKey } from "../intents.ts";
import { applyEffect, type Outlet } from "./outlet.ts";

const NOT_DONE = { id: "", url: null };

export const autoMergeOutlet: Outlet<"auto-merge"> = {
  async apply({ method }, context) {
    const { github, repository, runner, ticket, applied } = context;
    const [head, pull] = [applied.get("branch"), applied.get("pull-request")];
    if (head === undefined || pull === undefined) return err({ kind: "no-commit", message: "There is no pull request of ours to merge.", fix: "Please report this with the run's log." });
    try {
      const { effect, outcome } = autoMergeEffect(github, repository, { key: effectKey("auto-merge", ticket.key), pullNumber: Number(pull.id), headSha: head.id, base: ticket.base.ref, method });
      const done = await applyEffect(runner, effect);
      const { declined } = outcome();
      return done.ok ? ok(declined === null ? { ...done.value, url: pull.url } : { ...done.value, declined: wordsOf(declined, ticket.base.ref) }) : done;
    } catch (error) {
      if (!(error instanceof TerminalError || error instanceof RetryableError)) throw error;
      return ok({ ...NOT_DONE, adopted: false, declined: `GitHub's auto-merge could not be armed: ${error.message}` });
    }
  },
};

function wordsOf(declined: NotArmed, base: string): string {
  switch (declined.kind) {
    case "closed":
      return "The pull request is not open any more.";
    case "moved":
      return `The pull request's head moved on to ${declined.headSha}, which was not reviewed.`;
    case "rebased":
      return `The pull request is to be merged into ${declined.base} by now; it was reviewed for ${base}.`;
    case "disarmed-since":
      return "It was disarmed meanwhile.";
    case "refused":
      return `GitHub does not arm auto-merge: "${declined.words}". It takes it only where the repository allows it (Settings, General, Allow auto-merge) and something is left to wait for, such as a required check. A person merges.`;
    default:
      return unreachable(declined);
  }
}
