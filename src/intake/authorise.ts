import type { PermissionVerdict, StartRole } from "../github/trust/index.ts";
import type { Refusal } from "../shared/errors.ts";
import { unreachable } from "../shared/unreachable.ts";

export type Authorisation =
  | { readonly kind: "allowed"; readonly role: StartRole }
  /** Said once, to somebody who can do something about it. */
  | { readonly kind: "refused"; readonly refusal: Refusal<"actor-may-not-start" | "permission-unknown"> }
  /** Whoever may only read gets no answer: an answer would be a way to make us post (attack 1). */
  | { readonly kind: "silent" };

/** May this person make WorkTrain spend and publish? I10: by API, at the time of the command. */
export function authorise(verdict: PermissionVerdict): Authorisation {
  switch (verdict.kind) {
    case "allowed":
      return { kind: "allowed", role: verdict.role };
    case "unknown":
      return {
        kind: "refused",
        refusal: {
          kind: "permission-unknown",
          message: "GitHub did not say whether the person who set the label may write to this repository, so nothing was started.",
          fix: "Remove the label and add it again in a while.",
        },
      };
    case "denied":
      return verdict.role === "triage" && verdict.reason === "role"
        ? {
            kind: "refused",
            refusal: {
              kind: "actor-may-not-start",
              message: "The person who set the label has the triage role. WorkTrain spends money and publishes branches, so it starts only for people who can write.",
              fix: "Ask somebody with write permission to remove the label and add it again.",
            },
          }
        : { kind: "silent" };
    default:
      return unreachable(verdict);
  }
}
