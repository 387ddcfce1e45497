/** The hidden first line of our answer to what somebody said in a conversation: what stands before it there has been dealt with. It counts only in what we wrote. */
const ANSWERED = "<!-- worktrain:answered ";

/** @param key of the run that answers */
export const answerMark = (key: string): string => `${ANSWERED}${key} -->`;

/** Whether a comment begins with the mark of a run, whichever. */
export const hasAnswerMark = (body: string): boolean => /^<!-- worktrain:answered [0-9a-f]{16,64} -->\r?\n/.test(body);
