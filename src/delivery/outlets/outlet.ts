import type { GitHub, Repository } from "../../github/client.ts";
import type { Conversation, DeliveryState } from "../../github/read/index.ts";
import type { AppliedEffect, Effect, EffectRunner } from "../../github/write/index.ts";
import type { Refusal } from "../../shared/errors.ts";
import type { Ticket } from "../../github/trust/index.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Fence } from "../fence.ts";
import type { Intent } from "../intents.ts";
import type { Publisher } from "../names.ts";

/** What intents are applied with: a client, and who it acts as. */
export interface Access {
  readonly github: GitHub;
  readonly publisher: Publisher;
}

export interface OutletContext extends Access {
  readonly repository: Repository;
  readonly runner: EffectRunner;
  readonly ticket: Ticket;
  /** What earlier intents of this delivery became. */
  readonly applied: ReadonlyMap<Intent["kind"], Applied>;
  /** What GitHub showed just before this intent. */
  readonly state: DeliveryState;
  /** Asks GitHub again. */
  readonly look: () => Promise<DeliveryState>;
  /** On the pull request that is followed up, as a reply of this delivery saw them last: each reply is looked for in them first. */
  readonly conversations: { shown?: readonly Conversation[] | undefined };
  readonly fence: (record: DeliveryState["record"]) => Fence;
  /** Takes a sentence for the job's page. */
  readonly note: (text: string) => void;
}

export type OutletRefusal = Refusal<"fenced" | "branch-taken" | "tree-mismatch" | "base-gone" | "pull-request-taken" | "pull-requests-forbidden" | "no-commit" | "still-armed" | "no-sub-issues">;

/** What became of an intent. `declined`: GitHub does not take it, which the delivery does not hang on; its words. */
export type Applied = AppliedEffect & { readonly declined?: string };

/** Makes one kind of intent so on GitHub, or finds that it is; applying it again changes nothing (I2). */
export interface Outlet<Kind extends Intent["kind"]> {
  apply(intent: Extract<Intent, { kind: Kind }>, context: OutletContext): Promise<Result<Applied, OutletRefusal>>;
}

/** Carries a refusal found inside an effect past the effect runner, which lets what is no answer of GitHub through. */
class RefusedInEffect extends Error {
  readonly refusal: OutletRefusal;
  constructor(refusal: OutletRefusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** Ends the effect being applied: what is there is not ours to touch. */
export function stopEffect(refusal: OutletRefusal): never {
  throw new RefusedInEffect(refusal);
}

/** Applies an effect whose look-up or write may end in `stopEffect`. */
export async function applyEffect(runner: EffectRunner, effect: Effect): Promise<Result<AppliedEffect, OutletRefusal>> {
  try {
    return ok(await runner.apply(effect));
  } catch (error) {
    if (error instanceof RefusedInEffect) return err(error.refusal);
    throw error;
  }
}
