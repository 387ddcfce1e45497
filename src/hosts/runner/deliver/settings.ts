import type { SegmentStore } from "../../../journal/index.ts";
import type { Clock, Fetch, FileSystem } from "../../../shared/ports.ts";
import type { Report } from "../../../report/index.ts";
import type { JobSettings } from "../settings.ts";

/** What the deliver job knows when it starts; all else it asks of GitHub. */
export type DeliverSettings = Pick<
  JobSettings,
  "owner" | "repo" | "repositoryId" | "runId" | "runAttempt" | "apiUrl" | "graphqlUrl" | "workflowRef" | "runnerTemp" | "key" | "item" | "ticket" | "segments" | "verifyResult" | "verified" | "publicKey" | "token" | "exchange" | "staged"
>;

export interface DeliverPorts {
  readonly clock: Clock;
  readonly fs: FileSystem;
  readonly fetch: Fetch;
  /** Where the deliver job's own part of the journal goes, and what else it leaves; null where there is no artifact store. */
  readonly segments: SegmentStore | null;
  readonly log: (line: string) => void;
  /** From now on the job's log shows stars in its place. */
  readonly mask: (secret: string) => void;
}

export interface DeliverResult {
  /** 0: delivered, or said why there is nothing to deliver. 1: refused, or failed. */
  readonly exitCode: 0 | 1;
  /** One line for the log's end. */
  readonly summary: string;
  /** The proof or the reason as Markdown, for the job's summary page; under 1 MiB. */
  readonly stepSummary: string;
  /** What the record tells, to be left beside the segments as a page; null where it is not trusted, or not read. */
  readonly report: Report | null;
}
