export { answerSchema, answerText, type Answer, type NextWords } from "./answer.ts";
export { refusal } from "./answer-of.ts";
export type { FindPlan } from "./children.ts";
export { rootOf, sessionFiles, type SessionCard } from "./session-files.ts";
export { StoredSessions, type Address, type GateVerdict, type Input, type StartRequest, type StoredSessionsDeps } from "./stored-sessions.ts";
export { createVerifier, type Verify, type VerifierOptions } from "./verifier.ts";
export { sentOutputSchema, type SentOutput } from "./sent-output.ts";
