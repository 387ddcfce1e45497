/** Ends a delivery that published no change: a person reads why on the issue, the record keeps it. */
import { GITHUB_ACTIONS, publish, saidIntents, type Publication } from "../../../delivery/index.ts";
import type { GitHub } from "../../../github/client.ts";
import { createEffectRunner } from "../../../github/write/index.ts";
import type { EndingCode, Reason } from "../../../record/index.ts";
import { ENDING_WORDS } from "../../../report/ending-words.ts";
import type { ItemView } from "../../../report/index.ts";
import { RetryableError, TerminalError, type Refusal } from "../../../shared/errors.ts";
import type { Redact } from "../../../shared/redact.ts";
import { err, type Result } from "../../../shared/result.ts";
import type { Admitted } from "./admit.ts";
import type { DeliveryRecord } from "./record.ts";
import type { DeliverPorts, DeliverResult, DeliverSettings } from "./settings.ts";
import { refusedSummary, saidSummary } from "./step-summary.ts";

/** What every part of the job needs once the run is admitted. */
export interface Job {
  readonly settings: DeliverSettings;
  readonly ports: DeliverPorts;
  readonly github: GitHub;
  readonly admitted: Admitted;
  readonly redact: Redact;
}

export type Conclusion =
  /** Something does not hold; `view` is null where the journal itself is not trusted. */
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly view: ItemView | null }
  /** The work ended without a change to deliver, or a person took it back. */
  | { readonly kind: "said"; readonly reason: Reason; readonly ending: EndingCode; readonly view: ItemView };

/** @param record null when there is no journal to go on with */
export async function conclude(job: Job, record: DeliveryRecord | null, conclusion: Conclusion): Promise<DeliverResult> {
  const { view } = conclusion;
  const { headline, reason, ending } = wordsOf(conclusion);
  const intents = saidIntents({ ticket: job.admitted.ticket, headline, ...reason, view, runUrl: job.admitted.run.htmlUrl, redact: job.redact });
  const said = await saidOrNot(() => publish(intents, { ...publication(job, record), withdrawn: async () => null }));
  if (said !== null) job.ports.log(`The comment could not be made: ${said.message}`);
  await record?.append({ kind: "delivery_ended", data: { outcome: conclusion.kind, reason } });
  await record?.save(conclusion.kind, view === null ? 0 : costMilliUsd(view), ending);
  const text = { kind: reason.code, message: job.redact(reason.message), fix: job.redact(reason.fix) };
  // A reason that reached nobody is a failed job: nothing ends silent (I4).
  return conclusion.kind === "refused" || said !== null ? refusedSummary(text, said?.message) : saidSummary(headline, text);
}

function wordsOf(conclusion: Conclusion): { readonly headline: string; readonly reason: Reason; readonly ending: EndingCode } {
  if (conclusion.kind === "said") return { headline: `WorkTrain ${ENDING_WORDS[conclusion.ending].headline}`, reason: conclusion.reason, ending: conclusion.ending };
  const { kind, message, fix } = conclusion.refusal;
  // `ready` without a pull request: the App says that the work was done and delivering it failed.
  return { headline: "WorkTrain refused to publish the result", reason: { code: kind, message, fix }, ending: "ready" };
}

/** How effects of this job are applied and journaled. */
export const publication = ({ github, admitted, ports }: Job, record: DeliveryRecord | null): Omit<Publication, "withdrawn"> => ({
  github,
  repository: admitted.repository,
  runner: createEffectRunner({ clock: ports.clock }),
  publisher: GITHUB_ACTIONS,
  ticket: admitted.ticket,
  confirm: async (event) => record?.append(event),
});

/** Why the comment was not made; null when it was. */
async function saidOrNot(say: () => Promise<Result<unknown, Refusal>>): Promise<Refusal | null> {
  try {
    const said = await say();
    return said.ok ? null : said.error;
  } catch (error) {
    if (error instanceof TerminalError || error instanceof RetryableError) return asRefusal(error);
    throw error;
  }
}

/** GitHub's own refusals (4xx) become refusals of ours, so that a person reads them on the issue; outages stay thrown. */
export async function orRefusal<T>(act: () => Promise<Result<T, Refusal>>): Promise<Result<T, Refusal>> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof TerminalError) return err(asRefusal(error));
    throw error;
  }
}

export const asRefusal = (error: TerminalError | RetryableError): Refusal => ({
  kind: error instanceof TerminalError ? "github-refused" : "outage",
  message: error.message,
  fix: error instanceof TerminalError ? error.fix : "Label the issue again when GitHub answers.",
});

export const costMilliUsd = (view: ItemView): number => Math.round(view.costMicroUsd / 1000);
