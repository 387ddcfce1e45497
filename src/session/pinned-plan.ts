/** Plans as the blobs that pin them. */
import { TerminalError } from "../shared/errors.ts";
import { sha256Hex } from "../shared/hash.ts";
import { canonicalJson } from "../shared/json.ts";
import { parsePlan, type Plan } from "../workflow/index.ts";

const pinned = new WeakMap<Plan, Uint8Array>();

/** What pins a plan: made once, however many sessions start on it. A plan never changes. */
export function pinnedBytes(plan: Plan): Uint8Array {
  const bytes = pinned.get(plan) ?? new TextEncoder().encode(canonicalJson(plan));
  pinned.set(plan, bytes);
  return bytes;
}

/** Plans that are remembered: a work item's sessions run on fewer. */
const KNOWN_PLANS = 16;
const plans = new Map<string, Plan>();

/** The plan that is pinned by these bytes: the same bytes are the same plan, and are read once. */
export function pinnedPlan(blob: Uint8Array): Plan {
  const sha256 = sha256Hex(blob);
  const before = plans.get(sha256);
  if (before !== undefined) return before;
  const plan = parsePlan(new TextDecoder().decode(blob));
  if (!plan.ok) throw new TerminalError(plan.error.message, plan.error.fix);
  const [oldest] = plans.keys();
  if (plans.size >= KNOWN_PLANS && oldest !== undefined) plans.delete(oldest);
  plans.set(sha256, plan.value);
  return plan.value;
}
