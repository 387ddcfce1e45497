import type { Conclusion } from "../github/actions-port.ts";
import type { LogLevel } from "./job-log.ts";

export type JobResult = Extract<Conclusion, "success" | "failure" | "cancelled" | "skipped">;

/** What happens in the local GitHub Actions, in order. Texts are masked as GitHub masks its logs. */
export type LocalActionsEvent =
  | { readonly kind: "run-queued"; readonly runId: number; readonly name: string }
  | { readonly kind: "run-started"; readonly runId: number; readonly name: string }
  /** `problem` says why a run could not start, or what broke while it was played. */
  | { readonly kind: "run-finished"; readonly runId: number; readonly conclusion: Conclusion; readonly problem: string | null }
  | { readonly kind: "job-started"; readonly runId: number; readonly jobId: number; readonly job: string; readonly directory: string }
  | { readonly kind: "job-finished"; readonly runId: number; readonly jobId: number; readonly job: string; readonly conclusion: JobResult }
  | { readonly kind: "step-started"; readonly runId: number; readonly job: string; readonly step: string }
  /** `summary` is the step's job summary as Markdown, null when it wrote none. */
  | { readonly kind: "step-finished"; readonly runId: number; readonly job: string; readonly step: string; readonly conclusion: JobResult; readonly summary: string | null }
  | { readonly kind: "log"; readonly runId: number; readonly job: string; readonly step: string; readonly level: LogLevel; readonly text: string };
