import type { DeliveryState } from "../github/read/index.ts";
import type { ItemEvent } from "../record/index.ts";
import type { Refusal } from "../shared/errors.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { effectKey, type Intent } from "./intents.ts";
import { applyIntent, type Access, type Applied, type OutletContext } from "./outlets/index.ts";

export type Publication = Omit<OutletContext, "applied" | "conversations" | "state" | "repository" | keyof Access> & {
  /** A token that may apply this kind of intent. A throw ends the publication. */
  readonly access: (kind: Intent["kind"]) => Promise<Access>;
  /** Asked again before each write: what GitHub shows, or a reason why nothing more may be done (I10, faults 23 and 52). */
  readonly before: () => Promise<Result<DeliveryState, Refusal>>;
  /** Journals a confirmed effect. A throw ends the publication; what is done stays done and is adopted by a later run. */
  readonly confirm: (event: Extract<ItemEvent, { kind: "effect_confirmed" | "effect_declined" }>) => Promise<void>;
};

/** Applies intents in order and stops at the first refusal; what was applied stays (fault 56). */
export async function publish(intents: readonly Intent[], publication: Publication): Promise<Result<ReadonlyMap<Intent["kind"], Applied>, Refusal>> {
  const { access, before, confirm, ...context } = publication;
  const applied = new Map<Intent["kind"], Applied>();
  const conversations = {};
  for (const intent of intents) {
    const state = await before();
    if (!state.ok) return state;
    const { owner, repo } = state.value.repository;
    const result = await applyIntent(intent, { ...context, ...(await access(intent.kind)), applied, conversations, state: state.value, repository: { owner, repo } });
    if (!result.ok) return err(result.error);
    applied.set(intent.kind, result.value);
    const { id, url, adopted, declined } = result.value;
    const of = { key: effectKey(intent.kind, context.ticket.key, "place" in intent ? intent.place : undefined), intent: intent.kind };
    if (declined !== undefined) await confirm({ kind: "effect_declined", data: { ...of, message: declined } });
    if (id !== "") await confirm({ kind: "effect_confirmed", data: { ...of, id, url, adopted } });
  }
  return ok(applied);
}
