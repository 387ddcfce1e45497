/** What the record tells when the agent job ends. Loaded only then: a refused run has nothing to tell. */
import { plain, readItemReport, reportMarkdown, type Report } from "../../../report/index.ts";
import { redactJson } from "../../../shared/redact.ts";
import type { RunRecord } from "./ports.ts";

export interface JobReport {
  readonly report: Report;
  /** As Markdown, where no deliver job will give it. */
  readonly stepSummary?: string;
}

/** @param unfinished the job's last word, where the item goes on in a later run. @returns null when there is nothing to tell */
export async function jobReport({ journal, redact }: RunRecord, itemId: string, unfinished: string | null): Promise<JobReport | null> {
  // The journal is redacted; what was read of it may still hold a secret that stands across two values of it.
  const report = redactJson(redact, await readItemReport(journal, itemId)) as Report;
  if (report.lines === 0) return null;
  return { report, ...(unfinished === null ? {} : { stepSummary: reportMarkdown(report, `### ⚠️ This run ended before the work did\n\n**${plain(report.title)}**\n\n${plain(unfinished)}`) }) };
}
