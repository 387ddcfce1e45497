/** Who vouches for a line. The agent job's word is a claim: it ran what the model wrote. `this report`: found by reading the log again. */
export type Attester = "GitHub" | "deliver job" | "agent job" | "this report";

export interface ProofRow {
  readonly check: string;
  /** `holds`, `fails`, or `unknown`: not checked, which is never green. */
  readonly result: "holds" | "fails" | "unknown";
  /** Markdown, one line. */
  readonly detail: string;
  readonly attestedBy: Attester;
}
