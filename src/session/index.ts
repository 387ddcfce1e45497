export { createSession, openSession, readSession, type SessionInit } from "./open.ts";
export type { ConflictRefusal, LiveState, Session, SessionDeps, SubmitRefusal, SubmitResult, VerificationResult } from "./session.ts";
