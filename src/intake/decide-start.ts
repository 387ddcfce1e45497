/** What a label set by somebody who may start work comes to. Pure: decided from what GitHub's API says now (P-webhook-order, fault 27). */
import type { Config } from "../config/index.ts";
import { STOP_LABEL, type IssueFacts, type RepositoryFacts } from "../github/read/index.ts";
import { taskDigest, withGoal, type RunWish } from "../github/trust/index.ts";
import type { Refusal } from "../shared/errors.ts";
import type { Fault } from "../shared/fault.ts";
import type { Result } from "../shared/result.ts";
import { thenAgainBy, type Asking } from "./asked-again.ts";
import { dispatchKey } from "./dispatch-key.ts";
import type { LabeledEvent } from "./labeled-event.ts";

/** The configuration on the default branch: read, faulty, or not there. */
export type ConfigState = Result<Config, readonly Fault[]> | "missing";

/** The latest attempt on the issue, from our own status comment and the state of its run. */
export interface PriorAttempt {
  readonly attempt: number;
  /** How often it was taken up again. */
  readonly continuation: number;
  /** Of its last dispatch; null when there was none. */
  readonly key: string | null;
  /** `unstarted`: refused, or the App stopped before it dispatched. `interrupted`: its run is over, its work is not. */
  readonly state: "unstarted" | "running" | "concluded" | "interrupted";
  /** When its last dispatch was asked for: the label was set, or the command written. */
  readonly labelledAt: string;
  /** The comment whose command asked for the last dispatch; absent where a label did. */
  readonly commentId?: number | undefined;
  /** What it was asked for with, beside the issue's text. */
  readonly wish?: RunWish | undefined;
  /** Of a review: the commit it was about, where that is known. */
  readonly headSha?: string | undefined;
}

export interface StartFacts {
  readonly repository: RepositoryFacts;
  readonly config: ConfigState;
  readonly issue: IssueFacts | null;
  readonly prior: PriorAttempt | null;
  /** Text of the workflow file on the default branch. */
  readonly workflowText: string | null;
  /** Head of the default branch. */
  readonly baseSha: string | null;
  /** An open issue or pull request whose label stops all work. */
  readonly stoppedBy: number | null;
  /** What asks: a refusal says how to do that again. Default: the label. */
  readonly asked?: Asking;
  /** Nobody set the label anew: the App goes on with an interrupted attempt by itself. */
  readonly unasked?: boolean;
  /** What is asked for beside the issue's text. */
  readonly wish?: RunWish | undefined;
  /** A review of a pull request: `issue` tells of it, and this commit is looked at. `again`: also where it was looked at before. */
  readonly review?: ReviewWish;
}

export interface ReviewWish {
  readonly headSha: string;
  /** The label has to be there; else every pull request is reviewed. */
  readonly labelled: boolean;
  /** Asked for by somebody: a head that was reviewed is reviewed once more. */
  readonly again: boolean;
  /** The review with this key is to be made once more, and no later one: by it a repeated delivery is known. */
  readonly instead?: string | undefined;
}

export type StartRefusal = Refusal<"repository-archived" | "switched-off" | "config-missing" | "config-faulty" | "workflow-missing" | "workflow-unfinished" | "workflow-foreign" | "repository-empty"> & {
  /** One line each; may be empty. */
  readonly details: readonly string[];
};

export type StartDecision =
  | { readonly kind: "ignore"; readonly reason: "issue-gone" | "issue-closed" | "locked" | "label-gone" | "pull-request" | "text-changed" | "already-handled" | "already-running" }
  | {
      readonly kind: "refuse";
      readonly attempt: number;
      /** Above 0 where an attempt that was interrupted would be gone on with: it still waits for that. */
      readonly continuation: number;
      /** By which such an attempt is known to be on the same text later; null where nothing was dispatched yet. */
      readonly key: string | null;
      readonly refusal: StartRefusal;
      /** What it will be asked for with when it is asked for again. */
      readonly wish: RunWish | undefined;
    }
  | {
      readonly kind: "start";
      readonly attempt: number;
      readonly continuation: number;
      readonly key: string;
      readonly textSha256: string;
      /** What the attempt was asked for with, now or when it began. */
      readonly wish: RunWish | undefined;
      readonly config: Config;
      readonly baseSha: string;
    };

export const WORKFLOW_FILE = "worktrain.yml";
export const WORKFLOW_PATH = `.github/workflows/${WORKFLOW_FILE}`;
/** Where there is no App: what hears events and dispatches the file above. */
export const INTAKE_WORKFLOW_FILE = "worktrain-intake.yml";

