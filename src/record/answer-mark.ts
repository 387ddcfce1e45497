/** The hidden first line of our answer to what somebody said in a conversation: what stands before it there has been dealt with. It counts only in what a bot account wrote. */
export const ANSWER_MARK = "<!-- worktrain:answered ";
