/** Work that is asked for on an issue by something else than its label: the label is set then, so that taking it off takes the work back. */
import { readIssue, type IssueFacts } from "../../../github/read/index.ts";
import type { RunWish } from "../../../github/trust/index.ts";
import { labelEffect } from "../../../github/write/index.ts";
import type { ConfigState } from "../../../intake/index.ts";
import { RetryableError, TerminalError } from "../../../shared/errors.ts";
import type { AppTools, Workplace } from "../workplace.ts";

export type AskedOtherwise = { readonly kind: "issues.assigned"; readonly assignee: string } | { readonly kind: "issues.opened"; readonly command: "run" | "plan"; readonly wish: RunWish | undefined };

/** What GitHub shows of the issue. */
interface Place {
  readonly here: Workplace;
  readonly config: ConfigState;
  readonly issue: IssueFacts | null;
}

/** Whether the account is one that work is given to, and the issue is given to it still. I9: by the config of the default branch. An App is never one (P-assign). */
export async function isGiven(stage: Place, issueNumber: number, assignee: string): Promise<boolean> {
  return startsWork(stage, assignee) && (await givenTo(stage, issueNumber)).some((login) => isSame(login, assignee));
}

export const startsWork = ({ config }: Pick<Place, "config">, login: string): boolean => config !== "missing" && config.ok && config.value.start.assignees.some((each) => isSame(each, login));

export const givenTo = async ({ here }: Place, issueNumber: number): Promise<readonly string[]> => (await readIssue(here.github, here.repository, issueNumber))?.assignees ?? [];

/** GitHub compares logins without case. */
export const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** The issue as it is once the label is set. */
export const labelled = (issue: IssueFacts | null, label: string): IssueFacts | null => (issue === null || hasLabel(issue, label) ? issue : { ...issue, labels: [...issue.labels, label] });

export const hasLabel = ({ labels }: Pick<IssueFacts, "labels">, label: string): boolean => labels.some((each) => isSame(each, label));

/** @returns why GitHub does not take the label; null where it is there. Ours, by its own webhook, starts nothing: we are no person (attack 1) */
export async function setLabel({ here, issue }: Place, tools: AppTools, label: string): Promise<{ readonly message: string; readonly fix: string; readonly details: readonly string[] } | null> {
  if (issue === null || hasLabel(issue, label)) return null;
  try {
    await tools.effects.apply(labelEffect(here.github, here.repository, { issueNumber: issue.number, label }));
    return null;
  } catch (error) {
    if (!(error instanceof TerminalError || error instanceof RetryableError)) throw error;
    return { message: error.message, fix: error instanceof TerminalError ? error.fix : `GitHub has an outage or limits the App. Set the label \`${label}\` in a while.`, details: [] };
  }
}