/** The label used while there is no valid configuration to name one. */
export const DEFAULT_LABEL = "worktrain:ready";

/** Whether the label is the one that starts work; names of labels are compared as GitHub does, without case. */
export function isStartLabel(label: string, config: ConfigState): boolean {
  const wanted = config !== "missing" && config.ok ? config.value.label : DEFAULT_LABEL;
  return label.toLowerCase() === wanted.toLowerCase();
}

export function decideStart(event: LabeledEvent, facts: StartFacts): StartDecision {
  const { issue, prior } = facts;
  if (issue === null) return { kind: "ignore", reason: "issue-gone" };
  if (issue.isPullRequest) return { kind: "ignore", reason: "pull-request" };
  if (!issue.open) return { kind: "ignore", reason: "issue-closed" };
  // GitHub takes no new comment of an App there, so nothing could be told (I4); of what was begun the status comment is there, and is edited.
  if (issue.locked && facts.unasked !== true) return { kind: "ignore", reason: "locked" };
  const { review } = facts;
  if (review?.labelled !== false && !issue.labels.some((label) => label.toLowerCase() === event.label.toLowerCase())) return { kind: "ignore", reason: "label-gone" };
  if (prior?.state === "running") return { kind: "ignore", reason: "already-running" };
  const wishFor = (own: RunWish | undefined): Wish => ({ repositoryId: facts.repository.id, issueNumber: event.issueNumber, ...taskOf(event.task, own), ...(review === undefined ? {} : { headSha: review.headSha }) });
  const kept = facts.wish ?? (prior?.state === "interrupted" || prior?.state === "unstarted" || (prior !== null && prior.continuation > 0) ? prior?.wish : undefined);
  const turn = nextTurn(prior, wishFor(kept));
  // A new attempt is asked for with what is said now alone.
  const own = turn.attempt === prior?.attempt ? kept : facts.wish;
  const wish = wishFor(own);
  if (facts.unasked !== true && isHandled(event, { prior, wish, review })) return { kind: "ignore", reason: "already-handled" };
  // What was labelled is the old text; the new one nobody asked for.
  if (facts.unasked === true && turn.attempt !== prior?.attempt) return { kind: "ignore", reason: "text-changed" };
  const ready = preconditions(facts);
  if (ready.kind === "refuse") return { kind: "refuse", ...turn, key: turn.continuation === 0 ? null : wishKey(wish, turn), refusal: ready.refusal, wish: own };
  return { kind: "start", ...turn, key: wishKey(wish, turn), textSha256: wish.textSha256, wish: own, config: ready.config, baseSha: ready.baseSha };
}

/**
 * A delivery that is not newer than the one that made the last attempt is a repeat of it, or older (faults 25, 27; replay). A head is read
 * when the delivery is dealt with, so one that no attempt was about is new whatever brought it.
 */
function isHandled(event: LabeledEvent, { prior, wish, review }: { readonly prior: PriorAttempt | null; readonly wish: Wish; readonly review: ReviewWish | undefined }): boolean {
  if (prior?.state !== "concluded" && prior?.state !== "interrupted") return false;
  if (review?.instead !== undefined) return prior.key !== review.instead;
  const isOlder = Date.parse(event.labelledAt) <= Date.parse(prior.labelledAt);
  if (review === undefined) return isOlder;
  const isSameHead = prior.headSha === undefined ? isSameText(prior, wish) : prior.headSha === review.headSha;
  return isSameHead && (isOlder || !review.again);
}

export interface Wish {
  readonly repositoryId: number;
  readonly issueNumber: number;
  /** Of the issue's text with the goal, if there is one. */
  readonly textSha256: string;
  readonly workflow?: string;
  readonly plan?: true;
  /** The commit of a pull request that is to be reviewed; another one is another wish. */
  readonly headSha?: string;
}

export interface Turn {
  readonly attempt: number;
  readonly continuation: number;
}

/** @param commentId of the command that asked; absent where a label did, or nobody */
export const wishKey = ({ repositoryId, issueNumber, textSha256, workflow, plan, headSha }: Wish, { attempt, continuation }: Turn, commentId?: number): string => {
  if (headSha !== undefined) return dispatchKey({ kind: "pull_request.labeled", headSha, repositoryId, subject: `pr-${issueNumber}`, textSha256, attempt, continuation });
  const asked = commentId === undefined ? { kind: "issues.labeled" as const } : { kind: "issue_comment" as const, commentId };
  return dispatchKey({ ...asked, ...(workflow === undefined ? {} : { workflow }), ...(plan === undefined ? {} : { plan }), repositoryId, subject: `issue-${issueNumber}`, textSha256, attempt, continuation });
};

