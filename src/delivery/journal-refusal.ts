import type { Refusal } from "../shared/errors.ts";

export type JournalRefusal = Refusal<"not-ended" | "foreign-journal" | "session-mismatch" | "not-completed" | "review-not-clean" | "unvouched-approval">;

const DISTRUST = "The journal is not what this run should have written. Nothing is published. Label the issue again for a new attempt.";

export const refusal = (kind: JournalRefusal["kind"], message: string): JournalRefusal => ({ kind, message, fix: DISTRUST });
export const foreign = (message: string) => refusal("foreign-journal", message);
