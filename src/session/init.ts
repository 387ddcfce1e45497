import type { Autonomy, RiskPolicy } from "../record/index.ts";
import type { JsonObject } from "../shared/json.ts";
import type { ModelTier, Plan } from "../workflow/index.ts";

/** What a session starts with. */
export interface SessionInit {
  readonly sessionId: string;
  readonly itemId: string | null;
  readonly parentSessionId: string | null;
  readonly phase: string | null;
  readonly plan: Plan;
  /** By workflow id, the plans its children run on (`childPlansOf`). */
  readonly childPlans?: ReadonlyMap<string, Plan>;
  readonly goal: string;
  readonly context: JsonObject;
  readonly autonomy: Autonomy;
  readonly riskPolicy?: RiskPolicy;
  /** A child's bounds: its tier goes before the steps' own, its tools narrow theirs. */
  readonly modelTier?: ModelTier;
  readonly allowedTools?: readonly string[];
  /** What a child is for, when no parallel step asked for it. */
  readonly role?: string;
}
