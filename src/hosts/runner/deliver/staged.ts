/** Shows what a delivery would publish and publishes nothing: on the job's page, and whole as an artifact. */
import type { Change, Intent } from "../../../delivery/index.ts";
import { stagedPreview } from "../../../delivery/text/staged.ts";
import type { Repository } from "../../../github/client.ts";
import { formatKeptName, parseItemId } from "../../../record/index.ts";
import type { Report } from "../../../report/index.ts";
import type { Job } from "./job.ts";
import { keepPatch } from "./keep-patch.ts";
import type { DeliverResult } from "./settings.ts";
import { stagedSummary } from "./step-summary.ts";

export interface Stage {
  readonly intents: readonly Intent[];
  readonly report: Report | null;
  /** What would be on the branch, and where it would be. */
  readonly change?: { readonly change: Change; readonly repository: Repository } | undefined;
  /** Why nothing but words would be published; null where it would. */
  readonly refusal?: string | undefined;
}

export async function showStaged(job: Job, { intents, report, change, refusal }: Stage): Promise<DeliverResult> {
  const kept = change === undefined ? null : await keepPatch(job, change.repository, change.change);
  const preview = stagedPreview(intents, kept);
  return stagedSummary({ preview, report, refusal, page: await keepPreview(job, preview) });
}

async function keepPreview({ settings, ports, admitted }: Job, preview: string): Promise<string | null> {
  const item = parseItemId(settings.item);
  if (ports.segments === null || item === null) return null;
  try {
    const { id } = await ports.segments.put(formatKeptName({ item, runId: settings.runId, what: "staged" }), Buffer.from(`${preview}\n`));
    return `${admitted.run.htmlUrl}/artifacts/${id}`;
  } catch (error) {
    ports.log(`The preview could not be left as an artifact: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}
