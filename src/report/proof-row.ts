import type { SessionView } from "./session-view.ts";

/** Who vouches for a line. The agent job's word is a claim: it ran what the model wrote. `this report`: found by reading the log again. */
export type Attester = "GitHub" | "deliver job" | "agent job" | "this report";

/** Where something was checked: a session, and the version of the workflow and of its compiled plan that it was pinned to. */
export type ProofSession = Pick<SessionView, "sessionId" | "workflow" | "plan">;

export interface ProofRow {
  /** What kind of check it is, as the record names it. */
  readonly gate: string;
  readonly check: string;
  /** `holds`, `fails`, or `unknown`: not checked, which is never green. */
  readonly result: "holds" | "fails" | "unknown";
  /** Markdown, one line. */
  readonly detail: string;
  readonly attestedBy: Attester;
  readonly session?: ProofSession;
}
