export { replyToComment, resolveThread } from "./review-thread.ts";
export { armAutoMerge, readAutoMerge, type ArmWish, type AutoMergeShown } from "./auto-merge.ts";
export { commentEffect, editComment, findComments, fitComment, isWrittenBy, MAX_COMMENT_CHARS, removeComment, type CommentAuthor, type CommentTarget, type OwnComment } from "./comment.ts";
export { dispatchEffect, type Dispatch } from "./dispatch.ts";
export { createEffectRunner, type AppliedEffect, type EffectRunner, type EffectRunnerPorts } from "./effect-runner.ts";
export { lookedUp, type Confirmed, type Effect } from "./effect.ts";
export { githubGitData } from "./git-data.ts";
export { commentReactionEffect, issueReactionEffect } from "./reaction.ts";
export { createCommit, moveRefsInOrder, updateRefs, type Moved, type RefMove } from "./refs.ts";
