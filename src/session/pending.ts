import type { ChildRequest, SessionOutcome, StepOutput } from "../record/index.ts";

/** What a waiting session waits for. The host answers: `resume` runs a verification, `finishChild` hands in a child's end. */
export type Pending = { readonly kind: "verification"; readonly id: string; readonly command: string } | ({ readonly kind: "child"; readonly id: string; readonly sessionId: string } & Omit<ChildRequest, "childId">);

/** How a child of a parallel step ended. `childResult` reads it from the child's own session. */
export interface ChildAnswer {
  /** The `id` of the pending child. */
  readonly childId: string;
  /** Null when no session could be started. */
  readonly sessionId: string | null;
  readonly outcome: SessionOutcome;
  /** Notes of its last step, or why it did not run. */
  readonly summary: string;
  readonly artifacts: StepOutput["artifacts"];
}
