/** How the branches are called that work items deliver on. Who pushed to one is another question: anybody who may write can take the name. */

/** The part of a work item's name that its branch is called by. */
export interface BranchOwner {
  /** `issue-12` */
  readonly subject: string;
  readonly attempt: number;
}

/** `worktrain/issue-12-1`: the branch of an item's attempt. */
export const ownBranch = ({ subject, attempt }: BranchOwner): string => `worktrain/${subject}-${attempt}`;

/** The same of an issue's attempt. */
export const branchOfIssue = ({ issueNumber, attempt }: OwnBranch): string => ownBranch({ subject: `issue-${issueNumber}`, attempt });

export interface OwnBranch {
  readonly issueNumber: number;
  readonly attempt: number;
}

/** Whose branch it would be by its name; null for any other. A review makes no branch. */
export function parseOwnBranch(branch: string): OwnBranch | null {
  const [, issue, attempt] = /^worktrain\/issue-([1-9]\d{0,9})-([1-9]\d{0,5})$/.exec(branch) ?? [];
  return issue === undefined || attempt === undefined ? null : { issueNumber: Number(issue), attempt: Number(attempt) };
}
