import type { AppliedEffect } from "../github/write/index.ts";
import type { ItemEvent } from "../record/index.ts";
import type { Refusal } from "../shared/errors.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { effectKey, type Intent } from "./intents.ts";
import { applyIntent, type OutletContext } from "./outlets/index.ts";

export type Publication = Omit<OutletContext, "applied"> & {
  /** Asked again before each write: a reason why nothing more may be done, or null (I10, fault 52). */
  readonly withdrawn: () => Promise<Refusal | null>;
  /** Journals a confirmed effect. A throw ends the publication; what is done stays done and is adopted by a later run. */
  readonly confirm: (event: Extract<ItemEvent, { kind: "effect_confirmed" }>) => Promise<void>;
};

/** Applies intents in order and stops at the first refusal; what was applied stays (fault 56). */
export async function publish(intents: readonly Intent[], publication: Publication): Promise<Result<ReadonlyMap<Intent["kind"], AppliedEffect>, Refusal>> {
  const { withdrawn, confirm, ...context } = publication;
  const applied = new Map<Intent["kind"], AppliedEffect>();
  for (const intent of intents) {
    const stop = await withdrawn();
    if (stop !== null) return err(stop);
    const result = await applyIntent(intent, { ...context, applied });
    if (!result.ok) return result;
    applied.set(intent.kind, result.value);
    const { id, url, adopted } = result.value;
    await confirm({ kind: "effect_confirmed", data: { key: effectKey(intent.kind, context.ticket.key), intent: intent.kind, id, url, adopted } });
  }
  return ok(applied);
}