/** What of a wish the text and `run` decide. */
export const taskOf = (task: { readonly title: string; readonly body: string }, own: RunWish | undefined): Pick<Wish, "textSha256" | "workflow" | "plan"> => ({ textSha256: taskDigest(withGoal(task, own?.goal)), ...(own?.workflow === undefined ? {} : { workflow: own.workflow }), ...(own?.plan === undefined ? {} : { plan: own.plan }) });

/** Whether an attempt works on the text as it is now: only then can it be gone on with. */
export const isSameText = (prior: PriorAttempt, wish: Wish): boolean => prior.key === wishKey(wish, prior, prior.commentId);

/** An interrupted attempt is taken up again, unless the task's text has changed since: its work answers another text. */
function nextTurn(prior: PriorAttempt | null, wish: Wish): Turn {
  if (prior === null) return { attempt: 1, continuation: 0 };
  const { attempt, continuation } = prior;
  if (prior.state === "running" || (prior.state === "unstarted" && (continuation === 0 || isSameText(prior, wish)))) return { attempt, continuation };
  if (prior.state === "interrupted" && isSameText(prior, wish)) return { attempt, continuation: continuation + 1 };
  return { attempt: attempt + 1, continuation: 0 };
}

const withoutComments = (yaml: string): string => yaml.replaceAll(/^\s*#.*$/gm, "");

/** Whether a workflow file can be WorkTrain's, however a team has changed it: it is started by `workflow_dispatch`, with a ticket. */
export const takesTickets = (workflowText: string): boolean => ["workflow_dispatch", "ticket"].every((word) => new RegExp(`\\b${word}\\b`).test(withoutComments(workflowText)));

type Preconditions = { readonly kind: "ready"; readonly config: Config; readonly baseSha: string } | { readonly kind: "refuse"; readonly refusal: StartRefusal };

/** What must be there before anything can run. */
export function preconditions({ repository, config, workflowText, baseSha, stoppedBy, asked }: Pick<StartFacts, "repository" | "config" | "workflowText" | "baseSha" | "stoppedBy" | "asked">): Preconditions {
  const then = thenAgainBy(asked ?? "label");
  const branch = `\`${repository.defaultBranch}\``;
  if (repository.archived) return refuse("repository-archived", "The repository is archived.", "Unarchive it in its settings.");
  if (stoppedBy !== null) return refuse("switched-off", `The label \`${STOP_LABEL}\` on #${stoppedBy} stops all work of WorkTrain in this repository.`, `Take it off #${stoppedBy} when work may go on. ${then}`);
  if (config === "missing") {
    return refuse("config-missing", `There is no .github/worktrain.yml on the default branch.`, `Add the file \`.github/worktrain.yml\` to ${branch}; an empty one means all defaults. ${then}`);
  }
  if (!config.ok) {
    const details = config.error.map((fault) => `${fault.file}:${fault.line}:${fault.column} ${fault.message} ${fault.fix}`);
    return refuse("config-faulty", "The configuration .github/worktrain.yml on the default branch is not valid.", `Mend the file on ${branch}. ${then}`, details);
  }
  if (!config.value.enabled) return refuse("switched-off", "`enabled: false` in .github/worktrain.yml stops all work of WorkTrain in this repository.", `Take it out on ${branch} when work may go on. ${then}`);
  if (workflowText === null) {
    return refuse("workflow-missing", `There is no ${WORKFLOW_PATH} on the default branch.`, `Copy WorkTrain's \`templates/worktrain.yml\` to \`${WORKFLOW_PATH}\` on ${branch} and fill in its two placeholders. ${then}`);
  }
  if (/__(?:ACTION|PUBLIC_KEY)__/.test(withoutComments(workflowText))) {
    return refuse("workflow-unfinished", `${WORKFLOW_PATH} still has the placeholders of the template.`, `Fill in the action and the public key that the App's page shows. ${then}`);
  }
  if (!takesTickets(workflowText)) {
    return refuse("workflow-foreign", `${WORKFLOW_PATH} on the default branch is not WorkTrain's: nothing in it takes the ticket that a run is dispatched with.`, `Give that workflow another file name, and add WorkTrain's \`templates/worktrain.yml\` as \`${WORKFLOW_PATH}\` on ${branch}. ${then}`);
  }
  if (baseSha === null) return refuse("repository-empty", "The default branch has no commit.", `Push a first commit to ${branch}. ${then}`);
  return { kind: "ready", config: config.value, baseSha };
}

function refuse(kind: StartRefusal["kind"], message: string, fix: string, details: readonly string[] = []): Preconditions {
  return { kind: "refuse", refusal: { kind, message, fix, details } };
}
