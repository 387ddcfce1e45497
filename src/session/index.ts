export { createSession, openSession, readSession, type SessionInit } from "./open.ts";
export { type ChildAnswer, childInit, childResult, childSessionId, type Pending, pendingOf } from "./pending.ts";
export type { ConflictRefusal, LiveState, Session, SessionDeps, SubmitOptions, SubmitRefusal, SubmitResult, VerificationResult } from "./session.ts";
