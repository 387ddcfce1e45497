/** The hidden first line of our answer to what somebody said in a conversation: what stands before it there has been dealt with. It counts only in what we wrote. */
const ANSWERED = "<!-- worktrain:answered ";

/** @param key of the run that answers */
export const answerMark = (key: string): string => `${ANSWERED}${key} -->`;

/** The hidden second line: up to which comment of the conversation it answers. What is said behind that while the run is at work is not dealt with. */
const UP_TO = "<!-- worktrain:answered-up-to ";

/** @param commentId the last one that the run was asked */
export const answeredUpTo = (commentId: number): string => `${UP_TO}${commentId} -->`;

/** The comment that an answer of ours names so; null where it names none, and answers what stands before it. */
export function readAnsweredUpTo(body: string): number | null {
  const [, id] = /^[^\n]*\n<!-- worktrain:answered-up-to (\d{1,15}) -->\r?\n/.exec(body) ?? [];
  return id === undefined ? null : Number(id);
}

/** Whether a comment begins with the mark of a run, whichever. */
export const hasAnswerMark = (body: string): boolean => /^<!-- worktrain:answered [0-9a-f]{16,64} -->\r?\n/.test(body);
