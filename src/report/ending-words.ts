import type { EndingCode } from "../record/index.ts";

/**
 * How the work goes on behind an ending. `resume`: the attempt waits, and goes on in place. `retry`: it has stopped; a person may go back in it to
 * before a phase, or begin a new one. `anew`: only a new attempt does more. `none`: nothing is left to do in it.
 */
export type After = "resume" | "retry" | "anew" | "none";

export interface EndingWords {
  readonly after: After;
  /** Ends "WorkTrain ...". */
  readonly headline: string;
  readonly meaning: string;
  readonly next: string;
}

const LABEL_AGAIN = "remove the label and add it again";
const RETRY = "write `/worktrain retry` in a new comment";
const GO_ON = "To go on from what is saved, write `/worktrain resume` in a new comment, or remove the label and add it again";

/** How each ending reads: what happened, and what a person can do next. */
export const ENDING_WORDS: Readonly<Record<EndingCode, EndingWords>> = {
  ready: { after: "none", headline: "finished the work", meaning: "The change is made, checked and reviewed.", next: "Review the pull request." },
  undeliverable: {
    after: "anew",
    headline: "did work that cannot be delivered",
    meaning: "The repository is another than the work was made for, or the record of the work does not hold. Nothing was published.",
    next: `The comment of this run says why. To have it done from the present state, ${LABEL_AGAIN}: that is a new attempt.`,
  },
  "nothing-to-do": {
    after: "anew",
    headline: "found nothing to do",
    meaning: "The agent completed its steps and changed no file.",
    next: `If something is missing, say in the issue what, then ${LABEL_AGAIN}.`,
  },
  "not-completed": {
    after: "retry",
    headline: "stopped: the agent did not complete its step",
    meaning: "The model ended its turn without handing over what the step asks for, or went round in circles after it was told so. Nothing was published.",
    next: `To have that phase done once more, ${RETRY}. Or make the issue more precise, then ${LABEL_AGAIN}.`,
  },
  blocked: {
    after: "retry",
    headline: "stopped: a step could not be completed",
    meaning: "What the agent handed over did not meet the step's requirements. Nothing was published.",
    next: `The run's log names them. Where the issue is not to blame, mend the cause and ${RETRY}. Else make the issue more precise, then ${LABEL_AGAIN}.`,
  },
  "tests-red": {
    after: "retry",
    headline: "stopped: the tests stay red",
    meaning: "The test command fails on the change. Nothing was published.",
    next: `Look at the output in the run's log. Where the tests need set-up in the workflow file, mend that and ${RETRY}. Where the tests or the issue are wrong, mend those, then ${LABEL_AGAIN}.`,
  },
  "review-blocking": {
    after: "retry",
    headline: "stopped: the review still has blocking findings",
    meaning: "After the last round of review there are findings open that must not be merged. Nothing was published.",
    next: `Read them in the run's summary. \`/worktrain retry fix\` in a new comment has the last fix made anew, \`/worktrain retry code\` the change itself. For more rounds raise \`review.maxRounds\`, or narrow the issue, then ${LABEL_AGAIN}.`,
  },
  "no-verdict": {
    after: "retry",
    headline: "stopped: a session left no result that counts",
    meaning: "What it has to hand over (a classification, a plan, a verdict) is missing or not valid, which never counts as passed. Nothing was published.",
    next: `The comment of this run names the phase and what is missing. To have it done once more, ${RETRY}; for a new attempt ${LABEL_AGAIN}.`,
  },
  "awaiting-approval": {
    after: "resume",
    headline: "waits for a person's approval",
    meaning: "The workflow has a gate that only a person opens. What was done is saved; nothing was published.",
    next: "The question stands in a comment of its own, and in the run's log. Write `/worktrain approve` in a new comment to let the work go on, or `/worktrain reject REASON` to send the step back with a reason. Write permission is needed.",
  },
  "needs-answer": {
    after: "retry",
    headline: "stopped: the agent needs something only a person can give",
    meaning: "It asked for data or an approval that it cannot get by itself. Nothing was published.",
    next: `The run's log and summary say what it asks for. Put the answer into the issue, then ${LABEL_AGAIN}.`,
  },
  completed: {
    after: "none",
    headline: "completed the workflow",
    meaning: "Every step was done and no file was changed, so there is nothing to publish. What was found is in the run's record.",
    next: "Read the summary of the run.",
  },
  budget: {
    after: "resume",
    headline: "stopped: the budget is used up",
    meaning: "Turns, tokens, cost, minutes or tool time reached the cap of `.github/worktrain.yml`. What was done is saved.",
    next: `Raise the cap under \`budget\`. ${GO_ON}.`,
  },
  "time-limit": {
    after: "resume",
    headline: "stopped: the job's time is up",
    meaning: "A job on GitHub may run for six hours; this one stopped before that. What was done is saved.",
    next: `${GO_ON}.`,
  },
  "model-refused": {
    after: "retry",
    headline: "stopped: the model declined the task",
    meaning: "The model's safety rules ended the conversation. Nothing was published.",
    next: `Reword the issue if it was misunderstood, then ${LABEL_AGAIN}. Or name another \`model\` in \`.github/worktrain.yml\` and ${RETRY}.`,
  },
  "model-unavailable": {
    after: "resume",
    headline: "stopped: the model could not be reached",
    meaning: "Its API did not answer for a while, or the answers broke off again and again. What was done is saved.",
    next: `Wait for the API. ${GO_ON}.`,
  },
  "model-rejected": {
    after: "resume",
    headline: "stopped: the model's API does not take the work",
    meaning: "It refused the request, or `model` in `.github/worktrain.yml` is none that it serves and WorkTrain has a price for. What was done is saved.",
    next: `See the run's log for which it is, and mend the model's name, or the address in \`anthropic-base-url\`. ${GO_ON}.`,
  },
  "no-key": {
    after: "resume",
    headline: "did not start: it has no key for the model",
    meaning: "The secret `ANTHROPIC_API_KEY` is empty or missing in the environment `worktrain-agent` of this repository, or the workflow file does not pass it on as `anthropic-api-key`. Nothing was spent, and what a person has answered to a gate counts for the next run.",
    next: "Set the secret `ANTHROPIC_API_KEY` in the environment `worktrain-agent`, not as a secret of the repository, then write `/worktrain resume` in a new comment.",
  },
  "key-rejected": {
    after: "resume",
    headline: "stopped: the model's API does not accept the key",
    meaning: "It answered that `ANTHROPIC_API_KEY` of the environment `worktrain-agent` is not valid (401), or that this key may not use the model (403). What was done is saved.",
    next: "Set a valid key as the secret `ANTHROPIC_API_KEY` in the environment `worktrain-agent`, or give the key's workspace access to the `model` of `.github/worktrain.yml`, then write `/worktrain resume` in a new comment. The run's log has the API's words.",
  },
  "model-spend-limit": {
    after: "resume",
    headline: "stopped: the spend limit of the model's account is reached",
    meaning: "The API takes no more work until the limit is raised or the month ends.",
    next: `Raise the limit in the Anthropic console. ${GO_ON}.`,
  },
  "no-sandbox": {
    after: "retry",
    headline: "did not start: the runner has no sandbox",
    meaning: "Tools run only inside bubblewrap, and it does not work on this runner. No model was called.",
    next: `Install bubblewrap on the runner and allow user namespaces, or ask for \`sandbox: weak\` in the workflow file. Then ${LABEL_AGAIN}.`,
  },
  "cannot-save": {
    after: "retry",
    headline: "did not start: its record could not be saved",
    meaning: "The artifact store refused the first segment, so nothing was spent.",
    next: `Free the artifact storage of the account or raise its quota, then ${LABEL_AGAIN}.`,
  },
  "bad-config": {
    after: "retry",
    headline: "did not start: the configuration is not valid",
    meaning: "`.github/worktrain.yml` or a workflow of `.worktrain/workflows/` on the default branch has faults.",
    next: `The run's log names them with line and column. Mend the file, then ${LABEL_AGAIN}.`,
  },
  "bad-ticket": {
    after: "retry",
    headline: "did not start: the run's ticket does not hold",
    meaning: "It is not signed with the key in the workflow file, is too old, or belongs to other work.",
    next: `Compare \`public-key\` in the workflow file with the App's page, then ${LABEL_AGAIN}.`,
  },
  cancelled: {
    after: "resume",
    headline: "was cancelled",
    meaning: "Somebody cancelled the run, stopped all work here, or took this work back while it went on. What was done is saved; nothing was published.",
    next: `${GO_ON}.`,
  },
  lost: {
    after: "resume",
    headline: "lost its run",
    meaning: "The run is over and left no word how it ended: a set-up step failed, the artifact store took nothing (quota), the runner was lost, or a rule of the organisation stopped it.",
    next: `See the run; where its log says that artifacts are refused, free artifact storage or raise its quota. ${GO_ON}.`,
  },
  "keeps-crashing": {
    after: "retry",
    headline: "stopped: its runs keep ending at the same place",
    meaning: "Three runs in a row ended without a word at the same place. It is not tried a fourth time; nothing was published.",
    next: `The reason names the place, the log of the agent job what ended it: most often memory or disk. Mend that and ${RETRY}: that phase is begun anew. Or make the issue smaller, then ${LABEL_AGAIN}: a new attempt starts from the beginning.`,
  },
  internal: {
    after: "resume",
    headline: "stopped by a fault of its own",
    meaning: "Something in WorkTrain failed. Nothing was published.",
    next: `The run's log has the details; please report them. ${GO_ON}.`,
  },
  unclear: {
    after: "retry",
    headline: "stopped: the task cannot be routed",
    meaning: "Its classification is incomplete or contradicts itself, its mode has nothing to run for it, or the workflow that was asked for is not there. Nothing was changed or published.",
    next: `Say in the issue what it is (a bug, a feature, a refactoring), how large, and what should be true afterwards, or name \`pipeline.mode\` in \`.github/worktrain.yml\`. Then ${LABEL_AGAIN}. To have the same text classified once more, ${RETRY}.`,
  },
  reported: {
    after: "retry",
    headline: "investigated the bug and stops with a report",
    meaning: "The cause is not sure enough, or the bug is too severe, to be mended without a person. Nothing was changed or published.",
    next: `Read the report in the run's summary. If its cause is right, say so in the issue with how to mend it, then ${LABEL_AGAIN}.`,
  },
  reviewed: {
    after: "anew",
    headline: "reviewed the pull request",
    meaning: "The change was read by reviewers who did not make it. Nothing of it was run or changed.",
    next: "Read the review and the check run on the commit. While the label is set, or with `review.pullRequests: all`, a push by somebody who can write is reviewed by itself; for any other head write `/worktrain review` in a new comment.",
  },
  duplicate: {
    after: "anew",
    headline: "skipped this: something has the work already",
    meaning: "A run on this issue, an open pull request that closes it, or work that was classified as the same. Nothing was changed or published.",
    next: `The comment of this run links it. To have this worked on nonetheless, close that one (or take its closing words out), or set \`pipeline: { duplicates: ignore }\` in \`.github/worktrain.yml\`. Then ${LABEL_AGAIN}.`,
  },
  "waiting-for-artifacts": {
    after: "resume",
    headline: "waits for what this repository requires first",
    meaning: "`pipeline.requires` in `.github/worktrain.yml` names what has to be there before there is work on a task. Nothing was changed or published.",
    next: "The comment of this run says what is missing. Bring it to the default branch, or set the label it names; then write `/worktrain resume` in a new comment, or remove the label and add it again.",
  },
  decomposed: {
    after: "none",
    headline: "cut the work into sub-issues",
    meaning: "The work is large, and a person approved how it is cut. Nothing was changed; the sub-issues carry the work from here on.",
    next: "The comment of this run lists them in the order in which they can be done. Label the first to have it worked on.",
  },
  "needs-private": {
    after: "none",
    headline: "did not start: this workflow is not run in a public repository",
    meaning: "Everybody can read the record of a public repository's runs, and this one would hold what an attacker could use before it is mended. No model was called.",
    next: "Run it on a clone of your own with `worktrain run --workflow ID`, where the record stays with you, or in a private repository.",
  },
  fenced: {
    after: "resume",
    headline: "did not publish: another run of this item was first",
    meaning: "While this run worked, another one delivered. What this one did is saved; nothing of it was published.",
    next: `Look at what the other run made. ${GO_ON}.`,
  },
};
