/**
 * Leaves a job's report as one HTML page among the run's artifacts, kept as long as the segments beside it. Nothing hangs on it: the record is
 * saved and the job's outputs are written before, and a page that cannot be stored is a line in the log.
 */
import { join } from "node:path";
import type { ArtifactClient } from "../../journal/index.ts";
import { formatReportName, parseItemId } from "../../record/index.ts";
import { reportPage, type Report } from "../../report/index.ts";
import type { Clock, FileSystem } from "../../shared/ports.ts";
import type { JobSettings } from "./settings.ts";

export interface ReportPorts {
  readonly client: Pick<ArtifactClient, "uploadFile">;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

/** The artifact client asks again for minutes; a page is not worth a job's time. */
const PATIENCE_MS = 60_000;

/** @param report redacted. @returns where the page can be read; null when it could not be stored. Does not throw */
export async function leaveReport(job: Pick<JobSettings, "item" | "runId" | "runAttempt" | "job" | "runnerTemp" | "serverUrl" | "owner" | "repo">, report: Report, { client, fs, clock, log }: ReportPorts): Promise<string | null> {
  const waiting = new AbortController();
  let path: string | null = null;
  try {
    const item = parseItemId(job.item);
    if (item === null) return null;
    const directory = join(job.runnerTemp, "worktrain-report");
    path = join(directory, formatReportName({ item, runId: job.runId, runAttempt: job.runAttempt, job: job.job }));
    fs.makeDirectory(directory);
    fs.writeDurably(path, Buffer.from(reportPage(report)));
    const stored = await Promise.race([client.uploadFile(path), clock.sleep(PATIENCE_MS, waiting.signal).then(() => null)]);
    if (stored === null) throw new Error(`it was not stored within ${PATIENCE_MS / 1000} s`);
    return `${job.serverUrl}/${job.owner}/${job.repo}/actions/runs/${job.runId}/artifacts/${stored.id}`;
  } catch (error) {
    log(`The report could not be left as an artifact: ${error instanceof Error ? error.message : String(error)} \`worktrain report\` makes it from the run's record.`);
    return null;
  } finally {
    waiting.abort();
    if (path !== null) remove(path, fs);
  }
}

/** The runner throws its directory away in any case. */
function remove(path: string, fs: FileSystem): void {
  try {
    fs.remove(path);
  } catch {
    // Left where it is.
  }
}
