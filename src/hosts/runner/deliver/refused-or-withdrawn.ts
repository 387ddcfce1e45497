import type { Change } from "../../../delivery/index.ts";
import type { ItemView } from "../../../report/index.ts";
import type { Refusal } from "../../../shared/errors.ts";
import type { Conclusion } from "./conclude.ts";

/** What a person took back is no failure: it is said, and the job is not red for it. @param change what was to be published */
export function refusedOrWithdrawn(refusal: Refusal, view: ItemView, change?: Change): Conclusion {
  const { kind: code, message, fix } = refusal;
  return code === "withdrawn" ? { kind: "said", reason: { code, message, fix }, ending: "cancelled", view, decided: false } : { kind: "refused", refusal, view, change };
}
