import type { ItemView } from "../../../report/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import type { Conclusion } from "./conclude.ts";

/** What a person took back is no failure: it is said, and the job is not red for it. */
export function refusedOrWithdrawn(refusal: Refusal, view: ItemView): Conclusion {
  const { kind: code, message, fix } = refusal;
  return code === "withdrawn" ? { kind: "said", reason: { code, message, fix }, ending: "cancelled", view, decided: false } : { kind: "refused", refusal, view };
}
