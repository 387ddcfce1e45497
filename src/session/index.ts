export { asRecorded } from "./as-recorded.ts";
export { childPlansOf, delegatedBy } from "./child-plans.ts";
export { type ChildHost, couldNotStart, createChildInit, foundBy, MAX_LEVELS, type PendingChild, tooDeep } from "./delegation.ts";
export type { SessionInit } from "./init.ts";
export { createSession, openSession, readSession } from "./open.ts";
export { OUTPUT_TAIL_BYTES, tail } from "./output-tail.ts";
export { type ChildAnswer, childContext, childInit, childSessionId, childResult, type Pending } from "./pending.ts";
export type { ConflictRefusal, LiveState, Session, SessionDeps, SubmitOptions, SubmitRefusal, SubmitResult, VerificationResult } from "./session.ts";
