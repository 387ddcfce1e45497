/** Cuts an issue into the sub-issues that a person approved: each is made and linked once, whatever broke off before. */
import { publish, subIssueIntents, subIssueList, type Decision } from "../../../delivery/index.ts";
import type { DeliveryState } from "../../../github/read/index.ts";
import type { Reason } from "../../../record/index.ts";
import type { SubTask } from "../../../engine/pipeline/index.ts";
import type { ItemView } from "../../../report/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import { conclude, concludeFenced, orRefusal, publication, recordIntent, recordReport } from "./conclude.ts";
import type { Job } from "./job.ts";
import { liveConfig, readAuthority, readState } from "./live-state.ts";
import type { DeliveryRecord } from "./record.ts";
import { refusedOrWithdrawn } from "./refused-or-withdrawn.ts";
import type { DeliverResult } from "./settings.ts";
import { refusedSummary } from "./step-summary.ts";

export interface Cut {
  readonly view: ItemView;
  readonly reason: Reason;
  readonly pieces: readonly SubTask[];
  readonly decision: Decision;
  readonly state: DeliveryState;
}

export async function deliverSubIssues(job: Job, record: DeliveryRecord, { view, reason, pieces, decision, state }: Cut): Promise<DeliverResult> {
  const { github, admitted, redact } = job;
  const { ticket, run } = admitted;
  const config = liveConfig(state);
  const may = config.ok ? await readAuthority(github, ticket, { state, config: config.value, ask: "rest", followUps: view.followUps }) : config;
  if (!config.ok || !may.ok) return conclude(job, record, refusedOrWithdrawn(config.ok ? (may.ok ? NOBODY : may.error) : config.error, view), { decision, state });
  const stillMay = async (now: DeliveryState): Promise<Refusal | null> => {
    const authority = await readAuthority(github, ticket, { state: now, config: config.value, ask: "shown", followUps: view.followUps });
    return authority.ok ? null : authority.error;
  };
  const publishing = publication(job, record, { decision, state }, stillMay);
  const made: string[] = [];
  const intents = [recordIntent(decision, ticket), ...subIssueIntents({ ticket, pieces, runUrl: run.htmlUrl, redact })];
  if (job.settings.staged) return (await import("./staged.ts")).showStaged(job, { intents, report: await recordReport(job, record) });
  const published = await orRefusal(() =>
    publish(intents, {
      ...publishing,
      async confirm(event) {
        await publishing.confirm(event);
        if (event.kind === "effect_confirmed" && event.data.intent === "sub-issue") made.push(event.data.id);
      },
    }),
  );
  if (!published.ok && published.error.kind === "fenced") return concludeFenced(record, published.error, view);
  const now = await readState(github, admitted);
  if (!now.ok) return refusedSummary(published.ok ? now.error : published.error, { unsaid: now.error.message });
  const standing = { decision, state: now.value };
  if (!published.ok) return conclude(job, record, refusedOrWithdrawn(published.error, view), standing);
  return conclude(job, record, { kind: "said", reason, ending: "decomposed", view, decided: false, made: subIssueList(pieces, made) }, standing);
}

const NOBODY: Refusal = { kind: "not-allowed", message: "It is not known who may have this made.", fix: "Label the issue again." };
