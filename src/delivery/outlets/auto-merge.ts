/**
 * GitHub's auto-merge for the reviewed commit, and for no other.
 *
 * I2. It is looked for first: what is armed or merged stays as it is. That GitHub does not take it is no failure of the delivery, which
 *     is complete without it: it is told in words, and a person merges.
 */
import { armAutoMerge, readAutoMerge, type AutoMergeShown } from "../../github/write/index.ts";
import { RetryableError, TerminalError } from "../../shared/errors.ts";
import { err, ok } from "../../shared/result.ts";
import { effectKey } from "../intents.ts";
import { applyEffect, type Outlet } from "./outlet.ts";

const NOT_DONE = { id: "", url: null };

export const autoMergeOutlet: Outlet<"auto-merge"> = {
  async apply({ method }, context) {
    const { github, repository, runner, ticket, applied } = context;
    const [head, pull] = [applied.get("branch"), applied.get("pull-request")];
    if (head === undefined || pull === undefined) return err({ kind: "no-commit", message: "There is no pull request of ours to merge.", fix: "Please report this with the run's log." });
    let shown: AutoMergeShown | null = null;
    let declined: string | null = null;
    try {
      const done = await applyEffect(runner, {
        key: effectKey("auto-merge", ticket.key),
        description: `auto-merge of pull request ${pull.id}`,
        async lookUp() {
          shown = await readAutoMerge(github, repository, Number(pull.id));
          const isDone = shown !== null && shown.headSha === head.id && ((shown.armed && shown.base === ticket.base.ref) || shown.state === "MERGED");
          return isDone ? { id: pull.id, url: pull.url } : null;
        },
        async write() {
          if (shown === null || shown.state !== "OPEN") declined = "The pull request is not open any more.";
          else if (shown.headSha !== head.id) declined = `The pull request's head moved on to ${shown.headSha}, which was not reviewed.`;
          else if (shown.base !== ticket.base.ref) declined = `The pull request is to be merged into ${shown.base} by now; it was reviewed for ${ticket.base.ref}.`;
          else declined = wordsOf(await armAutoMerge(github, { pullRequestId: shown.nodeId, method, expectedHeadOid: head.id }));
          return declined === null ? { id: pull.id, url: pull.url } : NOT_DONE;
        },
      });
      return done.ok && declined !== null ? ok({ ...done.value, declined }) : done;
    } catch (error) {
      if (!(error instanceof TerminalError || error instanceof RetryableError)) throw error;
      return ok({ ...NOT_DONE, adopted: false, declined: `GitHub's auto-merge could not be armed: ${error.message}` });
    }
  },
};

const wordsOf = (said: string | null): string | null =>
  said === null ? null : `GitHub does not arm auto-merge: "${said}". It takes it only where the repository allows it (Settings, General, Allow auto-merge) and something is left to wait for, such as a required check. A person merges.`;
